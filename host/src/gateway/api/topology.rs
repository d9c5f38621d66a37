use super::{Own, Place, blocking, list::is_enabled, parts::Named};
use crate::gateway::{
    openapi::{Operation, schema},
    own::ui,
    reply::Fault,
};
use axum::{Json, extract::State};
use http::StatusCode;
use jackfield_loader::State as Stage;
use serde_json::{Map, Value, json};

/// `POST /edge/list`, `GET /edge/list`.
pub(super) async fn list(
    State(own): Place,
    headers: http::HeaderMap,
) -> Result<Json<Value>, Fault> {
    let host = headers.get(http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).map(str::to_owned);
    blocking(&own, move |own| {
        let mut data = snapshot(own);
        let scheme = own.front.scheme;
        data["bridge"] = json!({ "url": host.map(|host| format!("{scheme}://{host}")) });
        Ok(Json(json!({ "data": data })))
    })
    .await
}

/// The edges with their plugins.
pub(in crate::gateway) fn snapshot(own: &Own) -> Value {
    let edge = &own.front.edge;
    let plugins = own.loader().plugins();
    let here = plugins.iter().filter(|status| is_enabled(status));
    let here: Map<String, Value> = here
        .map(|status| {
            let id = status.id.as_str();
            let plugin = json!({
                "type": id,
                "namespace": format!("/{edge}/{id}"),
                "version": status.version,
                "enabled": status.state == Stage::Running,
                "state": status.state,
                "ui_config": ui(status),
            });
            (id.to_owned(), plugin)
        })
        .collect();
    json!({
        "bridge": { "url": null },
        "edges": { (&**edge): { "endpoint": { "type": "jackfield" }, "plugins": here } },
    })
}

/// `GET /edges`.
pub(super) async fn edges(State(own): Place) -> Json<Value> {
    let plugins = own.loader().plugins();
    let here = plugins.iter().filter(|status| is_enabled(status));
    let here: Vec<&str> = here.map(|status| status.id.as_str()).collect();
    let count = here.len();
    Json(json!({
        "edges": [{
            "name": own.front.edge,
            "plugins": here,
            "connected": true,
            "plugin_count": count,
        }],
        "total": 1,
    }))
}

/// `POST /edge/disconnect/{edge}`: there is none but this one, which cannot leave itself.
pub(super) async fn disconnect(
    State(own): Place,
    Named(edge): Named<String>,
) -> Result<Json<Value>, Fault> {
    let shown: String = edge.escape_debug().take(128).collect();
    if edge == own.front.edge {
        let text = format!("`{shown}` is this host: stop it to end it");
        return Err(Fault::new(StatusCode::CONFLICT, text));
    }
    let text = format!("no edge `{shown}` is connected");
    Err(Fault::new(StatusCode::NOT_FOUND, text))
}

/// Of `GET` and `POST /edge/list`.
pub(super) fn list_operation() -> Operation {
    let plugin = schema::object([
        ("type", schema::text()),
        ("namespace", schema::text()),
        ("version", schema::text()),
        ("enabled", schema::flag()),
        ("state", schema::text()),
        ("ui_config", schema::any_object()),
    ]);
    let edge = schema::object([
        ("endpoint", schema::object([("type", schema::text())])),
        ("plugins", schema::map(plugin)),
    ]);
    let bridge = schema::object([("url", schema::maybe(schema::text()))]);
    let data = schema::object([("bridge", bridge), ("edges", schema::map(edge))]);
    Operation::new("The hosts with their plugins").gives(schema::object([("data", data)]))
}

pub(super) fn edges_operation() -> Operation {
    let edge = schema::object([
        ("name", schema::text()),
        ("plugins", schema::list(schema::text())),
        ("connected", schema::flag()),
        ("plugin_count", schema::count()),
    ]);
    Operation::new("The hosts").gives(schema::object([
        ("edges", schema::list(edge)),
        ("total", schema::count()),
    ]))
}

pub(super) fn disconnect_operation() -> Operation {
    let done = schema::object([("status", schema::text()), ("edge", schema::text())]);
    Operation::new("Has a host leave")
        .path("edge", "its name")
        .gives(done)
        .fails(404, "there is no such host")
        .fails(409, "it is this host")
}
