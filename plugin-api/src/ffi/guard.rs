//! The one panic boundary of a plugin: nothing else in the SDK catches.

use crate::{Response, Result};
use jackfield_abi::{BorrowingFfiFuture, Failure, FailureCode, FfiFuture, ROption, RResult, Reply};
use std::{
    any::Any,
    future::Future,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
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
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        take: impl FnOnce(F::Output),
    ) -> Poll<Result<(), Failure>> {
        let mut inner = self.project().inner;
        let polled = guard(|| {
            let Some(future) = inner.as_mut().as_pin_mut() else {
                return Poll::Ready(());
            };
            match future.poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(output) => {
                    take(output);
                    inner.as_mut().set(None);
                    Poll::Ready(())
                }
            }
        });
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(failure) => {
                let _ = guard(|| inner.set(None));
                Poll::Ready(Err(failure))
            }
        }
    }
}

pin_project_lite::pin_project! {
    struct Answering<'a, F> {
        #[pin]
        inner: Guarded<F>,
        reply: &'a mut Reply,
    }
}

impl<F: Future<Output = Result<Response>>> Future for Answering<'_, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let reply = this.reply;
        let polled = this.inner.poll_with(cx, |output| {
            let response = output.unwrap_or_else(|error| Response::error(&error));
            **reply = ROption::RSome(RResult::ROk(response.into_abi()));
        });
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(failure)) => {
                **reply = ROption::RSome(RResult::RErr(failure));
                Poll::Ready(())
            }
        }
    }
}

/// A handler's future, ready to cross: an error becomes the response that tells it, a panic a
/// [`Failure`].
pub(crate) fn guarded<'a>(
    future: impl Future<Output = Result<Response>> + Send + 'a,
    reply: &'a mut Reply,
) -> BorrowingFfiFuture<'a, ()> {
    BorrowingFfiFuture::new(Answering {
        inner: Guarded {
            inner: Some(future),
        },
        reply,
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

/// A task's future, ready to cross: a panic ends it, after the hook has reported it.
pub(crate) fn guarded_task(future: impl Future<Output = ()> + Send + 'static) -> FfiFuture<()> {
    FfiFuture::new(Tasking {
        inner: Guarded {
            inner: Some(future),
        },
    })
}
