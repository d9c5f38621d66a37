//! What is left of the request that a blocking handler answers, on the thread that it runs on: the
//! host sees only what is asked while it polls.

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// How long the host waits for an answer where nobody says anything.
const USUAL: Duration = Duration::from_secs(45);

thread_local! {
    /// When that request's time is over, by the context's steady clock.
    static END: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// How many such handlers run: where none does, nobody has to look for theirs.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Runs a handler whose time is over then, if ever.
pub(crate) fn until<R>(end: Option<Duration>, handler: impl FnOnce() -> R) -> R {
    /// Also when the handler unwinds.
    struct Before(Option<Duration>);
    impl Drop for Before {
        fn drop(&mut self) {
            END.set(self.0);
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    RUNNING.fetch_add(1, Ordering::Relaxed);
    let _before = Before(END.replace(end));
    handler()
}

/// How long a request may take that is to take `own`, or as long as usual: as long as is left at most.
#[inline]
pub(crate) fn limit(own: Option<Duration>, now: impl FnOnce() -> Duration) -> Option<Duration> {
    // One that runs on this thread was counted by it.
    if RUNNING.load(Ordering::Relaxed) == 0 {
        return own;
    }
    let Some(end) = END.get() else { return own };
    Some(own.unwrap_or(USUAL).min(end.saturating_sub(now())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::guard;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_the_least_of_both_and_ends_with_the_handler() {
        let at = |now| move || SECOND * now;
        assert_eq!(limit(None, at(0)), None);
        until(Some(SECOND * 100), || {
            assert_eq!(limit(None, at(0)), Some(USUAL));
            assert_eq!(limit(Some(SECOND), at(0)), Some(SECOND));
            assert_eq!(limit(Some(USUAL), at(90)), Some(SECOND * 10));
            assert_eq!(limit(None, at(101)), Some(Duration::ZERO));
            until(None, || assert_eq!(limit(None, at(0)), None));
            assert_eq!(limit(None, at(99)), Some(SECOND));
        });
        assert!(guard(|| until(Some(SECOND), || panic!("as the test asks"))).is_err());
        assert_eq!(limit(None, at(0)), None);
    }
}
