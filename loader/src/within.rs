//! How long a request may take: its own limit, and no more than is left of the one it belongs to.
//!
//! A request that a plugin makes while it answers another is polled inside the poll of that one, so
//! what is left of it stands where the thread that polls can see it; no plugin has to hand it on. The
//! clock is not asked, and no timer made, before a request has to wait: one that is answered at once
//! pays for neither.

use crate::Executor;
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::{Duration, Instant},
};

/// How long a plugin that asks another waits for the answer, where it does not say: as long as the
/// gateway gives a client's request.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(45);

/// A longer limit counts as this one: a day.
pub const MAX_REQUEST_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The name of the extension that says how long whoever asks waits, in milliseconds.
pub(crate) const TIMEOUT: &str = "timeout-ms";

thread_local! {
    static AROUND: Cell<Around> = const { Cell::new(Around::Nothing) };
}

/// What is left of the request whose poll is on this thread's stack.
#[derive(Clone, Copy)]
enum Around {
    /// There is none, or it may take as long as it likes.
    Nothing,
    /// It was begun in this very poll, and may take that long.
    Begun(Duration),
    Until(Instant),
}

/// How long one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) length: Duration,
    /// Whether that is all that was left of the request that it belongs to.
    pub(crate) is_rest: bool,
}

impl Limit {
    /// What was asked for, or what is left of the request that polls this, whichever is less.
    pub(crate) fn new(own: Duration) -> Self {
        let own = own.min(MAX_REQUEST_LIMIT);
        let left = match AROUND.get() {
            Around::Nothing => own,
            Around::Begun(all) => all,
            Around::Until(end) => end.saturating_duration_since(Instant::now()),
        };
        Self {
            length: own.min(left),
            is_rest: left < own,
        }
    }
}

/// What a request gives, or nothing when it is not ready in time; it is to be dropped then. The time
/// counts from when it first has to wait. Taken as a pointer, since a future that is an argument lies
/// in this one twice.
pub(crate) async fn within<F: Future>(
    limit: Duration,
    executor: &dyn Executor,
    mut request: Pin<&mut F>,
) -> Option<F::Output> {
    let mut timer = None;
    poll_fn(|cx| {
        let around = match &timer {
            None => Around::Begun(limit),
            Some((end, _)) => Around::Until(*end),
        };
        let polled = {
            let _inside = Inside::new(around);
            request.as_mut().poll(cx)
        };
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Some(output));
        }
        let (_, sleep) =
            timer.get_or_insert_with(|| (Instant::now() + limit, executor.sleep(limit)));
        sleep.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// Says for as long as it lives what is left, also when a poll unwinds.
struct Inside {
    before: Around,
}

impl Inside {
    fn new(around: Around) -> Self {
        Self {
            before: AROUND.replace(around),
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        AROUND.set(self.before);
    }
}

/// A time in milliseconds for [`TIMEOUT`]: as text, in whole ones, so that nobody is told of more
/// than there is.
pub(crate) fn milliseconds(limit: Duration) -> String {
    limit.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Threads, ffi::guard};
    use std::{
        future::{pending, ready},
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
    };

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(1);

    fn rest(length: Duration) -> Limit {
        Limit {
            length,
            is_rest: true,
        }
    }

    /// Counts timers.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Executor for Counting {
        fn spawn(&self, future: crate::BoxFuture) {
            Threads.spawn(future);
        }

        fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
            Threads.spawn_blocking(function);
        }

        fn sleep(&self, duration: Duration) -> crate::BoxFuture {
            self.0.fetch_add(1, Relaxed);
            Threads.sleep(duration)
        }
    }

    #[test]
    fn what_is_ready_at_once_makes_no_timer() {
        let executor = Counting::default();
        let done = pollster::block_on(within(LONG, &executor, pin!(ready(7))));
        assert_eq!((done, executor.0.load(Relaxed)), (Some(7), 0));
        let late = pollster::block_on(within(SHORT, &executor, pin!(pending::<()>())));
        assert_eq!((late, executor.0.load(Relaxed)), (None, 1));
    }

    #[test]
    fn a_request_within_another_has_what_is_left_of_it() {
        let outside = Limit::new(LONG);
        assert_eq!(outside.length, LONG);
        assert!(!outside.is_rest);
        let nested = async { Limit::new(2 * LONG) };
        let nested = pollster::block_on(within(LONG, &Threads, pin!(nested)));
        assert_eq!(nested, Some(rest(LONG)));
        let shorter = async { Limit::new(SHORT) };
        let shorter = pollster::block_on(within(LONG, &Threads, pin!(shorter))).unwrap();
        assert_eq!((shorter.length, shorter.is_rest), (SHORT, false));
        // Once it has waited, the clock says what is left.
        let later = async {
            Threads.sleep(SHORT).await;
            Limit::new(LONG)
        };
        let later = pollster::block_on(within(LONG, &Threads, pin!(later))).unwrap();
        assert!(later.is_rest && later.length < LONG, "{later:?}");
        assert_eq!(Limit::new(LONG), outside);
    }

    #[test]
    fn nothing_is_left_behind_by_a_panic() {
        let panics = async { panic!("as the test asks") };
        let panics = || pollster::block_on(within(SHORT, &Threads, pin!(panics)));
        assert!(guard(panics).is_err());
        assert_eq!(Limit::new(LONG).length, LONG);
    }

    #[test]
    fn a_limit_has_an_upper_bound() {
        assert_eq!(Limit::new(Duration::MAX).length, MAX_REQUEST_LIMIT);
    }
}
