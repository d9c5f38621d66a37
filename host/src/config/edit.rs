//! One value of a TOML file is changed, and nothing else of it: comments, order and spaces stay.

use super::{Mask, section::quoted};
use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, TomlError, Value};

/// What stands for a secret that is new.
const NEW: &str = "******** (new)";

/// What becomes of the value at a path.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// It is this: as TOML, or text where it is none.
    Set(String),
    /// It is this, whatever is there, be it a list of tables with headers of their own.
    Put(Value),
    /// It is gone.
    Unset,
}

/// Why a file is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// It is no TOML.
    #[error("it is no TOML")]
    Syntax(#[source] Box<TomlError>),
    /// Something on the way is no table, or what is at its end is one.
    #[error("{key} is {found} in it, expected {expected}: change the file by hand")]
    Kind {
        /// With dots.
        key: String,
        /// What is there.
        found: &'static str,
        /// What should be.
        expected: &'static str,
    },
    /// There is nothing to take away.
    #[error("{0} is not set in it")]
    Absent(String),
}

/// The text of a file with the value at that path changed.
pub(crate) fn edit(text: &str, path: &[&str], change: &Change) -> Result<String, EditError> {
    let mut document = parse(text)?;
    match change {
        Change::Set(value) => set(&mut document, path, read(value))?,
        Change::Put(value) => {
            if is_tables(&document, path) {
                unset(&mut document, path)?;
            }
            set(&mut document, path, value.clone())?;
        }
        Change::Unset => unset(&mut document, path)?,
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse()
        .map_err(|error| EditError::Syntax(Box::new(error)))
}

fn is_tables(document: &DocumentMut, path: &[&str]) -> bool {
    let mut item = Some(document.as_item());
    for part in path {
        item = item.and_then(|item| item.as_table_like()?.get(part));
    }
    item.is_some_and(Item::is_array_of_tables)
}

fn read(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

fn name(path: &[&str]) -> String {
    let parts: Vec<String> = path.iter().map(|part| quoted(part)).collect();
    parts.join(".")
}

fn set(document: &mut DocumentMut, path: &[&str], mut value: Value) -> Result<(), EditError> {
    let (key, tables) = path.split_last().expect("a path is not empty");
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut is_inline = false;
    for (place, part) in tables.iter().enumerate() {
        let item = table.entry(part).or_insert_with(|| new(is_inline));
        is_inline = item.is_inline_table();
        let wrong = EditError::Kind {
            key: name(&path[..=place]),
            found: item.type_name(),
            expected: "a table",
        };
        table = item.as_table_like_mut().ok_or(wrong)?;
    }
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            // Spaces and the comment behind it.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None | Some(Item::None) => drop(table.insert(key, Item::Value(value))),
        Some(other) => {
            return Err(EditError::Kind {
                key: name(path),
                found: other.type_name(),
                expected: "a value",
            });
        }
    }
    Ok(())
}

/// A table without a header of its own, unless values stand in it.
fn new(is_inline: bool) -> Item {
    if is_inline {
        return Item::Value(Value::InlineTable(InlineTable::new()));
    }
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn unset(document: &mut DocumentMut, path: &[&str]) -> Result<(), EditError> {
    let (key, tables) = path.split_last().expect("a path is not empty");
    let mut table: Option<&mut dyn TableLike> = Some(document.as_table_mut());
    for part in tables {
        table = table.and_then(|table| table.get_mut(part)?.as_table_like_mut());
    }
    let removed = table.and_then(|table| table.remove(key));
    removed
        .map(drop)
        .ok_or_else(|| EditError::Absent(name(path)))
}

/// What edits of the values at those paths change, line by line, with secrets masked: the line's
/// number, and each line with `-` or `+` before it. Masked is what the schemas that `mask` knows mark
/// in either text, whatever became of it in the configuration.
pub(crate) fn difference(
    before: &str,
    after: &str,
    paths: &[Vec<String>],
    mask: &Mask,
) -> Result<(usize, Vec<String>), EditError> {
    let before = masked(before, &[], mask)?;
    let after = masked(after, paths, mask)?;
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let ends = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = ends.take_while(same).count();
    let removed = old[head..old.len() - tail]
        .iter()
        .map(|line| format!("-{line}"));
    let added = new[head..new.len() - tail]
        .iter()
        .map(|line| format!("+{line}"));
    Ok((head + 1, removed.chain(added).collect()))
}

fn masked(text: &str, new: &[Vec<String>], mask: &Mask) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let mut mask = mask.clone();
    if let Ok(whole) = document.as_item().clone().into_value() {
        mask.learn(&shape(&whole));
    }
    hide(document.as_table_mut(), &mut Vec::new(), new, &mask);
    Ok(document.to_string())
}

/// The tables and lists of a text as JSON, without what stands in them.
fn shape(value: &Value) -> Json {
    match value {
        Value::InlineTable(table) => {
            let entries = table.iter();
            entries.map(|(key, value)| (key, shape(value))).collect()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        _ => Json::Null,
    }
}

fn hide(table: &mut dyn TableLike, path: &mut Vec<String>, new: &[Vec<String>], mask: &Mask) {
    for (key, item) in table.iter_mut() {
        path.push(key.get().to_owned());
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        if mask.hides(&names)
            && let Some(value) = item.as_value_mut()
        {
            let mut stars = Value::from(if new.contains(path) {
                NEW
            } else {
                super::mask::MASKED
            });
            *stars.decor_mut() = value.decor().clone();
            *value = stars;
        } else if let Some(inner) = item.as_table_like_mut() {
            hide(inner, path, new, mask);
        } else if let Some(Value::Array(items)) = item.as_value_mut() {
            hide_items(items, path, new, mask);
        } else if let Some(tables) = item.as_array_of_tables_mut() {
            for inner in tables.iter_mut() {
                hide(inner, path, new, mask);
            }
        }
        path.pop();
    }
}

fn hide_items(items: &mut Array, path: &mut Vec<String>, new: &[Vec<String>], mask: &Mask) {
    for item in items.iter_mut() {
        match item {
            Value::InlineTable(inner) => hide(inner, path, new, mask),
            Value::Array(inner) => hide_items(inner, path, new, mask),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# The host.
[host]
threads = 4 # as many as there are

[plugins.store]
enabled = true
# Where it lies.
config = { path = \"a\", deep = { er = 1 } } # here

[plugins.web.config]
port   = 80     # the usual one
token  = \"file:/run/secrets/web\"
[[plugins.web.config.users]]
name = \"u\"
password = \"hush\"
";

    fn set(path: &str, value: &str) -> String {
        let path: Vec<&str> = path.split('.').collect();
        edit(FILE, &path, &Change::Set(value.to_owned())).unwrap()
    }

    #[test]
    fn a_value_is_replaced_and_all_else_stays() {
        assert_eq!(
            set("plugins.web.config.port", "8080"),
            FILE.replace("port   = 80     #", "port   = 8080     #")
        );
        assert_eq!(
            set("plugins.store.config.deep.er", "[1, 2]"),
            FILE.replace("er = 1", "er = [1, 2]")
        );
    }

    #[test]
    fn what_is_no_toml_is_text() {
        let text = set("plugins.web.config.port", "a b");
        assert!(text.contains("port   = \"a b\"     #"), "{text}");
        let text = set("plugins.web.config.port", "2026-01-02");
        assert!(text.contains("port   = 2026-01-02     #"), "{text}");
    }

    #[test]
    fn a_value_is_added_where_its_table_is() {
        assert_eq!(
            set("plugins.web.config.host", "x"),
            FILE.replace("web\"\n", "web\"\nhost = \"x\"\n")
        );
        assert_eq!(
            set("plugins.store.config.size", "1"),
            FILE.replace("er = 1 } }", "er = 1 } , size = 1 }")
        );
        assert_eq!(
            set("plugins.new.config.a.b", "1"),
            format!("{FILE}\n[plugins.new.config.a]\nb = 1\n")
        );
    }

    #[test]
    fn a_value_is_taken_away() {
        let unset = |path: &str| {
            let path: Vec<&str> = path.split('.').collect();
            edit(FILE, &path, &Change::Unset).map_err(|error| error.to_string())
        };
        let line = "port   = 80     # the usual one\n";
        assert_eq!(
            unset("plugins.web.config.port").unwrap(),
            FILE.replace(line, "")
        );
        assert_eq!(
            unset("plugins.web.config.a b").unwrap_err(),
            "plugins.web.config.\"a b\" is not set in it"
        );
    }

    #[test]
    fn what_is_in_the_way_is_told() {
        let set = |path: &str| {
            let path: Vec<&str> = path.split('.').collect();
            let change = Change::Set("1".to_owned());
            edit(FILE, &path, &change).unwrap_err().to_string()
        };
        assert_eq!(
            set("plugins.web.config.port.x"),
            "plugins.web.config.port is integer in it, expected a table: change the file by hand"
        );
        assert_eq!(
            set("plugins.web.config"),
            "plugins.web.config is table in it, expected a value: change the file by hand"
        );
    }

    #[test]
    fn secrets_are_masked_in_the_difference() {
        let path = ["plugins", "web", "config", "token"];
        let after = edit(FILE, &path, &Change::Set("hush".to_owned())).unwrap();
        assert!(after.contains("token  = \"hush\"\n"), "{after}");
        let paths = [path.map(str::to_owned).to_vec()];
        let (line, lines) = difference(FILE, &after, &paths, &Mask::default()).unwrap();
        assert_eq!(line, 12);
        assert_eq!(
            lines,
            ["-token  = \"********\"", "+token  = \"******** (new)\""]
        );
        let after = after.replace("[plugins.web.config]", "[plugins.web.config] # x");
        let (_, lines) = difference(FILE, &after, &paths, &Mask::default()).unwrap();
        assert!(!lines.join("\n").contains("hush"), "{lines:?}");
    }
}
