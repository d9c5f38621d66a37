//! What goes out.

use axum::body::Body as Parts;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{Either, Full};
use serde::Serialize;
use serde_json::{Map, Value};

/// The body of an answer: all of it, or part after part.
pub(super) type Body = Either<Full<Bytes>, Parts>;

/// An answer.
pub(super) type Reply = http::Response<Body>;

/// A body that is all there.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(bytes.into()))
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A value as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let text = serde_json::to_vec(value).expect("what the host answers with is written as JSON");
    let mut reply = Reply::new(whole(text));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, JSON);
    reply
}

/// Why there is nothing better: `{"detail": …}` and what else may be said.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    body: Map<String, Value>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl Fault {
    /// With words for people.
    #[cold]
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let mut body = Map::new();
        body.insert("detail".to_owned(), Value::String(detail.into()));
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    /// With something more for programs.
    #[must_use]
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.body.insert(key.to_owned(), value.into());
        self
    }

    /// With a header.
    #[must_use]
    pub(super) fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The words for people.
    pub(super) fn detail(&self) -> String {
        let detail = self.body.get("detail").and_then(Value::as_str);
        detail.unwrap_or_default().to_owned()
    }
}

/// The words of a fault, for whoever notes what came of a request.
#[derive(Debug, Clone)]
pub(super) struct Detail(pub(super) String);

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        let mut reply = json(fault.status, &fault.body);
        reply.extensions_mut().insert(Detail(fault.detail()));
        reply.headers_mut().extend(fault.headers);
        reply
    }
}

impl axum::response::IntoResponse for Fault {
    fn into_response(self) -> axum::response::Response {
        Reply::from(self).map(Parts::new)
    }
}
