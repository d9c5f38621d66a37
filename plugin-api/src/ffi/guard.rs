//! The one panic boundary of a plugin: nothing else in the SDK catches.

use crate::{Error, Response, Result};
use jackfield_abi::{
    Answer, Call, Failure, FailureCode, FfiContext, FfiFuture, ROption, RResult, Reply,
};
use std::{
    any::Any,
    future::{Future, ready},
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// Calls `body` and turns a panic into a [`Failure`]. The panic hook has told the host by then.
///
/// What the body borrowed may be left half done; for plugin code that is the plugin's own state,
/// and the host's policy decides whether the plugin goes on after a panic.
pub(crate) fn guard<R>(body: impl FnOnce() -> R) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(body)).map_err(failure)
}

#[cold]
fn failure(payload: Box<dyn Any + Send>) -> Failure {
    let message = text(&*payload);
    let failure = Failure::new(FailureCode::PANIC, message);
    // A payload whose drop panics as well is leaked rather than let out.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(second);
    }
    failure
}

/// Lets a panic go on that was caught on another thread, and was reported there.
pub(crate) fn go_on(panic: Failure) -> ! {
    resume_unwind(Box::new(String::from(panic.message)))
}

/// A panic's payload as text.
pub(crate) fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    payload
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| "a panic whose payload is no text".to_owned())
}

pin_project_lite::pin_project! {
    /// A future whose polls and drop are guarded. The inner future is dropped as soon as it is done
    /// or has panicked.
    struct Guarded<F> {
        #[pin]
        inner: Option<F>,
    }

    impl<F> PinnedDrop for Guarded<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut inner = this.project().inner;
            if inner.is_some() {
                // The hook has reported a panic; a cancelled call has nobody to hand it to.
                let _ = guard(|| inner.set(None));
            }
        }
    }
}

impl<F: Future> Guarded<F> {
    /// Polls the future, and hands its output to `take`, all behind one guard.
    fn poll_with(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        take: impl FnOnce(F::Output),
    ) -> Poll<Result<(), Failure>> {
        match guard(|| self.as_mut().poll_unguarded(cx, take)) {
            Ok(poll) => poll.map(Ok),
            Err(failure) => {
                let _ = guard(|| self.project().inner.set(None));
                Poll::Ready(Err(failure))
            }
        }
    }

    fn poll_unguarded(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        take: impl FnOnce(F::Output),
    ) -> Poll<()> {
        let mut inner = self.project().inner;
        let Some(future) = inner.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        future.poll(cx).map(|output| {
            take(output);
            inner.set(None);
        })
    }
}

pin_project_lite::pin_project! {
    /// A handler's future as the work on an answer: an error becomes the response that tells it, a
    /// panic a [`Failure`].
    struct Answering<F> { #[pin] inner: Guarded<F> }
}

impl<F: Future<Output: Outcome>> Answering<F> {
    /// The first poll, which is made behind the guard that the whole of `handle` has.
    fn poll_unguarded(self: Pin<&mut Self>, cx: &mut Context<'_>, reply: &mut Reply) -> Poll<()> {
        self.project()
            .inner
            .poll_unguarded(cx, |output| output.fill(reply))
    }
}

impl<F: Future<Output: Outcome> + Send> Answer for Answering<F> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, reply: &mut Reply) -> Poll<()> {
        let inner = self.project().inner;
        inner
            .poll_with(cx, |output| output.fill(reply))
            .map(|polled| {
                if let Err(failure) = polled {
                    *reply = ROption::RSome(RResult::RErr(failure));
                }
            })
    }
}

/// What a handler's future gives.
trait Outcome {
    /// Fills the place of the reply with it.
    fn fill(self, reply: &mut Reply);
}

impl Outcome for Result<Response> {
    #[inline]
    fn fill(self, reply: &mut Reply) {
        fill(reply, self.unwrap_or_else(|error| Response::error(&error)));
    }
}

/// What a hook's future gives: an error without a status is no answer.
struct Hooked(Result<Response>);

impl Outcome for Hooked {
    fn fill(self, reply: &mut Reply) {
        match self.0 {
            Err(error) if !error.has_status() => {
                *reply = ROption::RSome(RResult::RErr(error.into_failure()));
            }
            answer => answer.fill(reply),
        }
    }
}

fn fill(reply: &mut Reply, response: Response) {
    *reply = ROption::RSome(match response.status() {
        100..600 => RResult::ROk(response.into_abi()),
        status => RResult::RErr(no_status(status)),
    });
}

#[cold]
fn no_status(status: u16) -> Failure {
    let text = format!("the handler answered with status {status}: a status is 100 to 599");
    Failure::new(FailureCode::ERROR, text)
}

/// A request on its way through the routes to the handler that begins to answer it.
pub struct Opening<'c, 'a, 'x> {
    call: Pin<&'c mut Call<'a>>,
    context: &'c mut FfiContext<'x>,
}

impl<'a> Opening<'_, 'a, '_> {
    /// Polls the handler's future for the first time; true when the answer is there.
    pub(crate) fn answer(self, future: impl Future<Output = Result<Response>> + Send + 'a) -> bool {
        self.begin(future)
    }

    #[inline]
    fn begin(self, future: impl Future<Output: Outcome> + Send + 'a) -> bool {
        let answering = Answering {
            inner: Guarded {
                inner: Some(future),
            },
        };
        self.call
            .begin(answering, self.context, Answering::poll_unguarded)
    }

    /// As [`answer`](Self::answer), where an error without a status is no answer but a failure.
    pub(crate) fn answer_or_fail(
        self,
        future: impl Future<Output = Result<Response>> + Send + 'a,
    ) -> bool {
        self.begin(async { Hooked(future.await) })
    }

    /// Answers with an error; true, as the answer is there.
    #[cold]
    pub(crate) fn refuse(self, error: Error) -> bool {
        self.answer(ready(Err(error)))
    }

    /// Leaves the request without an answer; true, as that is there.
    #[cold]
    pub(crate) fn fail(self, failure: Failure) -> bool {
        self.call.refuse(failure);
        true
    }
}

/// Begins to answer a call: all of `body` runs behind one guard.
pub(super) fn open<'a>(
    mut call: Pin<&mut Call<'a>>,
    context: &mut FfiContext<'_>,
    body: impl FnOnce(Opening<'_, 'a, '_>) -> bool,
) -> bool {
    let opening = Opening {
        call: call.as_mut(),
        context,
    };
    guard(|| body(opening)).unwrap_or_else(|failure| {
        call.refuse(failure);
        true
    })
}

pin_project_lite::pin_project! {
    struct Tasking<F> { #[pin] inner: Guarded<F> }
}

impl<F: Future<Output = ()>> Future for Tasking<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The hook has reported a panic; it ends the task.
        self.project().inner.poll_with(cx, |()| ()).map(|_| ())
    }
}

/// A future whose panic ends it and nothing else, after the hook has reported it.
pub(crate) fn guarded(future: impl Future<Output = ()>) -> impl Future<Output = ()> {
    Tasking {
        inner: Guarded {
            inner: Some(future),
        },
    }
}

/// A task's future, ready to cross: a panic ends it, after the hook has reported it.
pub(crate) fn guarded_task(future: impl Future<Output = ()> + Send + 'static) -> FfiFuture<()> {
    FfiFuture::new(guarded(future))
}
