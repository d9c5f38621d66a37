use crate::{FromOptional, FromRequest, Operation, Request, Result, describe::schema};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// A request's body, read as JSON; and an answer, written as JSON.
///
/// The body's media type is not looked at: not every client says one. What is no JSON, or not of this
/// type, is answered by 400, and the text names the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromRequest for Json<T> {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        request.whole_body()?;
        request.json().map(Self)
    }

    fn describe(operation: &mut Operation) {
        operation.body(Some("application/json"), true, Some(schema::taken::<T>()));
        operation.can_be_refused();
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromOptional for Json<T> {
    fn is_absent(request: &Request<'_>) -> bool {
        request.body().is_empty()
    }
}
