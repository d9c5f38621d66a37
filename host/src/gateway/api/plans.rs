use super::{Place, blocking, params::Params};
use crate::{
    commands::{plan, why},
    error::chain,
    gateway::reply::Fault,
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
pub(super) async fn why(
    State(own): Place,
    Params(id): Params<String>,
) -> Result<Json<Value>, Fault> {
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
