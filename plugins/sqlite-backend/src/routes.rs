//! What it answers.

use crate::{
    backend::SqliteBackend,
    query::{Page, Part, Range},
};
use plugin_api::{prelude::*, serde_json::json};

pub(crate) fn declare(routes: &mut Routes<SqliteBackend>) {
    routes.get("/experiments", blocking(experiments));
    routes.get("/experiments/{id}", blocking(experiment));
    routes.delete("/experiments/{id}", blocking(delete));
    routes.get("/experiments/{id}/metrics", blocking(series));
    routes.get("/experiments/{id}/metrics/{name}", blocking(points));
    routes.get("/experiments/{id}/params", blocking(params));
    routes.get("/experiments/{id}/artifacts", blocking(artifacts));
    routes.get("/experiments/{id}/artifact", blocking(artifact));
}

fn missing(what: impl Into<String>) -> Error {
    Error::with_status(404, what)
}

/// The experiment that the path names, which is there.
fn named(backend: &SqliteBackend, request: &Request<'_>) -> Result<i64> {
    let store = &backend.keeper.store;
    let id = request.param("id")?;
    if id == "current" {
        return Ok(store.experiment());
    }
    let none = || missing(format!("there is no experiment `{id}`"));
    let id = id.parse().map_err(|_| none())?;
    match store.one(id)? {
        Some(experiment) => Ok(experiment.id),
        None => Err(none()),
    }
}

fn experiments(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let experiments = backend.keeper.store.experiments(Page::of(&request)?)?;
    Response::json(&json!({ "experiments": experiments }))
}

fn experiment(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let id = named(backend, &request)?;
    Response::json(&backend.keeper.store.one(id)?)
}

fn delete(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let id = named(backend, &request)?;
    let keeper = &backend.keeper;
    if id == keeper.store.experiment() {
        let text = format!("experiment {id} is under way: it can be deleted when it is over");
        return Err(Error::with_status(409, text));
    }
    keeper.store.delete(id)?;
    keeper.artifacts.forget_all(id)?;
    Ok(Response::new(204))
}

fn series(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let id = named(backend, &request)?;
    let series = backend.keeper.store.series(id)?;
    Response::json(&json!({ "metrics": series }))
}

fn points(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let (range, id) = (Range::of(&request)?, named(backend, &request)?);
    let name = request.param("name")?;
    match backend.keeper.store.points(id, &name, range)? {
        Some(points) => Response::json(&points),
        None => Err(missing(format!("experiment {id} has no metric `{name}`"))),
    }
}

fn params(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let id = named(backend, &request)?;
    Response::json(&backend.keeper.store.params_of(id)?)
}

fn artifacts(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let id = named(backend, &request)?;
    let artifacts = backend.keeper.store.artifacts(id)?;
    Response::json(&json!({ "artifacts": artifacts }))
}

fn artifact(backend: &SqliteBackend, request: Request<'_>) -> Result<Response> {
    let (part, id) = (Part::of(&request)?, named(backend, &request)?);
    let keeper = &backend.keeper;
    let Some(artifact) = keeper.store.artifact_at(id, &part.path)? else {
        let path = &part.path;
        return Err(missing(format!("experiment {id} has no artifact `{path}`")));
    };
    let length = part.length(artifact.bytes)?;
    let bytes = keeper
        .artifacts
        .get(id, &artifact.sha256, part.offset, length)?;
    Ok(Response::bytes(bytes)
        .with_header("content-type", "application/octet-stream")
        .with_header("x-artifact-bytes", artifact.bytes.to_string())
        .with_header("x-artifact-sha256", artifact.sha256))
}
