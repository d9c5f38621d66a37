use crate::{Context, Handler, Request, ffi::Opening, handler::Gives};
use std::{marker::PhantomData, sync::Arc};

/// A hook whose type is forgotten.
pub(crate) trait Hook<T>: Send + Sync {
    /// Begins; true when what it gives is there.
    fn begin<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool;
}

/// Forgets the type of a hook that gives `V`.
pub(crate) fn erase<T: Send + Sync + 'static, V, K: Gives<V> + 'static>(
    handler: impl Handler<T, K>,
) -> Box<dyn Hook<T>> {
    struct Erased<H, K>(H, PhantomData<fn(K)>);

    impl<T: Send + Sync + 'static, K: 'static, H: Handler<T, K>> Hook<T> for Erased<H, K> {
        fn begin<'a>(
            &'a self,
            plugin: &'a Arc<T>,
            context: &'a Context,
            request: Request<'a>,
            opening: Opening<'_, 'a, '_>,
        ) -> bool {
            opening.answer_or_fail(self.0.call(plugin, context, request))
        }
    }

    Box::new(Erased(handler, PhantomData))
}
