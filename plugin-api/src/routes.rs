mod describe;
mod hooks;
mod said;
mod sessions;

use crate::{
    Context, Error, Handler, Request, Response,
    ffi::Opening,
    handler::{ErasedHandler, erase},
};
use hooks::Hooks;
use jackfield_abi::{Failure, FailureCode};
use said::Said;
use sessions::Kept;
use std::{collections::HashMap, future::ready, sync::Arc};

/// What a plugin answers: patterns such as `/greet/{name}` or `/files/{*path}`, each with a handler
/// for each method.
///
/// Matching is done on the path as it came, so that `%2F` in a parameter stays in the parameter.
/// `HEAD` is answered by the handler of `GET`, `OPTIONS` by the list of methods, where there is no
/// handler for them.
///
/// What its handler's types say of a route is told to whoever lists the routes; what they do not say is
/// told by [`summary`](Self::summary) and what follows it, of the route that was declared last:
///
/// ```
/// # use plugin_api::prelude::*;
/// # struct Shop;
/// # impl Shop {
/// #     async fn item(&self, Path(_item): Path<u64>) -> Result<Json<u64>> { Ok(Json(1)) }
/// # }
/// # fn routes(routes: &mut Routes<Shop>) {
/// routes
///     .get("/items/{item}", Shop::item)
///     .summary("How many there are")
///     .error(404, "no such item");
/// # }
/// ```
pub struct Routes<T> {
    patterns: HashMap<String, usize>,
    router: matchit::Router<usize>,
    methods: Vec<Methods<T>>,
    fallback: Option<Box<dyn ErasedHandler<T>>>,
    faults: Vec<String>,
    /// Where the route is that was declared last.
    last: Option<(usize, usize)>,
    /// `None` only while routes are declared.
    sessions: Option<Kept<T>>,
    hooks: Hooks<T>,
}

type Methods<T> = Vec<Route<T>>;

/// What answers one method of a pattern.
struct Route<T> {
    method: &'static str,
    handler: Box<dyn ErasedHandler<T>>,
    said: Option<Box<Said>>,
}

impl<T> Route<T> {
    fn new(method: &'static str, handler: Box<dyn ErasedHandler<T>>) -> Self {
        let said = None;
        Self {
            method,
            handler,
            said,
        }
    }
}

