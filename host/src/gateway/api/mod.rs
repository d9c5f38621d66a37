//! The host's own routes.
//!
//! One file for each thing that is asked about: `list` (plugins), `menu`, `configuration`, `orders`
//! (start, stop and the like), `plans` (plan, graph, why), `health`, `status`, `topology` (edges),
//! `events`, `metrics`, `openapi`, `module` (of a plugin's page), `pages` (for people). What is taken
//! out of a request is in `query` and `parts`.

mod configuration;
mod events;
mod health;
mod list;
mod menu;
mod metrics;
mod module;
mod openapi;
mod orders;
mod pages;
mod parts;
mod plans;
mod query;
mod status;
mod topology;

use super::{
    front::{Front, no_route},
    modules::Modules,
    openapi::{Declared, Kept},
    reply::Fault,
};
use crate::control::Desk;
use axum::{Router, extract::DefaultBodyLimit};
use http::{Method, StatusCode};
use jackfield_loader::Loader;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Instant, SystemTime},
};

pub(super) use pages::is_page;
pub(super) use topology::snapshot;

/// Bytes of a body to one of these routes.
pub(super) const MAX_BODY: u64 = 1 << 20;

/// What the host's own routes work at.
pub(super) struct Own {
    pub(super) front: Arc<Front>,
    pub(super) desk: Arc<Desk>,
    pub(super) began: Instant,
    /// The same by the clock on the wall.
    pub(super) since: SystemTime,
    /// The plan has been carried out.
    pub(super) is_ready: AtomicBool,
    pub(super) openapi: Kept,
    pub(super) modules: Modules,
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
    declared()
        .router()
        .fallback(no_route)
        .method_not_allowed_fallback(not_allowed)
        // It was read before, within its limit.
        .layer(DefaultBodyLimit::disable())
        .with_state(own)
}

/// All of them, with what is told of them.
pub(super) fn declared() -> Declared {
    let list = topology::list_operation;
    pages::declare(Declared::default())
        .get("/healthz", health::alive, health::alive_operation())
        .get("/health/live", health::alive, health::alive_operation())
        .get("/health/ready", health::ready, health::ready_operation())
        .get("/api/v1/health", health::host, health::host_operation())
        .get(
            "/api/v1/health/detailed",
            health::detailed,
            health::detailed_operation(),
        )
        .get("/api/v1/status", status::status, status::operation())
        .get("/api/plugins", list::all, list::all_operation())
        .get("/api/plugins/menu", menu::menu, menu::operation())
        .get("/api/plugins/{id}", list::one, list::one_operation())
        .get(
            "/api/plugins/{id}/config",
            configuration::show,
            configuration::show_operation(),
        )
        .post(
            "/api/plugins/{id}/config",
            configuration::save,
            configuration::save_operation(),
        )
        .get("/api/plugins/{id}/why", plans::why, plans::why_operation())
        .post(
            "/api/plugins/{id}/{verb}",
            orders::order,
            orders::operation(),
        )
        .get("/api/plan", plans::plan, plans::plan_operation())
        .get("/api/graph", plans::graph, plans::graph_operation())
        .get("/edge/list", topology::list, list())
        .post("/edge/list", topology::list, list())
        .post(
            "/edge/disconnect/{edge}",
            topology::disconnect,
            topology::disconnect_operation(),
        )
        .get("/edges", topology::edges, topology::edges_operation())
        .get("/events", events::events, events::operation())
        .get("/metrics", metrics::metrics, metrics::operation())
        .get_as(
            "/plugins/{file}",
            "/plugins/{id}.js",
            module::module,
            module::operation(),
        )
        .get("/openapi.json", openapi::openapi, openapi::operation())
}

async fn not_allowed(request: axum::extract::Request) -> Result<StatusCode, Fault> {
    let (method, path) = (request.method(), request.uri().path());
    if method == Method::OPTIONS {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("{method} is not allowed for {path}: the header `allow` says what is");
    Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, detail))
}
