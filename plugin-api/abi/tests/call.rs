//! Is a future in a call polled where it lies, and dropped once, however the call ends?

#![expect(
    unsafe_code,
    reason = "a call crosses by pointer, and a pinned future is looked at"
)]

use jackfield_abi::{
    Answer, CALL_ROOM, Call, CallMut, ContextExt, Failure, FailureCode, RBox, ROption, RResult,
    RVec, Reply, Response,
};
use std::{
    marker::PhantomPinned,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// Is ready at the poll after `waits` more, with that as the answer's status; counts its drops.
struct Work<Padding> {
    waits: u16,
    polled_at: Option<usize>,
    drops: Arc<AtomicUsize>,
    _padding: Padding,
    _pinned: PhantomPinned,
}

impl<Padding> Work<Padding> {
    fn new(waits: u16, drops: &Arc<AtomicUsize>, padding: Padding) -> Self {
        Self {
            waits,
            polled_at: None,
            drops: Arc::clone(drops),
            _padding: padding,
            _pinned: PhantomPinned,
        }
    }
}

impl<Padding> Drop for Work<Padding> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

impl<Padding: Send> Answer for Work<Padding> {
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>, reply: &mut Reply) -> Poll<()> {
        // SAFETY: nothing is moved out of it.
        let work = unsafe { self.get_unchecked_mut() };
        let at = ptr::from_mut(work).addr();
        assert_eq!(at % align_of::<Self>(), 0);
        assert_eq!(*work.polled_at.get_or_insert(at), at, "it has not moved");
        if work.waits > 0 {
            work.waits -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        *reply = ROption::RSome(RResult::ROk(RBox::new(Response {
            status: 204,
            headers: RVec::new(),
            body: RVec::new(),
            stream: ROption::RNone,
        })));
        Poll::Ready(())
    }
}

fn begin<Padding: Send>(call: Pin<&mut Call<'_>>, work: Work<Padding>) -> bool {
    // The way that a call takes when it crosses.
    let lent = CallMut::new(call);
    // SAFETY: the lifetimes are as they were.
    let call = unsafe { lent.into_pin() };
    Context::from_waker(Waker::noop())
        .with_ffi_context(|context| call.begin(work, context, Answer::poll))
}

fn poll(call: Pin<&mut Call<'_>>) -> bool {
    call.poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}

fn status(reply: Reply) -> Option<Result<u16, Failure>> {
    let reply: Option<RResult<_, _>> = reply.into();
    reply.map(|reply| reply.into_result().map(|response| response.status))
}

#[repr(align(64))]
struct Aligned;

/// A future of every kind of place: it fits, is too large, is aligned too strictly.
fn each_kind(test: impl Fn(&dyn Fn(Pin<&mut Call<'_>>, u16, &Arc<AtomicUsize>) -> bool)) {
    test(&|call, waits, drops| begin(call, Work::new(waits, drops, ())));
    test(&|call, waits, drops| begin(call, Work::new(waits, drops, [0_u8; CALL_ROOM])));
    test(&|call, waits, drops| begin(call, Work::new(waits, drops, Aligned)));
}

#[test]
fn an_answer_that_is_there_at_once_leaves_nothing_behind() {
    each_kind(|begin| {
        let drops = Arc::default();
        let mut call = pin!(Call::new());
        assert!(begin(call.as_mut(), 0, &drops));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert!(poll(call.as_mut()), "there is nothing to wait for");
        assert_eq!(status(call.as_mut().take_reply()), Some(Ok(204)));
        assert_eq!(status(call.as_mut().take_reply()), None);
    });
}

#[test]
fn an_answer_that_takes_three_polls_is_there_after_them() {
    each_kind(|begin| {
        let drops = Arc::default();
        let mut call = pin!(Call::new());
        assert!(!begin(call.as_mut(), 2, &drops));
        assert!(!poll(call.as_mut()));
        assert_eq!(status(call.as_mut().take_reply()), None);
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        assert!(poll(call.as_mut()));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert_eq!(status(call.as_mut().take_reply()), Some(Ok(204)));
    });
}

#[test]
fn dropping_a_call_drops_what_it_waits_for() {
    each_kind(|begin| {
        let drops = Arc::default();
        {
            let mut call = pin!(Call::new());
            assert!(!begin(call.as_mut(), 2, &drops));
            assert_eq!(drops.load(Ordering::Relaxed), 0);
        }
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_call_that_is_refused_drops_what_it_waits_for() {
    each_kind(|begin| {
        let drops = Arc::default();
        let mut call = pin!(Call::new());
        assert!(!begin(call.as_mut(), 2, &drops));
        let failure = Failure::new(FailureCode::DENIED, "not today");
        call.as_mut().refuse(failure.clone());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert!(poll(call.as_mut()));
        assert_eq!(status(call.as_mut().take_reply()), Some(Err(failure)));
    });
}

#[test]
fn a_call_that_is_begun_again_drops_what_it_waited_for() {
    each_kind(|begin| {
        let (first, second) = (Arc::default(), Arc::default());
        let mut call = pin!(Call::new());
        assert!(!begin(call.as_mut(), 2, &first));
        assert!(begin(call.as_mut(), 0, &second));
        assert_eq!(first.load(Ordering::Relaxed), 1);
        assert_eq!(second.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_first_poll_that_unwinds_leaves_the_future_to_the_call() {
    let drops = Arc::default();
    {
        let mut call = pin!(Call::new());
        let work = Work::new(0, &drops, ());
        let begun = catch_unwind(AssertUnwindSafe(|| {
            Context::from_waker(Waker::noop()).with_ffi_context(|context| {
                call.as_mut()
                    .begin(work, context, |_, _, _| panic!("as the test asks"))
            })
        }));
        assert!(begun.is_err());
        assert_eq!(drops.load(Ordering::Relaxed), 0);
    }
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}
