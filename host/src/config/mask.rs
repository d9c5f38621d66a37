use jackfield_loader::Secrets;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What stands for a secret.
pub(super) const MASKED: &str = "********";

/// Words in a key that make its value a secret, where no schema says so.
const WORDS: [&str; 9] = [
    "apikey",
    "api_key",
    "api-key",
    "credential",
    "passphrase",
    "passw",
    "private",
    "secret",
    "token",
];

/// Which values of plugins' configurations are not shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mask {
    /// Plugin id to the schemas, JSON Schema as text, of the versions that there are.
    schemas: BTreeMap<String, Vec<String>>,
    /// Plugin id to the paths that they mark `writeOnly` in what was learnt of.
    marked: BTreeMap<String, BTreeSet<Vec<String>>>,
}

impl Mask {
    /// Takes up a plugin's schema, JSON Schema as text.
    pub(crate) fn know(&mut self, id: &str, schema: &str) {
        let schemas = self.schemas.entry(id.to_owned()).or_default();
        schemas.push(schema.to_owned());
    }

    /// Takes up what the schemas mark in a configuration, from its top. Only what stands in it: a
    /// text that is shown may have more in it than what came of all layers.
    pub(crate) fn learn(&mut self, whole: &Value) {
        for (id, schemas) in &self.schemas {
            let Some(config) = part(whole, &["plugins", id, "config"]) else {
                continue;
            };
            let marked = self.marked.entry(id.clone()).or_default();
            for schema in schemas {
                let secrets = Secrets::of(schema, config);
                marked.extend(secrets.places().map(|place| path(place, config)));
            }
        }
    }

    /// The value at that path of the whole configuration, with its secrets masked; also inside
    /// arrays, whose items stand at the same path.
    pub(crate) fn apply<'v>(&self, value: &'v Value, path: &mut Vec<&'v str>) -> Value {
        if self.hides(path) {
            return Value::from(MASKED);
        }
        match value {
            Value::Array(items) => items.iter().map(|item| self.apply(item, path)).collect(),
            Value::Object(entries) => {
                let mut masked = Map::new();
                for (key, value) in entries {
                    path.push(key);
                    masked.insert(key.clone(), self.apply(value, path));
                    path.pop();
                }
                Value::Object(masked)
            }
            other => other.clone(),
        }
    }

    /// Whether the value at that path of the whole configuration is not to be shown.
    pub(super) fn hides(&self, path: &[&str]) -> bool {
        let ["plugins", id, "config", inner @ ..] = path else {
            return false;
        };
        let looks = |key: &&str| {
            let key = key.to_lowercase();
            WORDS.iter().any(|word| key.contains(word))
        };
        let marked = self.marked.get(*id);
        let inner_names: Vec<String> = inner.iter().map(|name| (*name).to_owned()).collect();
        let is_marked = |marked: &BTreeSet<Vec<String>>| {
            (0..=inner.len()).any(|end| marked.contains(&inner_names[..end]))
        };
        inner.iter().any(looks) || marked.is_some_and(is_marked)
    }
}

fn part<'v>(whole: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(whole, |value, name| value.get(name))
}

/// The names on the way to a place, a JSON pointer: what stands in a list is at the list's own path,
/// while a number that is the name of an entry is a name like any other.
fn path(place: &str, config: &Value) -> Vec<String> {
    let mut names = Vec::new();
    let mut value = Some(config);
    for name in place.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        value = match value {
            Some(Value::Array(items)) => name.parse().ok().and_then(|at: usize| items.get(at)),
            other => {
                let inner = other.and_then(|table| table.get(&name));
                names.push(name);
                inner
            }
        };
    }
    names
}
