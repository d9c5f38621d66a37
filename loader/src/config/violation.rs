use super::Secrets;
use crate::nearest;
use jsonschema::{
    JsonType, ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;
use std::fmt;

/// The longest text that is repeated in a message, in characters.
const LONGEST: usize = 60;

/// One place where a configuration breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, with dots: `store.path`; empty for the configuration as a whole.
    pub field: String,
    /// What would fit.
    pub expected: String,
    /// What is there; never a secret.
    pub found: String,
    /// For a key that is not known, the known one that may have been meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        match &self.nearest {
            Some(nearest) => write!(f, ", did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// What one error of the validator says, in our words: its own repeat values, also secret ones.
pub(super) fn of(schema: &Value, secrets: &Secrets, error: &ValidationError<'_>) -> Vec<Violation> {
    let at = error.instance_path().to_string();
    let part = super::secret::part(schema, &at);
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let types = part
                .and_then(|part| part.get("properties")?.get(name)?.get("type"))
                .map_or_else(|| "a value".to_owned(), types);
            vec![violation(&at, Some(name), types, "nothing".to_owned())]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known: Vec<&str> = part
                .and_then(|part| part.get("properties")?.as_object())
                .into_iter()
                .flat_map(|properties| properties.keys().map(String::as_str))
                .collect();
            unexpected
                .iter()
                .map(|name| unknown(&at, name, &known))
                .collect()
        }
        kind => {
            let found = if secrets.hides(&at) {
                "something else (it is secret)".to_owned()
            } else {
                found(error.instance())
            };
            vec![violation(&at, None, expected(kind), found)]
        }
    }
}

fn violation(at: &str, name: Option<&str>, expected: String, found: String) -> Violation {
    Violation {
        field: field(at, name),
        expected,
        found,
        nearest: None,
    }
}

fn unknown(at: &str, name: &str, known: &[&str]) -> Violation {
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let expected = match &names[..] {
        [] => "no keys here".to_owned(),
        [name] => name.clone(),
        names => format!("one of {}", names.join(", ")),
    };
    Violation {
        nearest: nearest(name, known.iter().copied()).map(str::to_owned),
        ..violation(at, Some(name), expected, "an unknown key".to_owned())
    }
}

/// The path of a field, with dots, from a JSON pointer.
pub(super) fn field(at: &str, name: Option<&str>) -> String {
    let parts = at.split('/').skip(1);
    let mut parts: Vec<String> = parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    parts.extend(name.map(str::to_owned));
    parts.join(".")
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) if text.chars().count() > LONGEST => {
            format!("a string of {} characters", text.chars().count())
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a table".to_owned(),
        scalar => scalar.to_string(),
    }
}

/// The value of a schema's `type` in words.
fn types(value: &Value) -> String {
    let words = match value {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        one => Vec::from_iter(one.as_str()),
    };
    let words: Vec<&str> = words.into_iter().map(word).collect();
    words.join(" or ")
}

/// What TOML calls a type of JSON.
fn word(name: &str) -> &str {
    match name {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        "null" => "nothing",
        other => other,
    }
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => match kind {
            TypeKind::Single(one) => word(one.as_str()).to_owned(),
            TypeKind::Multiple(set) => {
                let names: Vec<&str> = set.iter().map(|one: JsonType| word(one.as_str())).collect();
                names.join(" or ")
            }
        },
        Kind::Enum { options } => {
            let options = options.as_array().map_or(&[][..], Vec::as_slice);
            let options: Vec<String> = options.iter().map(Value::to_string).collect();
            format!("one of {}", options.join(", "))
        }
        Kind::Constant { expected_value } => expected_value.to_string(),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("at least {limit} characters"),
        Kind::MaxLength { limit } => format!("at most {limit} characters"),
        Kind::Pattern { pattern } => format!("a string that matches `{pattern}`"),
        Kind::Format { format } => format!("a string of the form `{format}`"),
        Kind::MinItems { limit } => format!("at least {limit} items"),
        Kind::MaxItems { limit } => format!("at most {limit} items"),
        Kind::UniqueItems => "items that all differ".to_owned(),
        Kind::MinProperties { limit } => format!("at least {limit} keys"),
        Kind::MaxProperties { limit } => format!("at most {limit} keys"),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "one of the forms that the schema has for it".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => {
            "exactly one of the forms that the schema has for it".to_owned()
        }
        Kind::FalseSchema => "nothing".to_owned(),
        other => format!("what its schema's `{}` asks for", other.keyword()),
    }
}
