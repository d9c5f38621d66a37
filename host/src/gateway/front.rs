//! What all connections share, and where each request goes.

use super::{
    api::Own,
    call::{About, call},
    events::Hub,
    ids::RequestIds,
    mounts::{Mounts, PluginLimits},
    own::{self, Common},
    reply::{Body, Fault, Reply},
    target::Target,
};
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::Either;
use hyper::body::Incoming;
use jackfield_loader::Loader;
use std::{convert::Infallible, sync::Arc};
use tokio::runtime::Handle;
use tower::ServiceExt;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Who is at the other end of a connection.
pub(super) struct Client {
    /// Its IP address as text.
    pub(super) address: String,
}

/// All that requests need.
pub(super) struct Front {
    pub(super) loader: Arc<Loader>,
    pub(super) mounts: Mounts,
    /// The name of this host.
    pub(super) edge: String,
    pub(super) ids: RequestIds,
    pub(super) hub: Arc<Hub>,
}

impl Front {
    pub(super) fn new(
        loader: Arc<Loader>,
        runtime: Handle,
        edge: String,
        limits: impl Fn(&str) -> PluginLimits + Send + Sync + 'static,
    ) -> Self {
        Self {
            mounts: Mounts::new(Arc::clone(&loader), runtime, limits),
            loader,
            edge,
            ids: RequestIds::new(),
            hub: Arc::new(Hub::new()),
        }
    }

    /// `http`, or `https`.
    pub(super) fn scheme(&self) -> &'static str {
        "http"
    }
}

/// What answers: the plugins, and the host's own routes.
pub(super) struct Service {
    pub(super) front: Arc<Front>,
    pub(super) own: Arc<Own>,
    pub(super) router: axum::Router,
}

impl Service {
    /// Answers one request.
    pub(super) async fn serve(&self, client: &Client, request: Request<Incoming>) -> Reply {
        let front = &*self.front;
        let request_id = front.ids.of(request.headers().get(REQUEST_ID));
        let (head, body) = request.into_parts();
        let mut reply = match Target::of(head.uri.path(), &front.edge) {
            Target::Own => self.host(Request::from_parts(head, body)).await,
            Target::Plugin { id, rest } => {
                let about = About {
                    client,
                    request_id: &request_id,
                };
                let reply = match Common::of(rest) {
                    Some(common) => own::answer(&self.own, common, id, &head.method).await,
                    None => call(front, id, rest, &head, body, about).await,
                };
                reply.unwrap_or_else(Reply::from)
            }
        };
        let headers = reply.headers_mut();
        headers.insert(REQUEST_ID, request_id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        reply
    }

    async fn host(&self, request: Request<Incoming>) -> Reply {
        let request = request.map(axum::body::Body::new);
        let Ok(reply): Result<_, Infallible> = self.router.clone().oneshot(request).await;
        reply.map(|body| -> Body { Either::Right(body) })
    }
}

/// What no route is for.
pub(super) async fn no_route(request: axum::extract::Request) -> Fault {
    let (method, path) = (request.method(), request.uri().path());
    let shown: String = path.escape_debug().take(200).collect();
    Fault::new(StatusCode::NOT_FOUND, format!("No route: {method} {shown}"))
}
