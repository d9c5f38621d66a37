//! Waiting for a future on a thread that may block, for so long.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What it gives; nothing where it is not ready by then. Without an end it is waited for as long as it
/// takes.
pub(super) fn wait<F: Future>(future: F, until: Option<Instant>) -> Option<F::Output> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut cx, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
        match until {
            None => thread::park(),
            Some(until) => thread::park_timeout(until.checked_duration_since(Instant::now())?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::{pending, ready},
        time::Duration,
    };

    #[test]
    fn it_ends_with_the_future_or_with_the_time() {
        assert_eq!(wait(ready(1), None), Some(1));
        assert_eq!(wait(ready(1), Some(Instant::now())), Some(1));
        let soon = Instant::now() + Duration::from_millis(1);
        assert_eq!(wait(pending::<()>(), Some(soon)), None);
    }
}
