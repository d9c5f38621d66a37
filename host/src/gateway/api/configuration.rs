use super::{
    Place, blocking,
    list::known,
    orders::refused,
    parts::{Named, Whole},
    query::object,
};
use crate::{
    commands::set::SetError,
    control::{self, SaveError, Saved},
    error::chain,
    gateway::{
        openapi::{Operation, schema},
        reply::Fault,
    },
};
use axum::{Json, extract::State};
use bytes::Bytes;
use http::StatusCode;
use jackfield_loader::{ConfigError, ReconfigureError};
use serde_json::{Map, Value, json};

/// `GET /api/plugins/{id}/config`, its secrets masked.
pub(super) async fn show(
    State(own): Place,
    Named(id): Named<String>,
) -> Result<Json<Value>, Fault> {
    blocking(&own, move |own| {
        known(own, &id)?;
        let shown = control::configuration(&own.desk, &id).map_err(failed)?;
        Ok(Json(json!(shown)))
    })
    .await
}

/// `POST /api/plugins/{id}/config`.
pub(super) async fn save(
    State(own): Place,
    Named(id): Named<String>,
    Whole(body): Whole,
) -> Result<Json<Value>, Fault> {
    let config = wanted(&body)?;
    let job = own.desk.job().map_err(refused)?;
    blocking(&own, move |own| {
        let _job = job;
        known(own, &id)?;
        let Saved { shown, note } = control::save(&own.desk, &id, &config).map_err(failed)?;
        let mut told = json!(shown);
        told["status"] = json!("saved");
        told["note"] = json!(note);
        Ok(Json(told))
    })
    .await
}

fn wanted(body: &Bytes) -> Result<Map<String, Value>, Fault> {
    match object(body)?.remove("config") {
        Some(Value::Object(config)) => Ok(config),
        found => {
            let found = match found {
                None => "no `config`",
                Some(_) => "a `config` that is no object",
            };
            let text = format!("expected {{\"config\": {{…}}}} as the body, found {found}");
            Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, text))
        }
    }
}

fn failed(error: SaveError) -> Fault {
    let text = chain(&error);
    let status = match &error {
        SaveError::Set(SetError::Config { error, .. }) => return unfit(&text, error),
        SaveError::Set(SetError::Unknown { .. }) => StatusCode::NOT_FOUND,
        SaveError::Set(error) if error.code() == 1 => StatusCode::INTERNAL_SERVER_ERROR,
        SaveError::Refused(ReconfigureError::Config(error)) => return unfit(&text, error),
        SaveError::Late(_) => StatusCode::GATEWAY_TIMEOUT,
        SaveError::Config(_)
        | SaveError::Refused(ReconfigureError::Busy(_) | ReconfigureError::NotRunning { .. }) => {
            StatusCode::CONFLICT
        }
        SaveError::Stuck { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        SaveError::Set(_) | SaveError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Fault::new(status, text)
}

/// With the fields that do not fit.
fn unfit(text: &str, error: &ConfigError) -> Fault {
    let fields: Vec<Value> = match error {
        ConfigError::Schema(_) => Vec::new(),
        ConfigError::Violations(violations) => {
            let fields = violations.iter().map(|violation| {
                json!({
                    "field": violation.field,
                    "expected": violation.expected,
                    "found": violation.found,
                })
            });
            fields.collect()
        }
    };
    Fault::new(StatusCode::UNPROCESSABLE_ENTITY, text).with("fields", fields)
}

pub(super) fn show_operation() -> Operation {
    Operation::new("A plugin's configuration, its secrets masked")
        .path("id", "the plugin's id")
        .gives(shown())
        .fails(404, "there is no such plugin")
        .fails(409, "the host's own configuration is not good")
        .fails(410, "the plugin was removed")
        .fails(422, "it cannot be told")
}

pub(super) fn save_operation() -> Operation {
    let body = schema::object([("config", schema::any_object())]);
    let note = schema::object([("status", schema::text()), ("note", schema::text())]);
    let mut unfit = schema::error();
    unfit["properties"]["fields"] = schema::list(schema::object([
        ("field", schema::text()),
        ("expected", schema::text()),
        ("found", schema::text()),
    ]));
    let (text, json) = ("it does not fit: nothing has changed", "application/json");
    Operation::new("Checks a plugin's configuration, writes it, and gives it to the plugin")
        .path("id", "the plugin's id")
        .body(body)
        .gives(json!({ "allOf": [shown(), note] }))
        .fails(404, "there is no such plugin")
        .fails(409, "it cannot be changed as things are")
        .fails(410, "the plugin was removed")
        .fails(413, "the body is too long")
        .answers(422, text, json, unfit)
        .fails(504, "the plugin did not take it in time")
}

fn shown() -> Value {
    schema::object([
        ("config", schema::any_object()),
        ("source", schema::words(&["file", "defaults"])),
        ("path", schema::maybe(schema::text())),
    ])
}
