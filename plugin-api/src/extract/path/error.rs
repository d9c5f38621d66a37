use crate::Error;
use serde::de;
use std::fmt::{self, Display};

/// Why the parameters of a path do not become a value.
#[derive(Debug)]
pub(super) enum PathError {
    /// A parameter is no such value: the client's mistake.
    Value { name: String, text: String },
    /// The type does not go with the pattern: the plugin's.
    Shape(String),
}

impl PathError {
    pub(super) fn into_error(self) -> Error {
        match &self {
            Self::Value { .. } => Error::with_status(400, self.to_string()),
            Self::Shape(_) => Error::new(self.to_string()),
        }
    }

    /// Of the parameter of that name, where none is named yet.
    pub(super) fn of(self, name: &str) -> Self {
        match self {
            Self::Shape(text) => Self::Value {
                name: name.to_owned(),
                text,
            },
            named => named,
        }
    }
}

impl Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, text } => write!(f, "`{name}` in the path: {text}"),
            Self::Shape(text) => {
                write!(f, "the type of `Path` does not go with the pattern: {text}")
            }
        }
    }
}

impl std::error::Error for PathError {}

impl de::Error for PathError {
    fn custom<T: Display>(text: T) -> Self {
        Self::Shape(text.to_string())
    }
}
