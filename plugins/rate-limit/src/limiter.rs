//! Who may ask, and what an answer says of it.

use crate::buckets::Buckets;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::StateStore,
};
use plugin_api::{Error, Result};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// A token bucket for each client: it holds `requests`, and is filled evenly, all of it in `window`.
pub(crate) struct Limiter<C: Clock> {
    requests: NonZeroU32,
    window: Duration,
    buckets: Arc<Buckets>,
    began: C::Instant,
    limiter: RateLimiter<String, Shared, C, NoOpMiddleware<C::Instant>>,
}

/// The longest window: the limiter counts in nanoseconds, of which 64 bits hold 584 years.
const LONGEST_WINDOW: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What is left to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many requests it may make at once.
    pub(crate) requests: u32,
    /// When nothing of what it may make is missing any more, in seconds.
    pub(crate) reset_s: u64,
}

impl<C: Clock> Limiter<C> {
    /// For `most_clients` at a time.
    ///
    /// # Errors
    ///
    /// Where no request is left over, or more than one each nanosecond; where the window is longer than
    /// a year.
    pub(crate) fn new(
        requests: u32,
        window: Duration,
        most_clients: usize,
        clock: C,
    ) -> Result<Self> {
        if window > LONGEST_WINDOW {
            return Err(Error::new("expected a window of a year at most"));
        }
        let quota = NonZeroU32::new(requests).and_then(|requests| {
            let step = window / requests.get();
            let quota = Quota::with_period(step)?.allow_burst(requests);
            Some((requests, step, quota))
        });
        let Some((requests, step, quota)) = quota else {
            return Err(Error::new("expected at least one request in a window"));
        };
        let buckets = Arc::new(Buckets::new(most_clients, step, window));
        let began = clock.now();
        let limiter = RateLimiter::new(quota, Shared(Arc::clone(&buckets)), clock);
        Ok(Self {
            requests,
            window,
            buckets,
            began,
            limiter,
        })
    }

    /// Takes a request out of a client's bucket.
    ///
    /// # Errors
    ///
    /// Where there is none: how long it has to wait, in seconds.
    pub(crate) fn take(&self, client: &String) -> Result<(), u64> {
        let taken = self.limiter.check_key(client);
        taken.map_err(|not_until| up(not_until.wait_time_from(self.limiter.clock().now())).max(1))
    }

    /// What is left to a client, without taking any.
    pub(crate) fn left(&self, client: &str) -> Left {
        let now = self
            .limiter
            .clock()
            .now()
            .duration_since(self.began)
            .as_u64();
        let missing = Duration::from_nanos(self.buckets.time(client).saturating_sub(now));
        // A request is missing as long as a part of it is.
        let step = (self.window / self.requests.get()).as_nanos().max(1);
        let requests = u32::try_from(missing.as_nanos().div_ceil(step)).unwrap_or(u32::MAX);
        Left {
            requests: self.requests.get().saturating_sub(requests),
            reset_s: up(missing),
        }
    }

    /// The value of the header `RateLimit-Policy`, as [draft-ietf-httpapi-ratelimit-headers-10] has it.
    ///
    /// [draft-ietf-httpapi-ratelimit-headers-10]: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
    pub(crate) fn policy(&self) -> String {
        format!("\"default\";q={};w={}", self.requests, up(self.window))
    }
}

impl Left {
    /// The value of the header `RateLimit`, as the same draft has it.
    pub(crate) fn header(self) -> String {
        format!("\"default\";r={};t={}", self.requests, self.reset_s)
    }
}

/// In seconds, rounded up.
fn up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The buckets, which can be looked at beside the limiter.
#[derive(Debug)]
struct Shared(Arc<Buckets>);

impl StateStore for Shared {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, client: &String, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(client, measure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn limiter(requests: u32, window_s: u64) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        clock.advance(Duration::from_secs(1000));
        let window = Duration::from_secs(window_s);
        let limiter = Limiter::new(requests, window, 100, clock.clone());
        (limiter.unwrap(), clock)
    }

    #[test]
    fn a_client_is_told_what_is_left() {
        let (limiter, clock) = limiter(3, 60);
        assert_eq!(limiter.policy(), "\"default\";q=3;w=60");
        let left = |client: &str| limiter.left(client).header();
        let ask = |client: &str| {
            let taken = limiter.take(&client.to_owned());
            (taken, left(client))
        };
        let told = |taken, limit: &str| (taken, format!("\"default\";{limit}"));
        assert_eq!(left("a"), "\"default\";r=3;t=0");
        assert_eq!(ask("a"), told(Ok(()), "r=2;t=20"));
        assert_eq!(ask("a"), told(Ok(()), "r=1;t=40"));
        assert_eq!(ask("a"), told(Ok(()), "r=0;t=60"));
        assert_eq!(ask("a"), told(Err(20), "r=0;t=60"));
        assert_eq!(ask("b"), told(Ok(()), "r=2;t=20"));
        clock.advance(Duration::from_millis(19_001));
        assert_eq!(ask("a"), told(Err(1), "r=0;t=41"));
        clock.advance(Duration::from_secs(1));
        assert_eq!(left("a"), "\"default\";r=1;t=40");
        assert_eq!(ask("a"), told(Ok(()), "r=0;t=60"));
        clock.advance(Duration::from_secs(60));
        assert_eq!(ask("a"), told(Ok(()), "r=2;t=20"));
    }

    #[test]
    fn no_request_at_all_is_no_limit() {
        let new = |requests, window| {
            let limiter = Limiter::new(requests, window, 1, FakeRelativeClock::default());
            limiter.err().map(|error| error.to_string())
        };
        let said = Some("expected at least one request in a window".to_owned());
        assert_eq!(new(0, Duration::from_secs(1)), said);
        assert_eq!(new(2, Duration::from_nanos(1)), said);
        assert_eq!(new(u32::MAX, Duration::from_secs(60)), None);
        let said = Some("expected a window of a year at most".to_owned());
        assert_eq!(new(1, Duration::MAX), said);
        assert_eq!(new(1, LONGEST_WINDOW), None);
    }
}
