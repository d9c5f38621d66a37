use super::{Handler, HandlerKind};
use crate::{Context, Operation, Request, ffi::Opening};
use std::{marker::PhantomData, sync::Arc};

/// A handler whose type is forgotten.
pub(crate) trait ErasedHandler<T>: Send + Sync {
    fn call_erased<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool;

    /// Whether it takes a body that comes in parts.
    fn takes_stream(&self) -> bool;

    /// On which thread it runs.
    fn kind(&self) -> HandlerKind;

    /// Whether it answers for a session.
    fn is_of_session(&self) -> bool {
        false
    }

    /// Tells what it takes and gives.
    fn describe(&self, operation: &mut Operation);
}

/// Forgets a handler's type.
pub(crate) fn erase<T: Send + Sync + 'static, K: 'static>(
    handler: impl Handler<T, K>,
) -> Box<dyn ErasedHandler<T>> {
    struct Erased<H, K>(H, PhantomData<fn(K)>);

    impl<T, K, H: Handler<T, K>> ErasedHandler<T> for Erased<H, K> {
        fn call_erased<'a>(
            &'a self,
            plugin: &'a Arc<T>,
            context: &'a Context,
            request: Request<'a>,
            opening: Opening<'_, 'a, '_>,
        ) -> bool {
            self.0.open(plugin, context, request, opening)
        }

        fn takes_stream(&self) -> bool {
            H::STREAMED
        }

        fn kind(&self) -> HandlerKind {
            H::KIND
        }

        fn describe(&self, operation: &mut Operation) {
            H::describe(operation);
        }
    }

    Box::new(Erased(handler, PhantomData))
}
