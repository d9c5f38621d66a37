//! A bucket for each client, and no more of them than may be.

use governor::{nanos::Nanos, state::StateStore};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The buckets of the clients that have asked lately. Clients for which there is no room share one.
#[derive(Debug)]
pub(crate) struct Buckets {
    most: usize,
    /// What one request adds to a bucket's time.
    step: u64,
    /// The least time between two sweeps.
    pause: u64,
    inner: Mutex<Inner>,
}

/// The times are the theoretical arrival times of the generic cell rate algorithm: a bucket whose time
/// is over is full again, and as good as none.
#[derive(Debug, Default)]
struct Inner {
    times: HashMap<String, u64>,
    shared: Option<u64>,
    /// When it is worth looking for buckets that are full again: when the first of them is.
    sweep_at: u64,
    /// Until when there is no sweep: newcomers share a bucket for so long.
    paused_until: u64,
}

impl Buckets {
    /// For `most` clients, of which each gets one more request every `step`, all of them in `window`.
    pub(crate) fn new(most: usize, step: Duration, window: Duration) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            most,
            step: nanos(step),
            // A sweep looks at each bucket while all wait, so it is not for each request.
            pause: nanos(step.max(window / 16)),
            inner: Mutex::default(),
        }
    }

    /// The time of a client's bucket, in nanoseconds since the limiter was made; 0 where it has none.
    pub(crate) fn time(&self, client: &str) -> u64 {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let own = inner.times.get(client).copied();
        let shared = || inner.shared.filter(|_| inner.times.len() >= self.most);
        own.or_else(shared).unwrap_or(0)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.inner.lock().unwrap().times.len()
    }
}

impl StateStore for Buckets {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, client: &String, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = inner.times.get_mut(client) {
            let (told, new) = measure(Some((*time).into()))?;
            *time = new.as_u64();
            return Ok(told);
        }
        let (told, new) = measure(None)?;
        let new = new.as_u64();
        // What a first request makes of it is a step from now.
        inner.sweep(self.most, new.saturating_sub(self.step), self.pause);
        if inner.times.len() < self.most {
            inner.times.insert(client.clone(), new);
            inner.sweep_at = inner.sweep_at.min(new);
            return Ok(told);
        }
        let (told, new) = measure(inner.shared.map(Nanos::from))?;
        inner.shared = Some(new.as_u64());
        Ok(told)
    }
}

impl Inner {
    /// Forgets the buckets that are full again, where there is no room for another.
    fn sweep(&mut self, most: usize, now: u64, pause: u64) {
        if self.times.is_empty() {
            self.sweep_at = u64::MAX;
        }
        if self.times.len() < most || now < self.sweep_at.max(self.paused_until) {
            return;
        }
        self.times.retain(|_, time| *time > now);
        self.paused_until = now.saturating_add(pause);
        self.sweep_at = self.times.values().copied().min().unwrap_or(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::{Quota, RateLimiter, clock::FakeRelativeClock, middleware::NoOpMiddleware};

    const SECOND: Duration = Duration::from_secs(1);

    type Limiter = RateLimiter<String, Buckets, FakeRelativeClock, NoOpMiddleware<Nanos>>;

    /// One request every second, two at once.
    fn limiter(most: usize) -> (Limiter, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        clock.advance(SECOND * 100);
        let quota = Quota::with_period(SECOND)
            .unwrap()
            .allow_burst(2.try_into().unwrap());
        let limiter =
            RateLimiter::new(quota, Buckets::new(most, SECOND, SECOND * 2), clock.clone());
        (limiter, clock)
    }

    fn asks(limiter: &Limiter, client: &str) -> bool {
        limiter.check_key(&client.to_owned()).is_ok()
    }

    #[test]
    fn each_client_has_a_bucket() {
        let (limiter, clock) = limiter(10);
        for client in ["a", "b"] {
            assert_eq!(
                [(); 3].map(|()| asks(&limiter, client)),
                [true, true, false]
            );
        }
        clock.advance(SECOND);
        assert_eq!([(); 2].map(|()| asks(&limiter, "a")), [true, false]);
        clock.advance(SECOND * 10);
        assert_eq!([(); 3].map(|()| asks(&limiter, "a")), [true, true, false]);
    }

    #[test]
    fn clients_without_room_share_a_bucket() {
        let (limiter, clock) = limiter(2);
        assert!(asks(&limiter, "a") && asks(&limiter, "b"));
        // The two requests of the shared one go to whoever comes.
        assert_eq!(
            ["c", "d", "e"].map(|client| asks(&limiter, client)),
            [true, true, false]
        );
        // Those who have one of their own do not notice.
        assert!(asks(&limiter, "a"));
        // The bucket of b is full again, that of a is not.
        clock.advance(SECOND + Duration::from_millis(1));
        assert_eq!([(); 3].map(|()| asks(&limiter, "e")), [true, true, false]);
        assert_eq!(limiter.into_state_store().len(), 2);
    }

    #[test]
    fn a_full_table_is_not_swept_for_each_newcomer() {
        let (limiter, clock) = limiter(2);
        assert!(asks(&limiter, "a"));
        clock.advance(SECOND / 2);
        assert!(asks(&limiter, "b"));
        clock.advance(SECOND / 2 + Duration::from_millis(1));
        // That of a goes for that of e.
        assert!(asks(&limiter, "e"));
        clock.advance(SECOND / 2);
        // That of b is full again, but nobody looks yet.
        assert_eq!(
            ["f", "g", "h"].map(|client| asks(&limiter, client)),
            [true, true, false]
        );
        clock.advance(SECOND / 2);
        assert_eq!([(); 2].map(|()| asks(&limiter, "h")), [true, true]);
    }

    #[test]
    fn memory_is_bounded_by_the_clients_that_have_room() {
        let (limiter, clock) = limiter(100);
        for number in 0..10_000 {
            asks(&limiter, &number.to_string());
            if number % 1000 == 0 {
                clock.advance(SECOND);
            }
        }
        assert_eq!(limiter.into_state_store().len(), 100);
    }
}
