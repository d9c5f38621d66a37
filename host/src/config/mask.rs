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
#[derive(Debug, Default)]
pub(crate) struct Mask {
    /// Plugin id to the paths, with dots, that its schema marks `writeOnly`.
    marked: BTreeMap<String, BTreeSet<String>>,
}

impl Mask {
    /// Takes up what a plugin's schema, JSON Schema as text, says of its configuration.
    pub(crate) fn learn(&mut self, id: &str, schema: &str, config: &Map<String, Value>) {
        let secrets = Secrets::of(schema, &Value::Object(config.clone()));
        let marked = self.marked.entry(id.to_owned()).or_default();
        for place in secrets.places() {
            // Items of an array stand at its own path.
            let names = place.split('/').skip(1);
            let names = names.filter(|name| name.parse::<usize>().is_err());
            let names: Vec<String> = names
                .map(|name| name.replace("~1", "/").replace("~0", "~"))
                .collect();
            marked.insert(names.join("."));
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
        let is_marked = |marked: &BTreeSet<String>| {
            (0..=inner.len()).any(|end| marked.contains(&inner[..end].join(".")))
        };
        inner.iter().any(looks) || marked.is_some_and(is_marked)
    }
}
