//! What stands in the query and the body of a request to the host itself.

use crate::gateway::reply::Fault;
use bytes::Bytes;
use http::{StatusCode, Uri};
use serde_json::{Map, Value};

/// Whether the query has `key`, `key=true` or `key=1`.
///
/// # Errors
///
/// 400 for another value.
pub(super) fn flag(uri: &Uri, key: &str) -> Result<bool, Fault> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let Some((_, value)) = form_urlencoded::parse(query).find(|(name, _)| name == key) else {
        return Ok(false);
    };
    match &*value {
        "" | "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => {
            let other: String = other.escape_debug().take(60).collect();
            let text = format!("`{key}` in the query: expected true or false, found `{other}`");
            Err(Fault::new(StatusCode::BAD_REQUEST, text))
        }
    }
}

/// A body that is a JSON object.
///
/// # Errors
///
/// 400 for what is no JSON, 422 for another value.
pub(super) fn object(body: &Bytes) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Fault::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "expected a JSON object as the body, found another value",
        )),
        Err(error) => Err(Fault::new(
            StatusCode::BAD_REQUEST,
            format!("expected a JSON object as the body: {error}"),
        )),
    }
}
