use std::collections::{BTreeMap, BTreeSet};

/// What stands for a secret.
pub(crate) const MASKED: &str = "********";

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
    /// Takes up a plugin's schema: JSON Schema as text.
    pub(crate) fn learn(&mut self, id: &str, schema: &str) {
        if let Ok(schema) = serde_json::from_str(schema) {
            mark(&schema, "", self.marked.entry(id.to_owned()).or_default());
        }
    }

    /// Whether the value at that path of the whole configuration is a secret.
    pub(crate) fn hides(&self, path: &[&str]) -> bool {
        let ["plugins", id, "config", inner @ ..] = path else {
            return false;
        };
        let looks = |key: &&str| {
            let key = key.to_lowercase();
            WORDS.iter().any(|word| key.contains(word))
        };
        let marked = self.marked.get(*id);
        let is_marked = |marked: &BTreeSet<String>| {
            (1..=inner.len()).any(|end| marked.contains(&inner[..end].join(".")))
        };
        inner.iter().any(looks) || marked.is_some_and(is_marked)
    }
}

fn mark(schema: &serde_json::Value, path: &str, marked: &mut BTreeSet<String>) {
    let is = |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_bool);
    if is(schema.get("writeOnly")) == Some(true) {
        marked.insert(path.to_owned());
    }
    let properties = schema.get("properties").and_then(|value| value.as_object());
    for (name, part) in properties.into_iter().flatten() {
        let inner = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        mark(part, &inner, marked);
    }
}
