use super::{Fault, Origin, Tree, Value, error::Place};
use jackfield_loader::nearest;
use serde_json::Value as Json;
use std::time::Duration;

/// The longest time that may be set.
const LONGEST: Duration = Duration::from_secs(3600);

/// One table on its way to being read: what is taken from it is known, what is left is not.
pub(super) struct Section<'f> {
    /// With dots, from the top; empty for the top itself.
    name: String,
    tree: Tree,
    known: Vec<&'static str>,
    faults: &'f mut Vec<Fault>,
}

impl<'f> Section<'f> {
    pub(super) fn new(name: impl Into<String>, tree: Tree, faults: &'f mut Vec<Fault>) -> Self {
        let (name, known) = (name.into(), Vec::new());
        Self {
            name,
            tree,
            known,
            faults,
        }
    }

    /// A value by its key, as `convert` reads it. `None` where it is absent, or does not fit: then
    /// that is noted.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        convert: impl FnOnce(&Json, &Origin) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let value = self.tree.entries.remove(key)?;
        let origin = value.origin().clone();
        let read = match value {
            Value::Leaf { value, origin } => convert(&value, &origin),
            Value::Table(_) => Err("expected a value, found a table".to_owned()),
        };
        read.map_err(|message| self.fault(origin, key, message))
            .ok()
    }

    /// A table by its key; an empty one where it is absent.
    pub(super) fn table(&mut self, key: &'static str) -> Tree {
        self.known.push(key);
        match self.tree.entries.remove(key) {
            None => Tree::new(Origin::Default),
            Some(value) => self.as_table(key, value),
        }
    }

    /// The entries that are left, each of which has to be a table.
    pub(super) fn tables(&mut self) -> Vec<(String, Tree)> {
        let entries = std::mem::take(&mut self.tree.entries);
        entries
            .into_iter()
            .map(|(key, value)| {
                let table = self.as_table(&key, value);
                (key, table)
            })
            .collect()
    }

    fn as_table(&mut self, key: &str, value: Value) -> Tree {
        match value {
            Value::Table(table) => table,
            Value::Leaf { value, origin } => {
                let message = format!("expected a table, found {}", kind(&value));
                self.fault(origin, key, message);
                Tree::new(Origin::Default)
            }
        }
    }

    /// Notes every key that is left: nobody knows it.
    pub(super) fn finish(mut self) {
        for (key, value) in std::mem::take(&mut self.tree.entries) {
            let message = match nearest(&key, self.known.iter().copied()) {
                Some(near) => format!("unknown key, did you mean `{near}`?"),
                None => format!("unknown key, expected one of {}", self.known.join(", ")),
            };
            self.fault(value.origin().clone(), &key, message);
        }
    }

    pub(super) fn fault(&mut self, origin: Origin, key: &str, message: String) {
        let key = match &*self.name {
            "" => key.to_owned(),
            name => format!("{name}.{}", quoted(key)),
        };
        let place = Place::Key(origin, key);
        self.faults.push(Fault { place, message });
    }
}

/// A key as TOML takes it.
pub(crate) fn quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// What a value is, for a message; never the value.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(number) if number.is_f64() => "a float",
        Json::Number(_) => "an integer",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "a table",
    }
}

pub(super) fn boolean(value: &Json, _: &Origin) -> Result<bool, String> {
    let read = value.as_bool();
    read.ok_or_else(|| format!("expected true or false, found {}", kind(value)))
}

pub(super) fn text(value: &Json, _: &Origin) -> Result<String, String> {
    let read = value.as_str().map(str::to_owned);
    read.ok_or_else(|| format!("expected a string, found {}", kind(value)))
}

pub(super) fn priority(value: &Json, _: &Origin) -> Result<i32, String> {
    let read = value.as_i64().and_then(|value| i32::try_from(value).ok());
    read.ok_or_else(|| match value {
        Json::Number(number) => format!("expected an integer of 32 bits, found {number}"),
        other => format!("expected an integer, found {}", kind(other)),
    })
}

pub(super) fn bytes(value: &Json, _: &Origin) -> Result<u64, String> {
    let read = value.as_u64();
    read.ok_or_else(|| match value {
        Json::Number(number) => format!("expected a number of bytes, found {number}"),
        other => format!("expected a number of bytes, found {}", kind(other)),
    })
}

pub(super) fn duration(value: &Json, origin: &Origin) -> Result<Duration, String> {
    lasting(value, origin, LONGEST)
}

/// A time above zero, and no longer than that.
pub(super) fn lasting(value: &Json, _: &Origin, longest: Duration) -> Result<Duration, String> {
    let Some(text) = value.as_str() else {
        return Err(format!(
            "expected a time such as \"30s\", found {}",
            kind(value)
        ));
    };
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() && time <= longest => Ok(time),
        Ok(_) => Err(format!(
            "expected a time above 0 and of at most {}, found \"{text}\"",
            humantime::format_duration(longest)
        )),
        Err(error) => Err(format!(
            "expected a time such as \"30s\" or \"1m 30s\", found {text:?}: {}",
            error.to_string().to_lowercase()
        )),
    }
}
