//! Which values are secret, and reading those that are in files.

use super::Violation;
use serde_json::Value;
use std::{collections::BTreeSet, fs::File, io::Read, path::Path};

/// What a secret begins with that is in a file.
const FILE: &str = "file:";

/// The largest file that a secret may be in, in bytes.
const MOST: u64 = 64 * 1024;

/// How many schemas may stand in one another, or refer to one another.
const DEEPEST: usize = 64;

/// How many are looked at for one configuration: references may double at each step.
const MOST_SCHEMAS: usize = 100_000;

/// The places of a configuration whose values its schema marks as secret (`writeOnly`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// As JSON pointers.
    places: BTreeSet<String>,
}

impl Secrets {
    /// Those of a configuration, by its schema (JSON Schema 2020-12, as text). None where the text is
    /// no JSON.
    pub fn of(schema: &str, config: &Value) -> Self {
        serde_json::from_str(schema).map_or_else(|_| Self::default(), |s| Self::find(&s, config))
    }

    pub(super) fn find(schema: &Value, config: &Value) -> Self {
        let mut walk = Walk {
            root: schema,
            secrets: Self::default(),
            left: MOST_SCHEMAS,
        };
        walk.value(schema, config, &mut String::new(), 0);
        walk.secrets
    }

    /// The places, as JSON pointers, in order.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(String::as_str)
    }

    /// Whether that place, a JSON pointer, is secret or part of something that is.
    pub fn hides(&self, place: &str) -> bool {
        let ends = place.match_indices('/').map(|(at, _)| at);
        ends.chain([place.len()])
            .any(|end| self.places.contains(&place[..end]))
    }
}

/// Where a schema is ambiguous, more is secret rather than less.
struct Walk<'s> {
    root: &'s Value,
    secrets: Secrets,
    /// How many more schemas are looked at; then all is secret.
    left: usize,
}

impl<'s> Walk<'s> {
    fn value(&mut self, schema: &Value, value: &Value, place: &mut String, depth: usize) {
        let Some(parts) = schema.as_object() else {
            return;
        };
        let is_too_much = depth > DEEPEST || self.left == 0;
        self.left = self.left.saturating_sub(1);
        if is_too_much || parts.get("writeOnly") == Some(&Value::Bool(true)) {
            self.secrets.places.insert(place.clone());
            return;
        }
        for (keyword, part) in parts {
            match keyword.as_str() {
                "$ref" | "$dynamicRef" => {
                    match part.as_str().and_then(|r| super::target(self.root, r)) {
                        Some(target) => self.value(target, value, place, depth + 1),
                        None => drop(self.secrets.places.insert(place.clone())),
                    }
                }
                "allOf" | "anyOf" | "oneOf" => {
                    for part in part.as_array().into_iter().flatten() {
                        self.value(part, value, place, depth + 1);
                    }
                }
                "if" | "then" | "else" | "not" => self.value(part, value, place, depth + 1),
                "dependentSchemas" => {
                    for part in part
                        .as_object()
                        .into_iter()
                        .flat_map(|parts| parts.values())
                    {
                        self.value(part, value, place, depth + 1);
                    }
                }
                _ => self.inner(keyword, part, value, place, depth),
            }
        }
    }

    /// What stands in a table or a list.
    fn inner(
        &mut self,
        keyword: &str,
        part: &Value,
        value: &Value,
        place: &mut String,
        depth: usize,
    ) {
        let entries: Vec<(String, &Value)> = match value {
            Value::Object(entries) => entries.iter().map(|(k, v)| (k.clone(), v)).collect(),
            Value::Array(items) => (0..).map(|at: usize| at.to_string()).zip(items).collect(),
            _ => return,
        };
        for (at, (key, value)) in entries.iter().enumerate() {
            let schemas: Vec<&Value> = match keyword {
                "properties" => part.get(key).into_iter().collect(),
                "patternProperties" => part
                    .as_object()
                    .into_iter()
                    .flat_map(|p| p.values())
                    .collect(),
                "prefixItems" => part.get(at).into_iter().collect(),
                "additionalProperties"
                | "unevaluatedProperties"
                | "items"
                | "contains"
                | "unevaluatedItems" => vec![part],
                _ => return,
            };
            let end = place.len();
            place.push('/');
            place.push_str(&key.replace('~', "~0").replace('/', "~1"));
            for schema in schemas {
                self.value(schema, value, place, depth + 1);
            }
            place.truncate(end);
        }
    }
}

/// The part of the schema for the value at that JSON pointer, where plain `properties` and `items`
/// lead there.
pub(super) fn part<'s>(schema: &'s Value, place: &str) -> Option<&'s Value> {
    place.split('/').skip(1).try_fold(schema, |part, name| {
        let name = name.replace("~1", "/").replace("~0", "~");
        let property = part.get("properties").and_then(|parts| parts.get(&name));
        property.or_else(|| part.get("items"))
    })
}

/// Puts the content of its file in place of each secret that is `file:` and a path. What is wrong
/// names the field, neither its value nor the path, which may be a secret that was mistaken for one.
pub(super) fn read(secrets: &Secrets, config: &mut Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    for place in secrets.places() {
        let Some(Value::String(text)) = config.pointer_mut(place) else {
            continue;
        };
        let Some(path) = text.strip_prefix(FILE) else {
            continue;
        };
        match content(Path::new(path)) {
            Ok(secret) => *text = secret,
            Err((expected, found)) => violations.push(Violation {
                field: super::violation::field(place, None),
                expected: expected.to_owned(),
                found,
                nearest: None,
            }),
        }
    }
    violations
}

/// The text in a file, without the line break at its end; or what was expected and found.
fn content(path: &Path) -> Result<String, (&'static str, String)> {
    if !path.is_absolute() {
        return Err(("`file:` and an absolute path", "another path".to_owned()));
    }
    let readable = "a file that this host can read";
    let failed = |error: std::io::Error| (readable, format!("none: {error}"));
    // A pipe without a writer would hang the open.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err((readable, "something that is no file".to_owned()));
    }
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    private(&metadata)?;
    if metadata.len() > MOST {
        let found = format!("one of {} bytes", metadata.len());
        return Err(("a file of at most 65536 bytes", found));
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MOST)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let mut text =
        String::from_utf8(bytes).map_err(|_| ("a file in UTF-8", "other bytes".to_owned()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(unix)]
fn private(metadata: &std::fs::Metadata) -> Result<(), (&'static str, String)> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let expected = "a file that only its owner can read (`chmod 600`)";
    Err((expected, format!("one of mode {mode:o}")))
}

#[cfg(not(unix))]
fn private(_: &std::fs::Metadata) -> Result<(), (&'static str, String)> {
    Ok(())
}
