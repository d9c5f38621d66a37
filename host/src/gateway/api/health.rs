use super::{Own, Place, blocking, list::is_enabled};
use crate::{
    control::{self, reports_of},
    gateway::{
        openapi::{Operation, schema},
        own::{health_object, health_schema, is_healthy},
        reply::Fault,
    },
};
use axum::{Json, extract::State};
use http::StatusCode;
use jackfield_loader::Status;
use serde_json::{Map, Value, json};
use std::{sync::atomic::Ordering, time::SystemTime};

/// `GET /healthz`, `GET /health/live`.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /health/ready`: 503 until the plan has been carried out.
pub(super) async fn ready(State(own): Place) -> Result<Json<Value>, Fault> {
    match own.is_ready.load(Ordering::Acquire) {
        true => Ok(Json(json!({ "status": "ready" }))),
        false => {
            let text = "the host is starting its plugins: ask again";
            Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, text).with("status", "starting"))
        }
    }
}

/// `GET /api/v1/health`.
pub(super) async fn host(State(own): Place) -> Json<Value> {
    let now = humantime::format_rfc3339_millis(SystemTime::now());
    Json(json!({
        "status": "healthy",
        "service": "jackfield",
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": now.to_string(),
        "uptime_seconds": own.began.elapsed().as_secs_f64(),
    }))
}

/// `GET /api/v1/health/detailed`.
pub(super) async fn detailed(State(own): Place) -> Result<Json<Value>, Fault> {
    blocking(&own, |own| Ok(Json(container(own)))).await
}

fn container(own: &Own) -> Value {
    let plugins = own.loader().plugins();
    let enabled: Vec<Status> = plugins.into_iter().filter(is_enabled).collect();
    let (total, healthy) = (
        enabled.len(),
        enabled.iter().filter(|one| is_healthy(one)).count(),
    );
    let reports = reports_of(&own.desk, &enabled);
    let services: Map<String, Value> = enabled
        .iter()
        .zip(&reports)
        .map(|(status, report)| {
            let object = health_object(own.loader(), status, report, None);
            (status.id.to_string(), object)
        })
        .collect();
    let container = match healthy == total {
        true => "healthy",
        false => "degraded",
    };
    json!({
        "container": container,
        "services": services,
        "summary": { "total": total, "healthy": healthy, "unhealthy": total - healthy },
        "process": control::process(own.began.elapsed()),
        "system": control::machine(),
    })
}

pub(super) fn alive_operation() -> Operation {
    Operation::new("Whether the host is there")
        .gives(schema::object([("status", schema::words(&["ok"]))]))
        .public()
}

pub(super) fn ready_operation() -> Operation {
    Operation::new("Whether the host has started its plugins")
        .gives(schema::object([("status", schema::words(&["ready"]))]))
        .fails(503, "it is starting them")
        .public()
}

pub(super) fn host_operation() -> Operation {
    Operation::new("How the host itself does").gives(schema::object([
        ("status", schema::text()),
        ("service", schema::words(&["jackfield"])),
        ("version", schema::text()),
        (
            "timestamp",
            json!({ "type": "string", "format": "date-time" }),
        ),
        ("uptime_seconds", schema::number()),
    ]))
}

pub(super) fn detailed_operation() -> Operation {
    let summary = schema::object([
        ("total", schema::count()),
        ("healthy", schema::count()),
        ("unhealthy", schema::count()),
    ]);
    Operation::new("How the host and each enabled plugin do").gives(schema::object([
        ("container", schema::words(&["healthy", "degraded"])),
        ("services", schema::map(health_schema())),
        ("summary", summary),
        ("process", schema::any_object()),
        ("system", schema::any_object()),
    ]))
}
