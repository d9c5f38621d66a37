use crate::{FromRequest, Operation, Request, Result};

/// What a request may be without: then `Option` of it is `None`. What is there and no good is an
/// error all the same.
pub trait FromOptional: FromRequest {
    /// Whether the request is without it.
    fn is_absent(request: &Request<'_>) -> bool;
}

impl<E: FromOptional> FromRequest for Option<E> {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        if E::is_absent(request) {
            return Ok(None);
        }
        E::from_request(request).map(Some)
    }

    fn describe(operation: &mut Operation) {
        operation.optional(E::describe);
    }
}
