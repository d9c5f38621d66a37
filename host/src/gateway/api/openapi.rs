use super::Place;
use crate::gateway::openapi::{Operation, schema};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// `GET /openapi.json`.
pub(super) async fn openapi(axum::extract::State(own): Place) -> Response {
    let document = own.openapi.document(&own).await;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, document).into_response()
}

pub(super) fn operation() -> Operation {
    Operation::new("What can be asked of this host, as OpenAPI 3.1 has it").gives(schema::object([
        ("openapi", schema::text()),
        ("info", schema::any_object()),
        ("paths", schema::any_object()),
    ]))
}
