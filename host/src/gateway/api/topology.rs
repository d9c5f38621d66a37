use super::{Own, Place, blocking, list::is_enabled, params::Params};
use crate::gateway::reply::Fault;
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
                "ui_config": null,
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
    Params(edge): Params<String>,
) -> Result<Json<Value>, Fault> {
    let shown: String = edge.escape_debug().take(128).collect();
    if edge == own.front.edge {
        let text = format!("`{shown}` is this host: stop it to end it");
        return Err(Fault::new(StatusCode::CONFLICT, text));
    }
    let text = format!("no edge `{shown}` is connected");
    Err(Fault::new(StatusCode::NOT_FOUND, text))
}
