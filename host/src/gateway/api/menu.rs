use super::Place;
use crate::gateway::openapi::{Operation, schema};
use axum::{Json, extract::State};
use jackfield_loader::State as Stage;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A section of the menu, in the order of keys in which it is sent.
#[derive(Debug, Serialize, Deserialize)]
struct Section {
    id: String,
    label: String,
    #[serde(default)]
    icon: Option<String>,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default = "usual_order")]
    order: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Item {
    id: String,
    label: String,
    path: String,
    #[serde(default)]
    icon: Option<String>,
}

const fn usual_order() -> i64 {
    100
}

/// `GET /api/plugins/menu`: what the running plugins add to it, by `order`, and within one by id. One
/// that fails to say, or takes too long, is left out.
pub(super) async fn menu(State(own): Place) -> Json<Value> {
    let plugins = own.loader().plugins();
    let running = plugins
        .iter()
        .filter(|status| status.state == Stage::Running);
    let asked = running.map(|status| {
        let own = &own;
        async move {
            let id = status.id.as_str();
            let mount = own.front.mounts.get(id).ok()?;
            let told = mount.told("menu").await.map_err(|error| error.to_string());
            let read = |text: String| {
                serde_json::from_str::<Vec<Section>>(&text).map_err(|error| error.to_string())
            };
            told.and_then(read)
                .inspect_err(|error| log::warn!("{id}: left out of the menu: {error}"))
                .ok()
        }
    });
    let told = futures_util::future::join_all(asked).await;
    let mut sections: Vec<Section> = told.into_iter().flatten().flatten().collect();
    sections.sort_by_key(|section| section.order);
    Json(json!({ "sections": sections }))
}

pub(super) fn operation() -> Operation {
    let text = schema::text;
    let item = schema::object([
        ("id", text()),
        ("label", text()),
        ("path", text()),
        ("icon", schema::maybe(text())),
    ]);
    let section = schema::object([
        ("id", text()),
        ("label", text()),
        ("icon", schema::maybe(text())),
        ("items", schema::list(item)),
        ("order", schema::whole()),
    ]);
    Operation::new("What the running plugins add to a menu")
        .gives(schema::object([("sections", schema::list(section))]))
}
