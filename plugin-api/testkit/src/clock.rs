//! The clock that a test turns.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the clock shows where a test does not say: 2026-01-01T00:00:00Z.
const BEGINNING_S: u64 = 1_767_225_600;

/// Stands still until it is turned.
pub(crate) struct Clock {
    beginning: SystemTime,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Since the beginning, in nanoseconds.
    now: u64,
    last: u64,
    /// By when they are due, then by their number: who began to wait first is woken first.
    waiting: BTreeMap<(u64, u64), Waker>,
}

impl Clock {
    pub(crate) fn new(beginning: Option<SystemTime>) -> Arc<Self> {
        let usual = || UNIX_EPOCH + Duration::from_secs(BEGINNING_S);
        Arc::new(Self {
            beginning: beginning.unwrap_or_else(usual),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds since the beginning.
    pub(crate) fn steady_ns(&self) -> u64 {
        self.state().now
    }

    pub(crate) fn time(&self) -> SystemTime {
        self.beginning + Duration::from_nanos(self.steady_ns())
    }

    /// Nanoseconds since 1970.
    pub(crate) fn unix_ns(&self) -> u64 {
        let since = self.time().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn sleep(self: &Arc<Self>, nanoseconds: u64) -> Sleep {
        let mut state = self.state();
        state.last += 1;
        Sleep {
            place: (state.now.saturating_add(nanoseconds), state.last),
            clock: Arc::clone(self),
        }
    }

    /// Turns to when the next is due, no later than `until`, and wakes it; else to `until`, and says
    /// so by false.
    pub(crate) fn turn(&self, until: u64) -> bool {
        let mut state = self.state();
        let next = state.waiting.first_key_value().map(|(place, _)| *place);
        match next.filter(|(due, _)| *due <= until) {
            Some(place) => {
                let waker = state.waiting.remove(&place);
                state.now = state.now.max(place.0);
                drop(state);
                waker.into_iter().for_each(Waker::wake);
                true
            }
            None => {
                state.now = state.now.max(until);
                false
            }
        }
    }

    /// How long it is until the next is due; `None` where nobody waits.
    pub(crate) fn next_in(&self) -> Option<Duration> {
        let state = self.state();
        let ((due, _), _) = state.waiting.first_key_value()?;
        Some(Duration::from_nanos(due.saturating_sub(state.now)))
    }
}

pub(crate) struct Sleep {
    place: (u64, u64),
    clock: Arc<Clock>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        let old = if state.now >= self.place.0 {
            state.waiting.remove(&self.place)
        } else {
            state.waiting.insert(self.place, cx.waker().clone())
        };
        let ready = state.now >= self.place.0;
        // Dropping a waker may run code of others.
        drop(state);
        drop(old);
        if ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let old = self.clock.state().waiting.remove(&self.place);
        drop(old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        sync::atomic::{AtomicU64, Ordering::SeqCst},
        task::Wake,
    };

    struct Count(AtomicU64);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn it_stops_at_each_that_is_due() {
        let clock = Clock::new(None);
        let count = Arc::new(Count(AtomicU64::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let (mut late, mut soon) = (pin!(clock.sleep(30)), pin!(clock.sleep(10)));
        assert!(late.as_mut().poll(&mut cx).is_pending());
        assert!(soon.as_mut().poll(&mut cx).is_pending());
        assert!(clock.turn(40));
        assert_eq!((clock.steady_ns(), count.0.load(SeqCst)), (10, 1));
        assert!(soon.as_mut().poll(&mut cx).is_ready());
        assert!(late.as_mut().poll(&mut cx).is_pending());
        assert!(clock.turn(40));
        assert!(!clock.turn(40));
        assert_eq!((clock.steady_ns(), count.0.load(SeqCst)), (40, 2));
    }

    #[test]
    fn who_does_not_wait_any_more_is_forgotten() {
        let clock = Clock::new(None);
        {
            let mut sleep = pin!(clock.sleep(5));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(sleep.as_mut().poll(&mut cx).is_pending());
            assert_eq!(clock.next_in(), Some(Duration::from_nanos(5)));
        }
        assert_eq!(clock.next_in(), None);
    }
}
