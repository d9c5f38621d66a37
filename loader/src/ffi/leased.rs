use super::Lease;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

/// A future of the host that a plugin polls, or one of a plugin that the host polls, with what
/// keeps the plugin's code there.
///
/// Polled by a plugin, it is given a waker whose code is the plugin's. A timer or a channel of the
/// host may call that waker, or drop it, long after the future is gone; so it gets one of the
/// host's instead, which holds the lease for as long as it holds the plugin's.
pub(crate) struct Leased<F> {
    future: F,
    /// After the future, because the future's code may live in it.
    lease: Lease,
}

impl<F> Leased<F> {
    pub(crate) fn new(future: F, lease: Lease) -> Self {
        Self { future, lease }
    }
}

impl<F: Future + Unpin> Future for Leased<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::new(LeasedWaker {
            waker: cx.waker().clone(),
            _lease: self.lease.clone(),
        }));
        Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker))
    }
}

struct LeasedWaker {
    waker: Waker,
    /// After the waker, because the waker's code lives in it.
    _lease: Lease,
}

impl Wake for LeasedWaker {
    fn wake(self: Arc<Self>) {
        self.waker.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.waker.wake_by_ref();
    }
}
