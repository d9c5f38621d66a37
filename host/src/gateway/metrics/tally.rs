use http::StatusCode;
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How long answers took, as upper bounds in microseconds; one more is for all above.
pub(super) const BOUNDS_US: [u64; 12] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 5_000_000, 30_000_000,
];

const BUCKETS: usize = BOUNDS_US.len() + 1;

/// Status classes, from 1xx to 5xx.
pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What came of the requests for one plugin, since the host began: a restart of the plugin begins
/// nothing anew.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Tally {
    /// By class of the status, and by how long the answer took.
    answers: [[AtomicU64; BUCKETS]; CLASSES.len()],
    micros: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

impl Tally {
    /// An answer of that status began so long after its request was there.
    pub(in crate::gateway) fn answered(&self, status: StatusCode, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let bucket = BOUNDS_US.partition_point(|bound| *bound < micros);
        self.answers[class][bucket].fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
    }

    /// So many bytes of bodies came.
    pub(in crate::gateway) fn received(&self, bytes: usize) {
        if bytes > 0 {
            self.received.fetch_add(bytes as u64, Relaxed);
        }
    }

    /// So many bytes of bodies were given to be sent.
    pub(in crate::gateway) fn sent(&self, bytes: usize) {
        if bytes > 0 {
            self.sent.fetch_add(bytes as u64, Relaxed);
        }
    }

    /// The numbers as they are now.
    pub(super) fn read(&self) -> Counted {
        let read = |number: &AtomicU64| number.load(Relaxed);
        let answers = self.answers.each_ref();
        let answers = answers.map(|buckets| buckets.each_ref().map(read));
        let mut below = [0; BUCKETS];
        let mut all = 0;
        for (bucket, below) in below.iter_mut().enumerate() {
            all += answers.iter().map(|class| class[bucket]).sum::<u64>();
            *below = all;
        }
        Counted {
            by_class: answers.map(|class| class.iter().sum()),
            below,
            seconds: Duration::from_micros(read(&self.micros)).as_secs_f64(),
            received: read(&self.received),
            sent: read(&self.sent),
        }
    }
}

/// A [`Tally`] at one time.
#[derive(Debug, PartialEq)]
pub(super) struct Counted {
    pub(super) by_class: [u64; CLASSES.len()],
    /// How many took no longer than each bound; the last is all.
    pub(super) below: [u64; BUCKETS],
    pub(super) seconds: f64,
    pub(super) received: u64,
    pub(super) sent: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_by_its_status_and_time() {
        let tally = Tally::default();
        for (status, micros) in [(200, 100), (204, 101), (404, 60_000_000), (503, 0)] {
            let status = StatusCode::from_u16(status).unwrap();
            tally.answered(status, Duration::from_micros(micros));
        }
        tally.received(7);
        tally.sent(0);
        let counted = tally.read();
        assert_eq!(counted.by_class, [0, 2, 0, 1, 1]);
        assert_eq!(counted.below[..3], [2, 3, 3]);
        assert_eq!(counted.below[BUCKETS - 2..], [3, 4]);
        assert_eq!((counted.received, counted.sent), (7, 0));
        assert!((counted.seconds - 60.000_201).abs() < 1e-9);
    }
}
