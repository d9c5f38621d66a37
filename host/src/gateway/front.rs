//! What all connections share.

use super::{
    access::Gate,
    body,
    chain::Chain,
    events::Hub,
    ids::RequestIds,
    mounts::{Mounts, PluginLimits},
    reply::Fault,
};
use http::{HeaderValue, StatusCode};
use jackfield_loader::Loader;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};
use tokio::runtime::Handle;

/// Who is at the other end of a connection.
pub(super) struct Client {
    pub(super) peer: SocketAddr,
    /// Its IP address as text.
    pub(super) address: String,
    /// By which name it addressed the host, once that was found good.
    pub(super) addressed: OnceLock<HeaderValue>,
}

impl Client {
    pub(super) fn new(peer: SocketAddr) -> Self {
        Self {
            peer,
            address: peer.ip().to_string(),
            addressed: OnceLock::new(),
        }
    }
}

/// All that requests need.
pub(super) struct Front {
    pub(super) loader: Arc<Loader>,
    pub(super) mounts: Mounts,
    /// The name of this host.
    pub(super) edge: String,
    pub(super) gate: Gate,
    pub(super) chain: Chain,
    /// `http`, or `https`.
    pub(super) scheme: &'static str,
    pub(super) ids: RequestIds,
    pub(super) hub: Arc<Hub>,
    /// Of bodies to the host's own routes.
    pub(super) limits: body::Limits,
}

impl Front {
    pub(super) fn new(
        loader: Arc<Loader>,
        scheme: &'static str,
        runtime: Handle,
        edge: String,
        gate: Gate,
        own: body::Limits,
        limits: impl Fn(&str) -> PluginLimits + Send + Sync + 'static,
    ) -> Self {
        Self {
            mounts: Mounts::new(Arc::clone(&loader), runtime, limits),
            loader,
            edge,
            gate,
            chain: Chain::default(),
            scheme,
            ids: RequestIds::new(),
            hub: Arc::new(Hub::new()),
            limits: own,
        }
    }
}

/// What no route is for.
pub(super) async fn no_route(request: axum::extract::Request) -> Fault {
    let (method, path) = (request.method(), request.uri().path());
    let shown: String = path.escape_debug().take(200).collect();
    Fault::new(StatusCode::NOT_FOUND, format!("No route: {method} {shown}"))
}
