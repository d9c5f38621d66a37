//! What a worker writes to its standard output and error, as lines of its plugin's log.

use std::{
    io::{BufRead, BufReader, Read},
    process::{ChildStderr, ChildStdout},
    thread,
    time::{Duration, Instant},
};

/// A longer line is cut: the rest of it is another.
const LONGEST: u64 = 8 << 10;

/// So many lines are logged in a [`SPAN`], and the others counted.
const MOST: u32 = 200;

const SPAN: Duration = Duration::from_secs(1);

/// Reads both until they end.
pub(super) fn follow(id: &str, out: Option<ChildStdout>, err: Option<ChildStderr>) {
    if let Some(out) = out {
        read(id, "stdout", out);
    }
    if let Some(err) = err {
        read(id, "stderr", err);
    }
}

fn read(id: &str, which: &'static str, from: impl Read + Send + 'static) {
    let thread = thread::Builder::new().name(format!("{which}-{id}"));
    let id = id.to_owned();
    let body = move || {
        let (mut from, mut line) = (BufReader::new(from), Vec::new());
        let mut measure = Measure::new(Instant::now());
        // It ends with the worker, and with whoever of its children has it.
        while let Ok(1..) = (&mut from).take(LONGEST).read_until(b'\n', &mut line) {
            let (is_logged, dropped) = measure.take(Instant::now());
            if dropped > 0 {
                log::warn!(target: &id, "{which}: {dropped} lines were dropped: too many at once");
            }
            if is_logged {
                let text = String::from_utf8_lossy(&line);
                log::info!(target: &id, "{which}: {}", text.trim_end());
            }
            line.clear();
        }
        if measure.dropped > 0 {
            let dropped = measure.dropped;
            log::warn!(target: &id, "{which}: {dropped} lines were dropped: too many at once");
        }
    };
    if let Err(error) = thread.spawn(body) {
        log::warn!("cannot read what a worker writes: {error}");
    }
}

/// How much is logged.
struct Measure {
    began: Instant,
    lines: u32,
    dropped: u64,
}

impl Measure {
    fn new(now: Instant) -> Self {
        Self {
            began: now,
            lines: 0,
            dropped: 0,
        }
    }

    /// Whether a line that comes now is logged, and how many were dropped before it that are to be told
    /// of.
    fn take(&mut self, now: Instant) -> (bool, u64) {
        let mut told = 0;
        if now.saturating_duration_since(self.began) >= SPAN {
            told = self.dropped;
            *self = Self::new(now);
        }
        self.lines += 1;
        let is_logged = self.lines <= MOST;
        self.dropped += u64::from(!is_logged);
        (is_logged, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted() {
        let began = Instant::now();
        let mut measure = Measure::new(began);
        for _ in 0..MOST {
            assert_eq!(measure.take(began), (true, 0));
        }
        for _ in 0..7 {
            assert_eq!(measure.take(began), (false, 0));
        }
        assert_eq!(measure.take(began + SPAN), (true, 7));
        assert_eq!(measure.take(began + 2 * SPAN), (true, 0));
    }
}
