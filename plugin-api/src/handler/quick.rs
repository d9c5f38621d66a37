use super::{Arguments, Handler, HandlerKind, Takes, arguments::Argument};
use crate::{Context, IntoResponse, Operation, Request, Response, Result};
use std::{marker::PhantomData, sync::Arc};

/// A handler that is done within microseconds, without waiting for anything: it runs at once, on
/// the thread that took the request.
///
/// The function is plain, and takes what an `async fn` can, but no
/// [`BodyStream`](crate::BodyStream). A closure has to say the types of its arguments.
pub fn quick<F>(function: F) -> Quick<F> {
    Quick(function)
}

/// Made by [`quick`].
pub struct Quick<F>(F);

/// The kind of [`blocking`](super::blocking) and [`quick`], with these arguments and this answer.
pub struct Synchronous<A, R>(PhantomData<fn(A) -> R>);

/// A `fn(&T, …) -> R` that takes the arguments `A`.
pub trait Method<'a, T, A: Arguments>: Send + Sync {
    /// What it returns.
    type Output;

    /// Calls it.
    fn invoke(&self, target: &T, items: A::Items<'a>) -> Self::Output;
}

macro_rules! method {
    ($($argument:ident $item:ident),*) => {
        impl<'a, T, Fun, R, $($argument: Argument,)*> Method<'a, T, ($($argument,)*)> for Fun
        where
            Fun: Fn(&T, $($argument::Item<'a>,)*) -> R + Send + Sync,
        {
            type Output = R;

            #[inline]
            fn invoke(&self, target: &T, ($($item,)*): ($($argument::Item<'a>,)*)) -> R {
                self(target, $($item,)*)
            }
        }
    };
}

method!();
method!(A a);
method!(A a, B b);
method!(A a, B b, C c);
method!(A a, B b, C c, D d);
method!(A a, B b, C c, D d, E e);
method!(A a, B b, C c, D d, E e, G g);

impl<T, F, A, R> Handler<T, Synchronous<A, R>> for Quick<F>
where
    T: Send + Sync + 'static,
    A: Arguments,
    R: IntoResponse,
    F: Takes<T, A> + for<'a> Method<'a, T, A, Output = R> + 'static,
{
    const KIND: HandlerKind = HandlerKind::Quick;
    const STREAMED: bool = {
        assert!(
            !A::STREAMED,
            "a quick handler cannot wait for a `BodyStream`"
        );
        false
    };

    async fn call<'a>(
        &'a self,
        target: &'a Arc<T>,
        _context: &'a Context,
        request: Request<'a>,
    ) -> Result<Response> {
        self.0.invoke(target, A::take(request)?).into_response()
    }

    fn describe(operation: &mut Operation) {
        A::describe(operation);
        R::describe(operation);
    }
}
