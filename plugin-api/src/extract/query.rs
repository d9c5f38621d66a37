use crate::{
    Error, FromOptional, FromRequest, Operation, Place, Request, Result, describe::schema,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_html_form::Deserializer;

/// A request's query, read into a struct with a field for each key. A key that may come several times
/// is a `Vec` with `#[serde(default)]`; one that may be left out an `Option` or has a default. Keys
/// that the struct does not have are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromRequest for Query<T> {
    fn from_request(request: &Request<'_>) -> Result<Self> {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let read = serde_path_to_error::deserialize(Deserializer::new(pairs));
        read.map(Self).map_err(|error| {
            let (path, inner) = (error.path().to_string(), error.inner());
            // Without a field it is of the whole: one that is missing, which the text names.
            let text = match path.as_str() {
                "." => format!("the query: {inner}"),
                path => format!("`{path}` in the query: {inner}"),
            };
            Error::with_status(400, text)
        })
    }

    fn describe(operation: &mut Operation) {
        for (name, schema, required) in schema::fields(&schema::taken::<T>()) {
            operation.parameter(Place::Query, &name, required, schema);
        }
        operation.can_be_refused();
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromOptional for Query<T> {
    fn is_absent(request: &Request<'_>) -> bool {
        request.query_string().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Asked {
        name: String,
        #[serde(default)]
        tag: Vec<u8>,
        deep: Option<bool>,
    }

    fn read(query: &str) -> Result<Asked, String> {
        let mut raw = jackfield_abi::Request::new("GET", "/");
        raw.query = query.into();
        let read = Query::<Asked>::from_request(&Request::from_abi(&raw));
        read.map(|Query(asked)| asked)
            .map_err(|error| format!("{} {error}", error.status()))
    }

    #[test]
    fn keys_are_decoded_repeated_and_left_out() {
        let asked = |name: &str, tag: &[u8], deep| Asked {
            name: name.to_owned(),
            tag: tag.to_vec(),
            deep,
        };
        assert_eq!(read("name=a+b%26c"), Ok(asked("a b&c", &[], None)));
        let all = asked("", &[1, 2], Some(true));
        assert_eq!(read("tag=1&name=&other=x&deep=true&tag=2"), Ok(all));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |query: &str, text: &str| assert_eq!(read(query), Err(text.to_owned()));
        wrong("", "400 the query: missing field `name`");
        wrong(
            "name=a&tag=1&tag=x",
            "400 `tag[1]` in the query: invalid digit found in string",
        );
        wrong(
            "name=a&deep=maybe",
            r#"400 `deep` in the query: invalid value: string "maybe", expected "true", "on" or "false""#,
        );
    }
}
