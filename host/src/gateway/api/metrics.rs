use super::{Place, blocking};
use crate::gateway::{
    metrics::gather,
    openapi::{Operation, schema},
    own,
    reply::Fault,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use http::{StatusCode, header::CONTENT_TYPE};
use jackfield_loader::State as Stage;
use prometheus::{TEXT_FORMAT, TextEncoder};
use std::time::Duration;
use tokio::time::timeout;

/// How long a plugin may take to say how many sessions it has; without an answer it is left out.
const PATIENCE: Duration = Duration::from_secs(1);

/// `GET /metrics`.
pub(super) async fn metrics(State(own): Place) -> Result<Response, Fault> {
    let plugins = own.front.loader.plugins();
    let running = plugins
        .iter()
        .filter(|status| status.state == Stage::Running);
    let mounts = running.filter_map(|status| own.front.mounts.get(status.id.as_str()).ok());
    let asked = mounts.map(|mount| async move {
        let sessions = timeout(PATIENCE, own::sessions(&mount)).await.ok()??;
        Some((mount.handle.id().to_string(), sessions))
    });
    let sessions = join_all(asked).await.into_iter().flatten().collect();
    blocking(&own, move |own| {
        let written = TextEncoder::new().encode_to_string(&gather(own, &sessions));
        let text = written.map_err(|error| {
            let text = format!("the host made a mistake: {error}");
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, text)
        })?;
        Ok(([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response())
    })
    .await
}

pub(super) fn operation() -> Operation {
    Operation::new("What is counted, for Prometheus").answers(
        200,
        "metrics in the text format",
        TEXT_FORMAT,
        schema::text(),
    )
}
