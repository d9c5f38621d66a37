//! A plugin's configuration against its schema: before anything of the plugin is mapped.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::{Map, Value};
use std::fmt;

/// Why a plugin's configuration is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The schema in the manifest is not one. The macro refuses such a schema, so the manifest was
    /// written by something else.
    #[error("its configuration schema is not a JSON Schema: {0}")]
    Schema(String),
    /// The configuration breaks the schema, in these places.
    #[error("its configuration does not fit: {}", list(.0))]
    Violations(Vec<Violation>),
}

fn list(violations: &[Violation]) -> String {
    violations
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// One place where a configuration breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, with dots: `store.path`; empty for the configuration as a whole.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Checks a configuration against its schema (JSON Schema 2020-12, as text) and fills in the
/// defaults. Without a schema anything goes.
///
/// # Errors
///
/// [`ConfigError`] with every violation, not the first.
pub(crate) fn check(
    schema: Option<&str>,
    given: &Map<String, Value>,
) -> Result<String, ConfigError> {
    let mut config = Value::Object(given.clone());
    let Some(text) = schema else {
        return Ok(config.to_string());
    };
    let schema: Value =
        serde_json::from_str(text).map_err(|error| ConfigError::Schema(error.to_string()))?;
    fill(&schema, &mut config);
    let validator = jsonschema::draft202012::new(&schema)
        .map_err(|error| ConfigError::Schema(error.to_string()))?;
    let violations: Vec<Violation> = validator
        .iter_errors(&config)
        .flat_map(|error| violations(&schema, &error))
        .collect();
    if violations.is_empty() {
        return Ok(config.to_string());
    }
    Err(ConfigError::Violations(violations))
}

/// Puts each property's `default` where the property is absent, from the outside in.
fn fill(schema: &Value, config: &mut Value) {
    let (Some(properties), Value::Object(config)) =
        (schema.get("properties").and_then(Value::as_object), config)
    else {
        return;
    };
    for (name, property) in properties {
        if !config.contains_key(name)
            && let Some(default) = property.get("default")
        {
            config.insert(name.clone(), default.clone());
        }
        if let Some(value) = config.get_mut(name) {
            fill(property, value);
        }
    }
}

fn violations(schema: &Value, error: &ValidationError<'_>) -> Vec<Violation> {
    let at = error.instance_path().to_string();
    let field = at.trim_start_matches('/').replace('/', ".");
    let inner = |name: &str| {
        if field.is_empty() {
            name.to_owned()
        } else {
            format!("{field}.{name}")
        }
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Violation {
                field: inner(name),
                message: format!("expected {}, found nothing", expected(schema, &at, name)),
            }]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| Violation {
                field: inner(name),
                message: unknown(schema, &at, name),
            })
            .collect(),
        _ if is_secret(schema, &at) => {
            vec![Violation {
                field,
                message: "the value does not fit (it is secret)".to_owned(),
            }]
        }
        _ => vec![Violation {
            field,
            message: error.to_string(),
        }],
    }
}

/// The part of the schema for the object at that path; only through `properties`.
fn part<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    path.split('/')
        .filter(|name| !name.is_empty())
        .try_fold(schema, |part, name| part.get("properties")?.get(name))
}

fn expected(schema: &Value, path: &str, name: &str) -> String {
    let kind = part(schema, path)
        .and_then(|part| part.get("properties")?.get(name)?.get("type")?.as_str());
    kind.map_or_else(
        || "a value".to_owned(),
        |kind| format!("a value of type {kind}"),
    )
}

fn unknown(schema: &Value, path: &str, name: &str) -> String {
    let known: Vec<&str> = part(schema, path)
        .and_then(|part| part.get("properties")?.as_object())
        .into_iter()
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect();
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(3) / 3)
        .min();
    match nearest {
        Some((_, nearest)) => format!("unknown key, did you mean `{nearest}`?"),
        None if known.is_empty() => "unknown key: no keys are known here".to_owned(),
        None => format!("unknown key: known are {}", known.join(", ")),
    }
}

fn is_secret(schema: &Value, path: &str) -> bool {
    part(schema, path)
        .and_then(|part| part.get("writeOnly")?.as_bool())
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{
        "type": "object",
        "properties": {
            "port": {"type": "integer", "minimum": 1, "default": 80},
            "name": {"type": "string"},
            "token": {"type": "string", "writeOnly": true},
            "store": {"type": "object", "properties": {"path": {"type": "string", "default": "x"}}}
        },
        "required": ["name"],
        "additionalProperties": false
    }"#;

    fn checked(given: Value) -> Result<String, String> {
        let Value::Object(given) = given else {
            panic!("an object")
        };
        check(Some(SCHEMA), &given).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_filled_in_also_inside() {
        let config = checked(serde_json::json!({"name": "a", "store": {}})).unwrap();
        assert_eq!(config, r#"{"name":"a","store":{"path":"x"},"port":80}"#);
    }

    #[test]
    fn every_violation_is_named_by_its_field() {
        let error = checked(serde_json::json!({"port": 0, "nmae": 1, "store": {"path": 2}}));
        let mut parts: Vec<String> = error
            .unwrap_err()
            .strip_prefix("its configuration does not fit: ")
            .unwrap()
            .split("; ")
            .map(str::to_owned)
            .collect();
        parts.sort_unstable();
        assert_eq!(
            parts,
            [
                "name: expected a value of type string, found nothing",
                "nmae: unknown key, did you mean `name`?",
                "port: 0 is less than the minimum of 1",
                "store.path: 2 is not of type \"string\"",
            ]
        );
    }

    #[test]
    fn a_secret_does_not_appear_in_the_message() {
        let error = checked(serde_json::json!({"name": "a", "token": 4711})).unwrap_err();
        assert_eq!(
            error,
            "its configuration does not fit: token: the value does not fit (it is secret)"
        );
    }
}
