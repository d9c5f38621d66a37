use crate::{
    Context, Request, Response, Result,
    ffi::{Opening, go_on, guard},
    request::Params,
    within,
};
use std::{future::Future, sync::Arc};

/// Something that answers requests for a plugin of type `T`: an `async fn(&self, Request<'_>)`, or
/// a plain one inside [`blocking`] or [`quick`]. `Kind` only keeps the implementations apart.
pub trait Handler<T, Kind>: Send + Sync + 'static {
    /// Begins to answer.
    fn call<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response>> + Send + 'a;
}

/// A handler whose type is forgotten.
pub(crate) trait ErasedHandler<T>: Send + Sync {
    fn call_erased<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool;
}

/// Forgets a handler's type.
pub(crate) fn erase<T: Send + Sync + 'static, K: 'static>(
    handler: impl Handler<T, K>,
) -> Box<dyn ErasedHandler<T>> {
    struct Erased<H, K>(H, std::marker::PhantomData<fn(K)>);

    impl<T, K, H: Handler<T, K>> ErasedHandler<T> for Erased<H, K> {
        fn call_erased<'a>(
            &'a self,
            plugin: &'a Arc<T>,
            context: &'a Context,
            request: Request<'a>,
            opening: Opening<'_, 'a, '_>,
        ) -> bool {
            opening.answer(self.0.call(plugin, context, request))
        }
    }

    Box::new(Erased(handler, std::marker::PhantomData))
}

/// An `async fn(&T, Request<'_>) -> Result<Response>`: spells out, for each lifetime, that its
/// future may be sent between threads.
pub trait AsyncMethod<'a, T: 'a>: Send + Sync {
    /// What the function returns.
    type Future: Future<Output = Result<Response>> + Send + 'a;

    /// Calls it.
    fn invoke(&self, plugin: &'a T, request: Request<'a>) -> Self::Future;
}

impl<'a, T: 'a, F, Fut> AsyncMethod<'a, T> for F
where
    F: Fn(&'a T, Request<'a>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Response>> + Send + 'a,
{
    type Future = Fut;

    fn invoke(&self, plugin: &'a T, request: Request<'a>) -> Fut {
        self(plugin, request)
    }
}

/// The kind of an `async fn`.
pub enum Asynchronous {}
/// The kind of [`blocking`] and [`quick`].
pub enum Synchronous {}

impl<T, F> Handler<T, Asynchronous> for F
where
    T: Send + Sync + 'static,
    F: for<'a> AsyncMethod<'a, T> + 'static,
{
    fn call<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        _context: &'a Context,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response>> + Send + 'a {
        self.invoke(plugin, request)
    }
}

/// A handler that may block, for as long as it likes: it runs on a thread of the host where that
/// hurts nobody.
pub fn blocking<T, F>(function: F) -> Blocking<F>
where
    F: Fn(&T, Request<'_>) -> Result<Response> + Send + Sync + 'static,
{
    Blocking(Arc::new(function))
}

/// A handler that is done within microseconds, without waiting for anything: it runs at once, on
/// the thread that took the request.
pub fn quick<T, F>(function: F) -> Quick<F>
where
    F: Fn(&T, Request<'_>) -> Result<Response> + Send + Sync + 'static,
{
    Quick(function)
}

/// Made by [`blocking`].
pub struct Blocking<F>(Arc<F>);
/// Made by [`quick`].
pub struct Quick<F>(F);

/// A `fn(&T, Request<'_>) -> Result<Response>`: what [`blocking`] and [`quick`] take, by one name.
/// They themselves spell it out, so that the compiler knows the types of a closure's arguments.
pub trait Method<T>: Send + Sync + 'static {
    /// Calls it.
    fn invoke(&self, plugin: &T, request: Request<'_>) -> Result<Response>;
}

impl<T, F> Method<T> for F
where
    F: Fn(&T, Request<'_>) -> Result<Response> + Send + Sync + 'static,
{
    fn invoke(&self, plugin: &T, request: Request<'_>) -> Result<Response> {
        self(plugin, request)
    }
}

impl<T: Send + Sync + 'static, F: Method<T>> Handler<T, Synchronous> for Quick<F> {
    async fn call<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        _context: &'a Context,
        request: Request<'a>,
    ) -> Result<Response> {
        self.0.invoke(plugin, request)
    }
}

impl<T: Send + Sync + 'static, F: Method<T>> Handler<T, Synchronous> for Blocking<F> {
    fn call<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        context: &'a Context,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response>> + Send + 'a {
        let (function, plugin) = (Arc::clone(&self.0), Arc::clone(plugin));
        let owned = OwnedRequest::new(&request);
        let end = request.timeout().map(|timeout| context.steady() + timeout);
        let answer = move || {
            within::until(end, || {
                owned.with(|request| function.invoke(&plugin, request))
            })
        };
        async move {
            let answered = context.run_blocking("request", || guard(answer)).await?;
            // Panics here as it did there, so that a panic is one whatever kind the handler is of.
            answered.unwrap_or_else(|panic| go_on(panic))
        }
    }
}

/// A request that can go to another thread.
struct OwnedRequest {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    extensions: Vec<(String, Vec<u8>)>,
    params: Vec<(String, String)>,
    body: Vec<u8>,
}

impl OwnedRequest {
    fn new(request: &Request<'_>) -> Self {
        let own = |headers: &[jackfield_abi::Header<'_>]| {
            headers
                .iter()
                .map(|header| (header.name.to_string(), header.value.to_vec()))
                .collect()
        };
        Self {
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            headers: own(request.raw().headers.as_slice()),
            extensions: own(request.raw().extensions.as_slice()),
            params: request
                .params()
                .iter()
                .map(|&(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            body: request.body().to_vec(),
        }
    }

    fn with<R>(&self, function: impl FnOnce(Request<'_>) -> R) -> R {
        let (headers, extensions) = (borrow(&self.headers), borrow(&self.extensions));
        let raw = jackfield_abi::Request {
            method: self.method.as_str().into(),
            path: self.path.as_str().into(),
            query: self.query.as_str().into(),
            headers: headers.as_slice().into(),
            extensions: extensions.as_slice().into(),
            body: self.body.as_slice().into(),
            stream: jackfield_abi::ROption::RNone,
        };
        let mut request = Request::from_abi(&raw);
        let params: Params<'_> = self
            .params
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        request.set_params(params);
        function(request)
    }
}

fn borrow(headers: &[(String, Vec<u8>)]) -> Vec<jackfield_abi::Header<'_>> {
    headers
        .iter()
        .map(|(name, value)| jackfield_abi::Header {
            name: name.as_str().into(),
            value: value.as_slice().into(),
        })
        .collect()
}
