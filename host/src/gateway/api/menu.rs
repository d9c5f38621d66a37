use super::{Own, Place, blocking};
use crate::gateway::reply::Fault;
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

/// `GET /api/plugins/menu`.
pub(super) async fn menu(State(own): Place) -> Result<Json<Value>, Fault> {
    blocking(&own, |own| {
        let sections = sections(own);
        Ok(Json(json!({ "sections": sections })))
    })
    .await
}

/// What the running plugins add to the menu, by `order`, and within one by id. One that fails to say
/// is left out.
fn sections(own: &Own) -> Vec<Section> {
    let mut all = Vec::new();
    for status in own.loader().plugins() {
        let id = status.id.as_str();
        let plugin = own.loader().plugin(id);
        let Some(plugin) = plugin.filter(|_| status.state == Stage::Running) else {
            continue;
        };
        let described = plugin.describe("menu").map_err(|error| error.to_string());
        let read = |text: String| {
            serde_json::from_str::<Vec<Section>>(&text).map_err(|error| error.to_string())
        };
        match described.and_then(read) {
            Ok(sections) => all.extend(sections),
            Err(error) => log::warn!("{id}: left out of the menu: {error}"),
        }
    }
    all.sort_by_key(|section| section.order);
    all
}
