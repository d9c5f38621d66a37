use crate::gateway::reply::Fault;
use axum::extract::{FromRequestParts, Path};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

/// What stands in a path, decoded; what cannot be is told as every fault is.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(rejection) => {
                let text = format!("the path: {}", rejection.body_text());
                Err(Fault::new(StatusCode::BAD_REQUEST, text))
            }
        }
    }
}
