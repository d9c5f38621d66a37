use super::Lease;
use std::{
    future::Future,
    mem::ManuallyDrop,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker},
};

/// A future of the host that a plugin polls, or one of a plugin that the host polls, with what
/// keeps the plugin's code there.
///
/// Polled by a plugin, it is given a waker whose code is the plugin's. A timer or a channel of the
/// host may call that waker, or drop it, long after the future is gone; so what such a one keeps is
/// one of the host's instead, which holds the lease for as long as it holds the plugin's. It is made
/// when somebody keeps a waker: a future that is ready at once pays for none.
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

impl<F: Future> Future for Leased<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: nothing is moved out of it below.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: the future is pinned as the whole is: `Leased` has no drop of its own, and is
        // `Unpin` only where the future is. The lease is not pinned.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        let lease = &this.lease;
        let lent = Lent {
            waker: cx.waker(),
            lease,
        };
        let data = std::ptr::from_ref(&lent).cast();
        // SAFETY: the functions of the table take such a pointer; they need what it points to only
        // for as long as this waker is there, which is lent out below and goes before `lent` does.
        let waker = unsafe { Waker::from_raw(RawWaker::new(data, &LENT)) };
        // There is nothing to drop.
        let waker = ManuallyDrop::new(waker);
        future.poll(&mut Context::from_waker(&waker))
    }
}

/// A waker of the plugin's for the time of one poll.
struct Lent<'a> {
    waker: &'a Waker,
    lease: &'a Lease,
}

static LENT: RawWakerVTable = RawWakerVTable::new(keep, wake, wake, |_| {});

/// # Safety
///
/// `data` points to a [`Lent`] that is there.
unsafe fn keep(data: *const ()) -> RawWaker {
    // SAFETY: as the caller says.
    let lent = unsafe { &*data.cast::<Lent<'_>>() };
    let kept = ManuallyDrop::new(Waker::from(Arc::new(LeasedWaker {
        waker: lent.waker.clone(),
        _lease: lent.lease.clone(),
    })));
    // The parts of a waker that is not dropped here, but by whoever gets them.
    RawWaker::new(kept.data(), kept.vtable())
}

/// # Safety
///
/// As of [`keep`].
unsafe fn wake(data: *const ()) {
    // SAFETY: as the caller says.
    let lent = unsafe { &*data.cast::<Lent<'_>>() };
    lent.waker.wake_by_ref();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::poll_fn,
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
    };

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_waker_is_made_for_who_keeps_it_and_holds_the_lease() {
        let (lease, count) = (Lease::of_nothing(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let mut kept = Vec::new();
        {
            let mut polls = 0;
            let future = poll_fn(|cx| {
                polls += 1;
                match polls {
                    1 => cx.waker().wake_by_ref(),
                    2 => kept.push(cx.waker().clone()),
                    _ => return Poll::Ready(()),
                }
                Poll::Pending
            });
            let mut leased = pin!(Leased::new(future, lease.clone()));
            let (before, leases) = (Arc::strong_count(&count), lease.holders());
            assert!(leased.as_mut().poll(&mut cx).is_pending());
            assert_eq!(count.0.load(Relaxed), 1);
            assert_eq!(
                (Arc::strong_count(&count), lease.holders()),
                (before, leases)
            );
            assert!(leased.as_mut().poll(&mut cx).is_pending());
            assert_eq!(
                (Arc::strong_count(&count), lease.holders()),
                (before + 1, leases + 1)
            );
            assert!(leased.as_mut().poll(&mut cx).is_ready());
        }
        // The future is gone, and what was kept works.
        let waker = kept.remove(0);
        let again = waker.clone();
        assert!(waker.will_wake(&again));
        again.wake();
        waker.wake_by_ref();
        assert_eq!(count.0.load(Relaxed), 3);
        assert_eq!(lease.holders(), 2);
        drop(waker);
        assert_eq!(lease.holders(), 1);
    }
}
