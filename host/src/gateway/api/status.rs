use super::{Own, Place, blocking, list::is_enabled};
use crate::{
    control::{PluginReport, reports_of},
    gateway::{
        openapi::{Operation, schema},
        reply::Fault,
    },
};
use axum::{Json, extract::State};
use jackfield_loader::{State as Stage, Status};
use serde_json::{Map, Value, json};

/// `GET /api/v1/status`.
pub(super) async fn status(State(own): Place) -> Result<Json<Value>, Fault> {
    blocking(&own, |own| Ok(Json(counts(own)))).await
}

fn counts(own: &Own) -> Value {
    let plugins = own.loader().plugins();
    let is =
        |wanted: fn(Stage) -> bool| plugins.iter().filter(|status| wanted(status.state)).count();
    let left_out = own.loader().left_out();
    let others = left_out.iter().filter(|file| {
        let of_none = |status: &Status| status.path != file.path;
        plugins.iter().all(of_none)
    });
    let reports = reports_of(&own.desk, &plugins);
    let each: Map<String, Value> = plugins
        .iter()
        .zip(&reports)
        .map(|(status, report)| (status.id.to_string(), one(status, report)))
        .collect();
    json!({
        "discovered": plugins.len() + others.count(),
        "loaded": is(|state| matches!(
            state,
            Stage::Loaded
                | Stage::Initializing
                | Stage::Initialized
                | Stage::Starting
                | Stage::Running
                | Stage::Stopping
        )),
        "active": is(|state| state == Stage::Running),
        "errors": is(|state| matches!(
            state,
            Stage::Failed | Stage::Rejected | Stage::Quarantined
        )),
        "plugins": each,
    })
}

fn one(status: &Status, report: &PluginReport) -> Value {
    let mut told = json!({
        "state": status.state,
        "type": status.manifest.kind,
        "version": status.version,
        "enabled": is_enabled(status),
    });
    let is_wrong = matches!(
        status.state,
        Stage::Failed | Stage::Rejected | Stage::Quarantined
    );
    let (key, value) = match (&report.health, report.reason()) {
        (Some(health), _) if health.misses > 0 => ("status_error", json!(health.message)),
        (Some(health), _) => ("status", json!(health)),
        (None, Some(reason)) if is_wrong => ("error", json!(reason)),
        (None, _) => ("status", json!({})),
    };
    told[key] = value;
    told
}

pub(super) fn operation() -> Operation {
    let plugin = schema::object([
        ("state", schema::text()),
        ("type", schema::text()),
        ("version", schema::text()),
        ("enabled", schema::flag()),
    ]);
    Operation::new("How many plugins there are in which state").gives(schema::object([
        ("discovered", schema::count()),
        ("loaded", schema::count()),
        ("active", schema::count()),
        ("errors", schema::count()),
        ("plugins", schema::map(plugin)),
    ]))
}