impl<T: Send + Sync + 'static> Routes<T> {
    pub(crate) fn new() -> Self {
        Self {
            patterns: HashMap::new(),
            router: matchit::Router::new(),
            methods: Vec::new(),
            fallback: None,
            faults: Vec::new(),
            last: None,
            sessions: None,
            hooks: Hooks::default(),
        }
    }

    /// Answers `GET` (and `HEAD`).
    pub fn get<K: 'static>(&mut self, pattern: &str, handler: impl Handler<T, K>) -> &mut Self {
        self.on("GET", pattern, handler)
    }

    /// Answers `POST`.
    pub fn post<K: 'static>(&mut self, pattern: &str, handler: impl Handler<T, K>) -> &mut Self {
        self.on("POST", pattern, handler)
    }

    /// Answers `PUT`.
    pub fn put<K: 'static>(&mut self, pattern: &str, handler: impl Handler<T, K>) -> &mut Self {
        self.on("PUT", pattern, handler)
    }

    /// Answers `PATCH`.
    pub fn patch<K: 'static>(&mut self, pattern: &str, handler: impl Handler<T, K>) -> &mut Self {
        self.on("PATCH", pattern, handler)
    }

    /// Answers `DELETE`.
    pub fn delete<K: 'static>(&mut self, pattern: &str, handler: impl Handler<T, K>) -> &mut Self {
        self.on("DELETE", pattern, handler)
    }

    /// Answers a method in upper case. A pattern that cannot be (two handlers for one method, two
    /// patterns that match the same path, bad braces) makes `initialize` fail and says so.
    pub fn on<K: 'static>(
        &mut self,
        method: &'static str,
        pattern: &str,
        handler: impl Handler<T, K>,
    ) -> &mut Self {
        self.declare(method, pattern, erase(handler))
    }

    /// Answers whatever no pattern matches, in every method.
    pub fn fallback<K: 'static>(&mut self, handler: impl Handler<T, K>) -> &mut Self {
        self.fallback = Some(erase(handler));
        self
    }

    fn declare(
        &mut self,
        method: &'static str,
        pattern: &str,
        handler: Box<dyn ErasedHandler<T>>,
    ) -> &mut Self {
        match self.add(method, pattern, handler) {
            Ok(place) => {
                self.last = Some(place);
                self
            }
            Err(fault) => self.fault(method, pattern, &fault),
        }
    }

    fn fault(&mut self, method: &str, pattern: &str, fault: &str) -> &mut Self {
        let fault = format!("route {method} {pattern}: {fault}");
        self.faults.push(fault);
        self
    }

    fn add(
        &mut self,
        method: &'static str,
        pattern: &str,
        handler: Box<dyn ErasedHandler<T>>,
    ) -> Result<(usize, usize), String> {
        let index = match self.patterns.get(pattern) {
            Some(&index) => index,
            None => {
                let index = self.methods.len();
                self.router
                    .insert(pattern, index)
                    .map_err(|error| error.to_string())?;
                self.patterns.insert(pattern.to_owned(), index);
                self.methods.push(Methods::new());
                index
            }
        };
        let methods = &mut self.methods[index];
        if methods.iter().any(|known| known.method == method) {
            return Err("it has a handler already".to_owned());
        }
        methods.push(Route::new(method, handler));
        Ok((index, methods.len() - 1))
    }

    /// Everything that was wrong with the declarations, or nothing.
    pub(crate) fn faults(&self) -> Option<String> {
        (!self.faults.is_empty()).then(|| self.faults.join("; "))
    }

    /// Finds the handler and begins to answer; true when the answer is there.
    pub(crate) fn dispatch<'a>(
        &'a self,
        plugin: &'a Arc<T>,
        context: &'a Context,
        mut request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        if !request.raw().extensions.is_empty()
            && let Some(phase) = request.extension("phase")
        {
            return self.hook(phase, plugin, context, request, opening);
        }
        let matched = if self.methods.is_empty() {
            None
        } else {
            self.router.at(request.path()).ok()
        };
        if let Some(matched) = matched {
            let methods = &self.methods[*matched.value];
            if let Some(handler) = select(methods, request.method()) {
                request.set_params(matched.params.iter().collect());
                return call(handler, plugin, context, request, opening);
            }
            return self.elsewhere(Some(methods), plugin, context, request, opening);
        }
        self.elsewhere(None, plugin, context, request, opening)
    }

    /// Answers what no route of the plugin's does, though a pattern of its own may match.
    fn elsewhere<'a>(
        &'a self,
        own: Option<&Methods<T>>,
        plugin: &'a Arc<T>,
        context: &'a Context,
        mut request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        let mut known: Option<&Methods<T>> = None;
        if let Some((methods, params)) = self.standard(request.path()) {
            if let Some(handler) = select(methods, request.method()) {
                request.set_params(params);
                return call(handler, plugin, context, request, opening);
            }
            known = Some(methods);
        }
        match &self.fallback {
            _ if own.is_some() || known.is_some() => {
                let known: Vec<&Methods<T>> = own.into_iter().chain(known).collect();
                opening.answer(ready(Ok(not_allowed(&known, request.method()))))
            }
            Some(handler) => call(&**handler, plugin, context, request, opening),
            None => opening.refuse(no_route(context, &request)),
        }
    }
}

fn call<'a, T>(
    handler: &'a dyn ErasedHandler<T>,
    plugin: &'a Arc<T>,
    context: &'a Context,
    request: Request<'a>,
    opening: Opening<'_, 'a, '_>,
) -> bool {
    if request.raw().stream.is_rsome() && !handler.takes_stream() {
        return opening.fail(streamed());
    }
    handler.call_erased(plugin, context, request, opening)
}

#[cold]
fn streamed() -> Failure {
    let text = "a request with a streamed body, which this route does not take: it has to be whole";
    Failure::new(FailureCode::UNSUPPORTED, text)
}

fn no_route(context: &Context, request: &Request<'_>) -> Error {
    let (method, id, path) = (request.method(), context.id(), request.path());
    Error::with_status(404, format!("No route: {method} /{id}{path}"))
}

fn select<'m, T>(methods: &'m Methods<T>, method: &str) -> Option<&'m dyn ErasedHandler<T>> {
    let find = |wanted: &str| {
        methods
            .iter()
            .find(|route| route.method == wanted)
            .map(|route| &*route.handler)
    };
    find(method).or_else(|| if method == "HEAD" { find("GET") } else { None })
}

/// Tells which methods all of these take.
fn not_allowed<T>(known: &[&Methods<T>], method: &str) -> Response {
    let mut allow: Vec<&str> = Vec::new();
    let methods = known.iter().copied().flatten();
    for method in methods.map(|route| route.method) {
        if !allow.contains(&method) {
            allow.push(method);
        }
    }
    if allow.contains(&"GET") && !allow.contains(&"HEAD") {
        allow.push("HEAD");
    }
    allow.push("OPTIONS");
    let allow = allow.join(", ");
    if method == "OPTIONS" {
        return Response::new(204).with_header("allow", allow);
    }
    let error = Error::with_status(405, format!("{method} is not allowed here, only {allow}"));
    Response::error(&error).with_header("allow", allow)
}
