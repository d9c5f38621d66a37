//! The one panic boundary of a plugin: nothing else in the SDK catches.

use crate::{Response, Result};
use jackfield_abi::{BorrowingFfiFuture, Failure, FailureCode, FfiFuture, RResult, Reply};
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
            // The hook has reported a panic; a cancelled call has nobody to hand it to.
            let _ = guard(|| this.project().inner.set(None));
        }
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = Result<F::Output, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.project().inner;
        let polled = guard(|| match inner.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx).map(Ok),
            None => Poll::Ready(Err(Failure::new(
                FailureCode::ERROR,
                "a future was polled after it was done",
            ))),
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                let _ = guard(|| inner.set(None));
                Poll::Ready(output)
            }
            Err(failure) => {
                let _ = guard(|| inner.set(None));
                Poll::Ready(Err(failure))
            }
        }
    }
}

pin_project_lite::pin_project! {
    struct Answer<F> { #[pin] inner: Guarded<F> }
}

impl<F: Future<Output = Result<Response>>> Future for Answer<F> {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        self.project().inner.poll(cx).map(|output| match output {
            Ok(Ok(response)) => RResult::ROk(response.into_abi()),
            Ok(Err(error)) => RResult::ROk(Response::error(&error).into_abi()),
            Err(failure) => RResult::RErr(failure),
        })
    }
}

/// A handler's future, ready to cross: an error becomes the response that tells it, a panic a
/// [`Failure`].
pub(crate) fn guarded<'a>(
    future: impl Future<Output = Result<Response>> + Send + 'a,
) -> BorrowingFfiFuture<'a, Reply> {
    BorrowingFfiFuture::new(Answer {
        inner: Guarded {
            inner: Some(future),
        },
    })
}

/// A task's future, ready to cross: a panic ends it, after the hook has reported it.
pub(crate) fn guarded_task(future: impl Future<Output = ()> + Send + 'static) -> FfiFuture<()> {
    let guarded = Guarded {
        inner: Some(future),
    };
    FfiFuture::new(async move {
        let _ = guarded.await;
    })
}
