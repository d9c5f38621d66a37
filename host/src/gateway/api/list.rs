use super::{Own, Place, blocking, parts::Named, query::flag};
use crate::{
    control::{PluginReport, report_of, reports_of},
    gateway::{
        openapi::{Operation, schema},
        reply::Fault,
    },
};
use axum::{Json, extract::State};
use http::Uri;
use jackfield_loader::{Isolation, State as Stage, Status};
use serde_json::{Value, json};

/// `GET /api/plugins`: those that are enabled, or all.
pub(super) async fn all(State(own): Place, uri: Uri) -> Result<Json<Value>, Fault> {
    let all = flag(&uri, "all")?;
    blocking(&own, move |own| {
        let plugins: Vec<Value> = entries(own)
            .into_iter()
            .filter(|(enabled, _)| all || *enabled)
            .map(|(_, entry)| entry)
            .collect();
        Ok(Json(json!({ "count": plugins.len(), "plugins": plugins })))
    })
    .await
}

/// `GET /api/plugins/{id}`.
pub(super) async fn one(State(own): Place, Named(id): Named<String>) -> Result<Json<Value>, Fault> {
    blocking(&own, move |own| {
        let status = known(own, &id)?;
        let report = report_of(&own.desk, &status);
        Ok(Json(entry(own, &status, &report)))
    })
    .await
}

/// The plugin of that id.
pub(super) fn known(own: &Own, id: &str) -> Result<Status, Fault> {
    let status = own.loader().status(id);
    status.ok_or_else(|| own.front.mounts.unknown(id))
}

fn entries(own: &Own) -> Vec<(bool, Value)> {
    let plugins = own.loader().plugins();
    let reports = reports_of(&own.desk, &plugins);
    let entries = plugins.iter().zip(&reports);
    entries
        .map(|(status, report)| (is_enabled(status), entry(own, status, report)))
        .collect()
}

/// Whether the operator wants it to run.
pub(super) fn is_enabled(status: &Status) -> bool {
    status.state != Stage::Disabled
}

fn entry(own: &Own, status: &Status, report: &PluginReport) -> Value {
    let manifest = &status.manifest;
    let started = matches!(status.state, Stage::Running).then_some(&report.since);
    json!({
        "id": report.id,
        "name": manifest.name,
        "version": report.version,
        "description": manifest.description,
        "author": manifest.authors.join(", "),
        "kind": report.kind,
        "state": report.state,
        "reason": report.reason(),
        "root_cause": report.root_cause,
        "enabled": is_enabled(status),
        "isolation": match own.loader().isolation(&status.id) {
            Isolation::None => "in-process",
            Isolation::Process => "process",
        },
        "priority": own.loader().priority(status),
        "health": report.health,
        "started_at": started,
        "restarts": report.restarts,
        "hash": report.sha256,
        "signature": null,
    })
}

pub(super) fn all_operation() -> Operation {
    Operation::new("The plugins that are enabled")
        .query("all", "those that are not enabled too", schema::flag())
        .gives(schema::object([
            ("count", schema::count()),
            ("plugins", schema::list(entry_schema())),
        ]))
}

pub(super) fn one_operation() -> Operation {
    Operation::new("One plugin")
        .path("id", "its id")
        .gives(entry_schema())
        .fails(404, "there is no such plugin")
        .fails(410, "it was removed")
}

fn entry_schema() -> Value {
    let text = schema::text;
    schema::object([
        ("id", text()),
        ("name", text()),
        ("version", text()),
        ("description", text()),
        ("author", text()),
        ("kind", text()),
        ("state", text()),
        ("reason", schema::maybe(text())),
        ("root_cause", schema::maybe(text())),
        ("enabled", schema::flag()),
        ("isolation", text()),
        ("priority", schema::whole()),
        ("health", schema::maybe(schema::any_object())),
        ("started_at", schema::maybe(text())),
        ("restarts", schema::count()),
        ("hash", schema::maybe(text())),
        ("signature", schema::maybe(text())),
    ])
}
