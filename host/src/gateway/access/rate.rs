//! How often one token may be used.

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use std::{num::NonZero, time::Duration};

/// A bucket of as many requests as there may be in a second, which fills evenly. A few words of
/// memory, whatever comes.
pub(super) struct Rate<C: Clock = DefaultClock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    clock: C,
}

impl Rate {
    pub(super) fn new(per_second: NonZero<u32>) -> Self {
        Self::with(per_second, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rate<C> {
    fn with(per_second: NonZero<u32>, clock: C) -> Self {
        let quota = Quota::per_second(per_second);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { limiter, clock }
    }

    /// Takes one out.
    ///
    /// # Errors
    ///
    /// Where it is empty: how long until there is one again.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let taken = self.limiter.check();
        taken.map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

impl<C: Clock> std::fmt::Debug for Rate<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    #[test]
    fn a_bucket_is_emptied_and_fills_again() {
        let clock = FakeRelativeClock::default();
        let rate = Rate::with(NonZero::new(4).unwrap(), clock.clone());
        for _ in 0..4 {
            assert_eq!(rate.take(), Ok(()));
        }
        assert_eq!(rate.take(), Err(Duration::from_millis(250)));
        clock.advance(Duration::from_millis(250));
        assert_eq!(rate.take(), Ok(()));
        assert_eq!(rate.take(), Err(Duration::from_millis(250)));
        clock.advance(Duration::from_secs(3600));
        assert_eq!(
            [(); 5].map(|()| rate.take().is_ok()),
            [true, true, true, true, false]
        );
    }
}
