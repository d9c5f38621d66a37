mod arguments;
mod asynchronous;
mod blocking;
mod erased;
mod gives;
mod owned;
mod quick;

pub use blocking::blocking;
pub use quick::quick;

pub(crate) use erased::{ErasedHandler, erase};
pub(crate) use gives::Gives;

use arguments::{Arguments, Takes};
use quick::{Method, Synchronous};

use crate::{Context, Operation, Request, Response, Result, ffi::Opening};
use std::{any::Any, future::Future, sync::Arc};

/// Something that answers requests for a plugin, or a session, of type `T`: an `async fn`, or a plain
/// one inside [`blocking`] or [`quick`].
///
/// It takes `&T` and up to six arguments, each a [`Request`], a [`BodyStream`](crate::BodyStream) or a
/// [`FromRequest`](crate::FromRequest), and gives an [`IntoResponse`](crate::IntoResponse). They are
/// made of the request in their order, and the first that cannot be made answers it. `Kind` only keeps
/// the implementations apart.
///
/// ```
/// # use plugin_api::prelude::*;
/// # use plugin_api::serde_json::{Value, json};
/// # struct Shop;
/// # impl Plugin for Shop {
/// #     type Config = NoConfig;
/// #     fn initialize(_context: Context, _config: NoConfig) -> Result<Self> { Ok(Self) }
/// #     fn routes(routes: &mut Routes<Self>) {
/// #         routes.get("/items/{item}", Self::item).get("/all", Self::all);
/// #     }
/// # }
/// impl Shop {
///     async fn item(&self, Path(item): Path<u64>) -> Result<Json<Value>> {
///         Ok(Json(json!({ "item": item })))
///     }
///
///     async fn all(&self, request: Request<'_>) -> Result<Response> {
///         Ok(Response::text(request.path()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler of routes of `{T}`",
    note = "a handler is an `async fn(&self, …) -> R`, or a plain one inside `blocking` or `quick`, with \
            at most six arguments that are made of a request (`Request<'_>`, `Path`, `Query`, `Json`, …), \
            and `R` is what an answer can be made of (`Result<Response>`, `Result<Json<…>>`, …)"
)]
pub trait Handler<T, Kind>: Send + Sync + 'static {
    /// On which thread it runs.
    #[doc(hidden)]
    const KIND: HandlerKind;

    /// Whether it takes a body that comes in parts.
    #[doc(hidden)]
    const STREAMED: bool;

    /// Answers.
    fn call<'a>(
        &'a self,
        target: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response>> + Send + 'a;

    /// As [`call`](Self::call), and keeps `hold` for as long as the function may run, and its answer
    /// comes: where it runs on a thread of its own, beyond the end of a future that is dropped.
    #[doc(hidden)]
    fn call_held<'a>(
        &'a self,
        target: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        hold: Hold,
    ) -> impl Future<Output = Result<Response>> + Send + 'a {
        let answering = self.call(target, context, request);
        async move {
            let answered = answering.await;
            answered.map(|answer| answer.holding(hold))
        }
    }

    /// As [`call`](Self::call), into the place of the answer; true when it is there.
    #[doc(hidden)]
    fn open<'a>(
        &'a self,
        target: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        opening.answer(self.call(target, context, request))
    }

    /// Tells what it takes and gives.
    #[doc(hidden)]
    fn describe(operation: &mut Operation);
}

/// What counts as a call until it is dropped.
pub(crate) type Hold = Box<dyn Any + Send>;

/// On which thread a handler runs.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerKind {
    /// Polled on the host's executor.
    Async,
    /// Where blocking hurts nobody.
    Blocking,
    /// At once, on the thread that took the request.
    Quick,
}

impl HandlerKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Blocking => "blocking",
            Self::Quick => "quick",
        }
    }
}
