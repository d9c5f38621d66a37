//! Variables become a tree: `JACKFIELD_HOST__THREADS=4` is `host.threads = 4`.
//!
//! A double underscore parts the names of tables. A part without a lower-case letter is taken in
//! lower case, any other as it stands, so that a plugin's id or its keys can be written as they
//! are. A value that reads as TOML (`4`, `true`, `["a", "b"]`, `"text"`) is that, any other is
//! text.

use super::{Fault, Origin, Tree, error::Place, file, read};
use jackfield_loader::nearest;
use serde_json::Value;
use std::{env, ffi::OsString};

const PREFIX: &str = "JACKFIELD_";
const SEPARATOR: &str = "__";

/// Directories with plugins, parted as in `PATH`.
const PLUGINS_PATH: &str = "JACKFIELD_PLUGINS_PATH";

/// The command line takes this one: the same as `--config`.
pub(crate) const CONFIG: &str = "JACKFIELD_CONFIG";

/// Commands that ask over HTTP take this one.
const TOKEN: &str = crate::client::VARIABLE_TOKEN;

/// What the environment says.
pub(super) struct Environment {
    pub(super) tree: Tree,
    /// Variables that look as if they were meant for this host.
    pub(super) warnings: Vec<String>,
}

pub(super) fn read(
    variables: impl Iterator<Item = (OsString, OsString)>,
    faults: &mut Vec<Fault>,
) -> Environment {
    let mut tree = Tree::new(Origin::Default);
    let mut warnings = Vec::new();
    let mut found: Vec<(String, OsString)> = variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX) && name != CONFIG && name != TOKEN)
        .collect();
    found.sort();
    for (name, value) in found {
        let origin = Origin::Variable(name.as_str().into());
        if name == PLUGINS_PATH {
            let paths = env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
            let paths = paths.map(|path| Value::from(path.to_string_lossy()));
            tree.insert(&["host", "plugins"], paths.collect(), &origin);
        } else if name.contains(SEPARATOR) {
            match value.into_string() {
                Ok(text) => enter(&mut tree, &name, text, &origin),
                Err(_) => faults.push(Fault {
                    place: Place::Origin(origin),
                    message: "expected UTF-8".to_owned(),
                }),
            }
        } else {
            warnings.push(unknown(&name));
        }
    }
    Environment { tree, warnings }
}

fn enter(tree: &mut Tree, name: &str, text: String, origin: &Origin) {
    let parts: Vec<String> = name[PREFIX.len()..].split(SEPARATOR).map(part).collect();
    let path: Vec<&str> = parts.iter().map(String::as_str).collect();
    let value = file::value(&text).unwrap_or(Value::String(text));
    match value {
        Value::Object(object) => {
            // An inline table is a table like any other.
            for (key, value) in object {
                let mut path = path.clone();
                path.push(&key);
                tree.insert(&path, value, origin);
            }
        }
        value => tree.insert(&path, value, origin),
    }
}

fn part(text: &str) -> String {
    if text.contains(|c: char| c.is_lowercase()) {
        text.to_owned()
    } else {
        text.to_lowercase()
    }
}

fn unknown(name: &str) -> String {
    let keys = read::KEYS.iter().map(|key| {
        let path = key.to_uppercase().replace('.', SEPARATOR);
        format!("{PREFIX}{path}")
    });
    let mut known: Vec<String> = keys.collect();
    known.extend([PLUGINS_PATH, CONFIG, TOKEN].map(str::to_owned));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("{name}: not a variable of this host, did you mean {near}?"),
        None => format!("{name}: not a variable of this host, ignored"),
    }
}
