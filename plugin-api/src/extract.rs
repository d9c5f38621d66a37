mod bytes;
mod extensions;
mod headers;
mod json;
mod option;
mod path;
mod query;

pub use bytes::Bytes;
pub use extensions::Extensions;
pub use headers::Headers;
pub use json::Json;
pub use option::FromOptional;
pub use path::Path;
pub use query::Query;

use crate::{Operation, Request, Result};

/// What an argument of a handler can be made of: [`Path`], [`Query`], [`Json`], [`Bytes`],
/// [`Headers`], [`Extensions`], and what an author writes.
///
/// ```
/// use plugin_api::{FromRequest, prelude::*};
///
/// /// How the client wants to be spoken to.
/// struct Language(String);
///
/// impl FromRequest for Language {
///     fn from_request(request: &Request<'_>) -> Result<Self> {
///         Ok(Self(request.header("accept-language").unwrap_or("en").to_owned()))
///     }
/// }
/// ```
pub trait FromRequest: Sized + Send + 'static {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// Anything: it answers the request, so it should have a status and say what was expected.
    fn from_request(request: &Request<'_>) -> Result<Self>;

    /// Tells what it takes, for those who list the plugin's routes. Nothing unless written.
    fn describe(operation: &mut Operation) {
        let _ = operation;
    }
}
