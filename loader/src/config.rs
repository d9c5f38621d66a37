//! A plugin's configuration against its schema: before anything of the plugin is mapped.

mod fill;
mod secret;
mod violation;

pub use secret::Secrets;
pub use violation::Violation;

use serde_json::{Map, Value};

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

/// Checks a plugin's configuration as it is checked before the plugin is mapped; `schema` is that of
/// its manifest. Reads the files that secrets are in.
///
/// # Errors
///
/// [`ConfigError`] with every violation, not the first.
pub fn check_config(schema: Option<&str>, given: &Map<String, Value>) -> Result<(), ConfigError> {
    check(schema, given).map(drop)
}

/// The same, and gives the configuration as the plugin gets it: JSON, with the defaults filled in and
/// the secrets read.
///
/// # Errors
///
/// [`ConfigError`] with every violation, not the first.
pub fn complete_config(
    schema: Option<&str>,
    given: &Map<String, Value>,
) -> Result<String, ConfigError> {
    check(schema, given)
}

/// Checks a configuration against its schema (JSON Schema 2020-12, as text), fills in the defaults
/// and reads secrets that are in files. Without a schema anything goes.
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
    fill::fill(&schema, &mut config);
    let validator = jsonschema::draft202012::new(&schema)
        .map_err(|error| ConfigError::Schema(error.to_string()))?;
    let secrets = Secrets::find(&schema, &config);
    let mut violations = secret::read(&secrets, &mut config);
    let unread: Vec<String> = violations.iter().map(|found| found.field.clone()).collect();
    let broken = validator
        .iter_errors(&config)
        .flat_map(|error| violation::of(&schema, &secrets, &error))
        .filter(|found| !unread.contains(&found.field));
    violations.extend(broken);
    if violations.is_empty() {
        return Ok(config.to_string());
    }
    Err(ConfigError::Violations(violations))
}

/// What a reference leads to, within the schema.
fn target<'s>(schema: &'s Value, reference: &str) -> Option<&'s Value> {
    schema.pointer(reference.strip_prefix('#')?)
}

#[cfg(test)]
mod tests;
