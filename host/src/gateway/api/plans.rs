use super::{Place, blocking, parts::Named};
use crate::{
    commands::{plan, why},
    error::chain,
    gateway::{
        openapi::{Operation, schema},
        reply::Fault,
    },
    graph::Graph,
};
use axum::{Json, extract::State};
use http::StatusCode;
use jackfield_loader::{Inventory, Proposal};
use serde_json::{Value, json};

/// `GET /api/plan`: what a start would do, by what lies on the disk and in the configuration now.
pub(super) async fn plan(State(own): Place) -> Result<Json<Value>, Fault> {
    blocking(&own, |own| {
        let proposal = propose(own)?;
        Ok(Json(json!(plan::tell(&proposal, false))))
    })
    .await
}

/// `GET /api/graph`.
pub(super) async fn graph(State(own): Place) -> Result<Json<Value>, Fault> {
    blocking(&own, |own| {
        let proposal = propose(own)?;
        let graph = Graph::of_plan(&proposal.plan, &proposal.nodes());
        let nodes = graph.nodes.iter().map(|node| {
            let status = own.loader().status(&node.id);
            json!({
                "id": node.id,
                "version": node.version,
                "plan": node.state.as_str(),
                "note": node.note,
                "state": status.map(|status| status.state),
            })
        });
        let edges = graph.edges.iter().map(|edge| {
            json!({
                "from": graph.nodes[edge.from].id,
                "to": graph.nodes[edge.to].id,
                "kind": edge.kind.as_str(),
            })
        });
        let (nodes, edges): (Vec<_>, Vec<_>) = (nodes.collect(), edges.collect());
        Ok(Json(json!({ "nodes": nodes, "edges": edges })))
    })
    .await
}

/// `GET /api/plugins/{id}/why`.
pub(super) async fn why(State(own): Place, Named(id): Named<String>) -> Result<Json<Value>, Fault> {
    blocking(&own, move |own| {
        let proposal = propose(own)?;
        let told = why::tell(&id, &proposal);
        match told.is_unknown() {
            true => Err(own.front.mounts.unknown(&id)),
            false => Ok(Json(json!(told))),
        }
    })
    .await
}

fn propose(own: &super::Own) -> Result<Proposal, Fault> {
    let options = own
        .desk
        .options()
        .map_err(|error| Fault::new(StatusCode::CONFLICT, chain(&error)))?;
    Inventory::new(options).propose().map_err(|error| {
        let text = chain(&error);
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    })
}

pub(super) fn plan_operation() -> Operation {
    let text = schema::text;
    let start = schema::object([
        ("id", text()),
        ("version", text()),
        ("path", text()),
        ("after", schema::list(text())),
    ]);
    let rejected = schema::object([
        ("id", schema::maybe(text())),
        ("path", text()),
        ("code", text()),
        ("message", text()),
        ("root_cause", schema::maybe(text())),
    ]);
    Operation::new("What a start would do now")
        .gives(schema::object([
            ("start", schema::list(start)),
            ("rejected", schema::list(rejected)),
        ]))
        .fails(409, "the configuration is not good")
}

pub(super) fn graph_operation() -> Operation {
    let text = schema::text;
    let node = schema::object([
        ("id", text()),
        ("version", text()),
        ("plan", text()),
        ("note", text()),
        ("state", schema::maybe(text())),
    ]);
    let edge = schema::object([("from", text()), ("to", text()), ("kind", text())]);
    Operation::new("Which plugin depends on which")
        .gives(schema::object([
            ("nodes", schema::list(node)),
            ("edges", schema::list(edge)),
        ]))
        .fails(409, "the configuration is not good")
}

pub(super) fn why_operation() -> Operation {
    let text = schema::text;
    let link = schema::object([
        ("id", text()),
        ("version", text()),
        ("path", text()),
        ("reasons", schema::list(schema::any_object())),
    ]);
    let awaited = schema::object([("id", text()), ("need", text())]);
    let dependent = schema::object([("id", text()), ("optional", schema::flag())]);
    Operation::new("Why a plugin would start, or would not")
        .path("id", "the plugin's id")
        .gives(schema::object([
            ("id", text()),
            ("version", schema::maybe(text())),
            ("path", schema::maybe(text())),
            ("outcome", text()),
            ("chain", schema::list(link)),
            ("root_cause", schema::maybe(text())),
            ("waits_for", schema::list(awaited)),
            ("required_by", schema::list(dependent)),
            ("degraded", schema::list(text())),
        ]))
        .fails(404, "there is no such plugin")
        .fails(409, "the configuration is not good")
        .fails(410, "the plugin was removed")
}
