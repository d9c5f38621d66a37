use crate::{FromOptional, FromRequest, Operation, Request, Result};

/// A request's whole body, whatever it is. As an answer it is
/// [`Vec<u8>`](trait@crate::IntoResponse).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

impl FromRequest for Bytes {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        Ok(Self(request.whole_body()?.to_vec()))
    }

    fn describe(operation: &mut Operation) {
        operation.body(Some("application/octet-stream"), false, None);
    }
}

impl FromOptional for Bytes {
    fn is_absent(request: &Request<'_>) -> bool {
        request.body().is_empty()
    }
}
