//! Is a reply that this host cannot hand on refused, with the reason?

use super::*;
use jackfield_abi::{Answer, RVec, Reply};
use std::{
    task::{Context, Waker},
    thread,
    time::Duration,
};

fn reply(status: u16) -> Reply {
    ROption::RSome(RResult::ROk(RBox::new(Response {
        status,
        headers: RVec::new(),
        body: RVec::new(),
        stream: ROption::RNone,
    })))
}

/// Ready at once, without an answer of its own.
struct Done;

impl Answer for Done {
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut Reply) -> Poll<()> {
        Poll::Ready(())
    }
}

fn accepted(reply: Reply) -> Result<u16, Failure> {
    let mut call = pin!(Call::new());
    let mut context = Context::from_waker(Waker::noop());
    let done = context.with_ffi_context(|context| {
        call.as_mut().begin(Done, context, |_, _, place| {
            *place = reply;
            Poll::Ready(())
        })
    });
    assert!(done);
    accept(call).map(|response| response.status)
}

#[test]
fn a_status_is_100_to_599() {
    for status in [100, 200, 599] {
        assert_eq!(accepted(reply(status)), Ok(status));
    }
    for status in [0, 7, 99, 600, u16::MAX] {
        let text = format!("it answered with status {status}: a status is 100 to 599");
        assert_eq!(
            accepted(reply(status)),
            Err(Failure::new(FailureCode::ERROR, text))
        );
    }
}

#[test]
fn a_call_that_is_ready_without_a_reply_has_panicked() {
    let failure = Failure::new(FailureCode::PANIC, "it gave no answer");
    assert_eq!(accepted(ROption::RNone), Err(failure));
}

#[test]
fn a_failure_is_handed_on() {
    let failure = Failure::new(FailureCode::DENIED, "not today");
    let reply = ROption::RSome(RResult::RErr(failure.clone()));
    assert_eq!(accepted(reply), Err(failure));
}

#[test]
fn who_is_just_being_turned_away_keeps_nothing_from_being_taken() {
    let slot = Slot::of_nothing();
    slot.close();
    // As `enter` does at a closed gate.
    assert!(!slot.gate.enter());
    assert!(slot.take(Instant::now()).is_none());
    let taken = thread::scope(|scope| {
        let taking = scope.spawn(|| slot.take(Instant::now() + Duration::from_secs(60)));
        if slot.gate.turn_away() {
            slot.tell_the_closer();
        }
        taking.join().unwrap()
    });
    assert!(taken.is_some());
}

#[test]
fn who_is_turned_away_is_counted_out_once() {
    let slot = Arc::new(Slot::of_nothing());
    let inside = slot.enter().expect("the gate is open");
    slot.close();
    for _ in 0..3 {
        assert!(slot.enter().is_none());
    }
    assert_eq!(slot.inside(), 1);
    drop(inside);
    assert_eq!(slot.inside(), 0);
}

#[test]
fn who_stays_is_counted_once_and_makes_no_call() {
    let slot = Arc::new(Slot::of_nothing());
    let inside = slot.enter().expect("the gate is open");
    let kept = slot.keep(&inside);
    slot.close();
    drop(inside);
    assert_eq!((slot.inside(), slot.calls()), (1, 1));
    assert!(!slot.drain(Instant::now()));
    drop(kept);
    assert!(slot.drain(Instant::now()));
}
