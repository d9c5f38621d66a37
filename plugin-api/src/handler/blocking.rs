use super::{
    Arguments, Handler, HandlerKind, Hold, Method, Synchronous, Takes, owned::OwnedRequest,
};
use crate::{
    Context, IntoResponse, Operation, Request, Response, Result,
    ffi::{go_on, guard},
    within,
};
use std::{future::Future, sync::Arc};

/// A handler that may block, for as long as it likes: it runs on a thread of the host where that
/// hurts nobody.
///
/// The function is plain, and takes what an `async fn` can, but no
/// [`BodyStream`](crate::BodyStream). A closure has to say the types of its arguments.
pub fn blocking<F>(function: F) -> Blocking<F> {
    Blocking(Arc::new(function))
}

/// Made by [`blocking`].
pub struct Blocking<F>(Arc<F>);

impl<F> Blocking<F> {
    /// Runs the function with the request on another thread, and drops `hold` there when it is done,
    /// unless its answer comes in parts.
    // The arguments are made there too: that of a large body takes its time.
    fn run<'a, T, A, R, H>(
        &self,
        target: &Arc<T>,
        context: &'a Context,
        request: &Request<'_>,
        hold: H,
    ) -> impl Future<Output = Result<Response>> + Send + use<'a, T, F, A, R, H>
    where
        T: Send + Sync + 'static,
        A: Arguments,
        R: IntoResponse,
        F: for<'b> Method<'b, T, A, Output = R> + 'static,
        H: Send + 'static,
    {
        let (function, target) = (Arc::clone(&self.0), Arc::clone(target));
        let owned = OwnedRequest::new(request);
        let end = request.timeout().map(|timeout| context.steady() + timeout);
        let answer = move || {
            let answered = within::until(end, || {
                owned.with(|request| function.invoke(&target, A::take(request)?).into_response())
            });
            answered.map(|answer| answer.holding(hold))
        };
        async move {
            let answered = context.run_blocking("request", || guard(answer)).await?;
            // Panics here as it did there, so that a panic is one whatever kind the handler is of.
            answered.unwrap_or_else(|panic| go_on(panic))
        }
    }
}

impl<T, F, A, R> Handler<T, Synchronous<A, R>> for Blocking<F>
where
    T: Send + Sync + 'static,
    A: Arguments,
    R: IntoResponse,
    F: Takes<T, A> + for<'a> Method<'a, T, A, Output = R> + 'static,
{
    const KIND: HandlerKind = HandlerKind::Blocking;
    const STREAMED: bool = {
        assert!(
            !A::STREAMED,
            "a blocking handler cannot wait for a `BodyStream`"
        );
        false
    };

    fn call<'a>(
        &'a self,
        target: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response>> + Send + 'a {
        self.run::<T, A, R, ()>(target, context, &request, ())
    }

    fn call_held<'a>(
        &'a self,
        target: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        hold: Hold,
    ) -> impl Future<Output = Result<Response>> + Send + 'a {
        self.run::<T, A, R, Hold>(target, context, &request, hold)
    }

    fn describe(operation: &mut Operation) {
        A::describe(operation);
        R::describe(operation);
    }
}
