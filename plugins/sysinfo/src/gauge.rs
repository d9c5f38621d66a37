//! One reading for everybody who asks at about the same time.

use plugin_api::Result;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What can be read, slowly.
pub(crate) trait Source {
    /// What a reading gives.
    type Reading;

    /// Reads. Blocks.
    fn read(&mut self, now: Instant) -> Result<Self::Reading>;
}

/// A source that is read again only when the last reading is too old.
pub(crate) struct Gauge<S: Source> {
    max_age: Duration,
    /// Held while the source is read: who asks meanwhile waits, and gets the same.
    state: Mutex<State<S>>,
}

struct State<S: Source> {
    source: S,
    last: Option<(Instant, Arc<S::Reading>)>,
}

impl<S: Source> Gauge<S> {
    pub(crate) fn new(source: S, max_age: Duration) -> Self {
        Self {
            max_age,
            state: Mutex::new(State { source, last: None }),
        }
    }

    /// A reading that is younger than the greatest age. May block for as long as reading takes.
    pub(crate) fn read(&self, now: Instant) -> Result<Arc<S::Reading>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((taken, reading)) = &state.last
            && now.saturating_duration_since(*taken) < self.max_age
        {
            return Ok(Arc::clone(reading));
        }
        let reading = Arc::new(state.source.read(now)?);
        state.last = Some((now, Arc::clone(&reading)));
        Ok(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::Error;

    struct Counter(u32);

    impl Source for Counter {
        type Reading = u32;

        fn read(&mut self, _now: Instant) -> Result<u32> {
            self.0 += 1;
            if self.0 == 3 {
                return Err(Error::new("the third reading fails"));
            }
            Ok(self.0)
        }
    }

    #[test]
    fn a_young_reading_is_not_taken_again() {
        let gauge = Gauge::new(Counter(0), Duration::from_millis(100));
        let begin = Instant::now();
        let read = |millis| *gauge.read(begin + Duration::from_millis(millis)).unwrap();
        assert_eq!([read(0), read(99), read(100), read(199)], [1, 1, 2, 2]);
    }

    #[test]
    fn a_failed_reading_is_told_and_tried_again() {
        let gauge = Gauge::new(Counter(2), Duration::from_secs(1));
        let now = Instant::now();
        let error = gauge.read(now).unwrap_err();
        assert_eq!(error.to_string(), "the third reading fails");
        assert_eq!(*gauge.read(now).unwrap(), 4);
    }
}
