//! The host's own routes.
//!
//! One file for each thing that is asked about: `list` (plugins), `menu`, `configuration`, `orders`
//! (start, stop and the like), `plans` (plan, graph, why), `health`, `status`, `topology` (edges),
//! `events`.

mod configuration;
mod events;
mod health;
mod list;
mod menu;
mod orders;
mod params;
mod plans;
mod query;
mod status;
mod topology;

use super::{
    front::{Front, no_route},
    reply::Fault,
};
use crate::control::Desk;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use http::{Method, StatusCode};
use jackfield_loader::Loader;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

pub(super) use topology::snapshot;

/// Bytes of a body to one of these routes.
pub(super) const MAX_BODY: u64 = 1 << 20;

/// What the host's own routes work at.
pub(super) struct Own {
    pub(super) front: Arc<Front>,
    pub(super) desk: Arc<Desk>,
    pub(super) began: Instant,
    /// The plan has been carried out.
    pub(super) is_ready: AtomicBool,
}

/// What a handler is given.
pub(super) type Place = axum::extract::State<Arc<Own>>;

impl Own {
    fn loader(&self) -> &Loader {
        &self.front.loader
    }

    pub(super) fn ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }
}

/// Runs what may wait for plugins, files or locks, where that keeps nobody.
pub(super) async fn blocking<R: Send + 'static>(
    own: &Arc<Own>,
    body: impl FnOnce(&Own) -> Result<R, Fault> + Send + 'static,
) -> Result<R, Fault> {
    let own = Arc::clone(own);
    let done = tokio::task::spawn_blocking(move || body(&own)).await;
    done.unwrap_or_else(|error| {
        let text = format!("the host made a mistake: {error}");
        Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, text))
    })
}

/// All of them.
pub(super) fn router(own: Arc<Own>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/health/live", get(health::alive))
        .route("/health/ready", get(health::ready))
        .route("/api/v1/health", get(health::host))
        .route("/api/v1/health/detailed", get(health::detailed))
        .route("/api/v1/status", get(status::status))
        .route("/api/plugins", get(list::all))
        .route("/api/plugins/menu", get(menu::menu))
        .route("/api/plugins/{id}", get(list::one))
        .route(
            "/api/plugins/{id}/config",
            get(configuration::show).post(configuration::save),
        )
        .route("/api/plugins/{id}/why", get(plans::why))
        .route("/api/plugins/{id}/{verb}", post(orders::order))
        .route("/api/plan", get(plans::plan))
        .route("/api/graph", get(plans::graph))
        .route("/edge/list", get(topology::list).post(topology::list))
        .route("/edge/disconnect/{edge}", post(topology::disconnect))
        .route("/edges", get(topology::edges))
        .route("/events", get(events::events))
        .fallback(no_route)
        .method_not_allowed_fallback(not_allowed)
        // It was read before, within its limit.
        .layer(DefaultBodyLimit::disable())
        .with_state(own)
}

async fn not_allowed(request: axum::extract::Request) -> Result<StatusCode, Fault> {
    let (method, path) = (request.method(), request.uri().path());
    if method == Method::OPTIONS {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("{method} is not allowed for {path}: the header `allow` says what is");
    Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, detail))
}
