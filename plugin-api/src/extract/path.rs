mod error;
mod params;
mod value;

use crate::{FromRequest, Operation, Place, Request, Result, describe::schema};
use params::Params;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// The parameters of the route's pattern, decoded: a text, number or unit enum where there is one, a
/// tuple by their order, or a struct by their names. `%2F` in a parameter is a slash in the value.
///
/// What cannot be read is answered by 400, and the text names the parameter; a type that does not go
/// with the pattern is the plugin's mistake, and a 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromRequest for Path<T> {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        let params = Params::of(request)?;
        T::deserialize(params)
            .map(Self)
            .map_err(error::PathError::into_error)
    }

    fn describe(operation: &mut Operation) {
        let schema = schema::taken::<T>();
        for (name, schema) in schema::by_name(&schema, operation.pattern_names()) {
            operation.parameter(Place::Path, &name, true, schema);
        }
        operation.can_be_refused();
    }
}
