use super::Place;
use crate::gateway::{
    events::{Filter, Reader},
    openapi::{Operation, schema},
};
use axum::{body::Body, extract::State, response::Response};
use http::{HeaderMap, HeaderValue, Uri, header};
use std::sync::Arc;

/// `GET /events`.
pub(super) async fn events(State(own): Place, uri: Uri, headers: HeaderMap) -> Response {
    let filter = Filter::of(uri.query().unwrap_or_default());
    let last = headers.get("last-event-id");
    let last = last.and_then(|last| last.to_str().ok());
    let reader = Reader::new(Arc::clone(&own.front.hub), filter, last);
    let mut response = Response::new(Body::new(reader));
    let headers = response.headers_mut();
    let event_stream = HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, event_stream);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // A proxy that collects would keep events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

pub(super) fn operation() -> Operation {
    let several = || schema::list(schema::text());
    Operation::new("What happens, as server-sent events; it ends when the host does")
        .query("plugin", "only what these plugins notify of", several())
        .query("topic", "only what is about these topics", several())
        .header(
            "last-event-id",
            "the last that was seen: what came since is sent",
        )
        .answers(
            200,
            "events, one after the other",
            "text/event-stream",
            schema::text(),
        )
}
