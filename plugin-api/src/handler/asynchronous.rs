use super::{Arguments, Handler, HandlerKind, Takes, arguments::Argument};
use crate::{Context, IntoResponse, Operation, Request, Response, Result, ffi::Opening};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{self, Poll, ready},
};

/// The kind of an `async fn` with these arguments and this answer.
pub struct Asynchronous<A, R>(PhantomData<fn(A) -> R>);

/// An `async fn(&T, …)` that takes the arguments `A`: spells out, for each lifetime, that its future
/// may be sent between threads.
pub trait AsyncMethod<'a, T: 'a, A: Arguments>: Send + Sync {
    /// What the future gives.
    type Output;
    /// What the function returns.
    type Future: Future<Output = Self::Output> + Send + 'a;

    /// Calls it.
    fn invoke(&self, target: &'a T, items: A::Items<'a>) -> Self::Future;
}

macro_rules! async_method {
    ($($argument:ident $item:ident),*) => {
        impl<'a, T: 'a, Fun, Fut, $($argument: Argument,)*> AsyncMethod<'a, T, ($($argument,)*)>
            for Fun
        where
            Fun: Fn(&'a T, $($argument::Item<'a>,)*) -> Fut + Send + Sync,
            Fut: Future + Send + 'a,
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[inline]
            fn invoke(&self, target: &'a T, ($($item,)*): ($($argument::Item<'a>,)*)) -> Fut {
                self(target, $($item,)*)
            }
        }
    };
}

async_method!();
async_method!(A a);
async_method!(A a, B b);
async_method!(A a, B b, C c);
async_method!(A a, B b, C c, D d);
async_method!(A a, B b, C c, D d, E e);
async_method!(A a, B b, C c, D d, E e, G g);

impl<T, F, A, R> Handler<T, Asynchronous<A, R>> for F
where
    T: Send + Sync + 'static,
    A: Arguments,
    R: IntoResponse,
    F: Takes<T, A> + for<'a> AsyncMethod<'a, T, A, Output = R> + 'static,
{
    const KIND: HandlerKind = HandlerKind::Async;
    const STREAMED: bool = A::STREAMED;

    async fn call<'a>(
        &'a self,
        target: &'a Arc<T>,
        _context: &'a Context,
        request: Request<'a>,
    ) -> Result<Response> {
        let items = A::take(request)?;
        self.invoke(target, items).await.into_response()
    }

    // The future is the function's own, so that it is no larger than that, and is not moved twice.
    fn open<'a>(
        &'a self,
        target: &'a Arc<T>,
        _context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        match A::take(request) {
            Ok(items) => opening.answer(Answering {
                inner: self.invoke(target, items),
            }),
            Err(error) => opening.refuse(error),
        }
    }

    fn describe(operation: &mut Operation) {
        A::describe(operation);
        R::describe(operation);
    }
}

pin_project! {
    /// A future whose output becomes an answer.
    struct Answering<F> { #[pin] inner: F }
}

impl<F: Future<Output: IntoResponse>> Future for Answering<F> {
    type Output = Result<Response>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<Response>> {
        Poll::Ready(ready!(self.project().inner.poll(cx)).into_response())
    }
}
