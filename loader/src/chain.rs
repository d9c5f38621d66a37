//! How long a chain of plugins that wait for each other's answers is.
//!
//! Each of them is polled inside the poll of the one that asked it, so a chain costs stack, and one
//! that goes in a ring would take all of it. What is counted is what takes the stack: requests whose
//! polls are on this thread's stack now. A task begins with a stack of its own, and so does the count.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
};

/// The most requests of plugins that may wait for each other in one task.
pub(crate) const MAX_CHAIN: usize = 32;

thread_local! {
    static LENGTH: Cell<usize> = const { Cell::new(0) };
}

/// How many requests are being polled around the caller, on this thread.
pub(crate) fn length() -> usize {
    LENGTH.get()
}

/// Makes a request one more link of the chain that polls it.
pub(crate) async fn link<F: Future>(request: F) -> F::Output {
    let mut request = pin!(request);
    poll_fn(|cx| {
        let _inside = Inside::new();
        request.as_mut().poll(cx)
    })
    .await
}

/// Counts for as long as it lives, also when a poll unwinds.
struct Inside;

impl Inside {
    fn new() -> Self {
        LENGTH.set(LENGTH.get() + 1);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        LENGTH.set(LENGTH.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::guard;
    use std::thread;

    async fn nested(depth: usize) -> usize {
        if depth == 0 {
            return length();
        }
        Box::pin(link(nested(depth - 1))).await
    }

    #[test]
    fn links_count_while_they_are_polled_and_on_their_own_thread() {
        assert_eq!(pollster::block_on(nested(5)), 5);
        assert_eq!(length(), 0);
        let elsewhere = || thread::spawn(length).join().unwrap();
        assert_eq!(pollster::block_on(link(async { elsewhere() })), 0);
    }

    #[test]
    fn a_request_that_waits_does_not_count() {
        let mut request = pin!(link(std::future::pending::<()>()));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(request.as_mut().poll(&mut cx).is_pending());
        assert_eq!(length(), 0);
    }

    #[test]
    fn a_link_that_unwinds_does_not_count() {
        let panics = link(async { panic!("as the test asks") });
        assert!(guard(|| pollster::block_on(panics)).is_err());
        assert_eq!(length(), 0);
    }
}
