//! A TOML file becomes a tree.

use super::{Fault, Origin, Tree, Value, error::Place};
use serde_json::{Map, Number, Value as Json};
use std::{fs, ops::Range, path::Path, sync::Arc};
use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

/// Reads a file.
///
/// # Errors
///
/// When it cannot be read, or is no TOML. The message quotes nothing of the file.
pub(super) fn read(path: &Path) -> Result<Tree, Fault> {
    let text = fs::read_to_string(path).map_err(|error| Fault {
        place: Place::File(path.to_owned()),
        message: format!("cannot be read: {error}"),
    })?;
    parse(&text, path)
}

/// Reads the text of a file.
pub(super) fn parse(text: &str, path: &Path) -> Result<Tree, Fault> {
    let places = Places {
        text,
        path: path.into(),
    };
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        places.fault(&span, error.message().replace('\n', ", "))
    })?;
    places.tree(table.get_ref(), &table.span())
}

/// Reads a single value, as in `threads = VALUE`; `None` where it is no TOML.
pub(super) fn value(text: &str) -> Option<Json> {
    let value = DeValue::parse(text).ok()?;
    json(value.get_ref()).ok()
}

struct Places<'t> {
    text: &'t str,
    path: Arc<Path>,
}

impl Places<'_> {
    fn origin(&self, span: &Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Origin::File {
            path: Arc::clone(&self.path),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }

    fn fault(&self, span: &Range<usize>, message: String) -> Fault {
        Fault {
            place: Place::Origin(self.origin(span)),
            message,
        }
    }

    fn tree(&self, table: &DeTable<'_>, span: &Range<usize>) -> Result<Tree, Fault> {
        let mut tree = Tree::new(self.origin(span));
        for (key, value) in table {
            let value = self.value(key.span(), value)?;
            tree.entries.insert(key.get_ref().to_string(), value);
        }
        Ok(tree)
    }

    fn value(&self, key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Result<Value, Fault> {
        match value.get_ref() {
            DeValue::Table(table) => self.tree(table, &key).map(Value::Table),
            other => Ok(Value::Leaf {
                value: json(other).map_err(|message| self.fault(&value.span(), message))?,
                origin: self.origin(&key),
            }),
        }
    }
}

/// A value as JSON: times become text.
fn json(value: &DeValue<'_>) -> Result<Json, String> {
    Ok(match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Integer(number) => integer(number)?,
        DeValue::Float(number) => {
            let value: Option<f64> = number.as_str().parse().ok();
            let number = value.and_then(Number::from_f64);
            Json::Number(number.ok_or("expected a finite number")?)
        }
        DeValue::Array(items) => {
            let items = items.iter().map(|item| json(item.get_ref()));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().to_string(), json(value.get_ref())?)));
            Json::Object(entries.collect::<Result<Map<_, _>, String>>()?)
        }
    })
}

fn integer(number: &DeInteger<'_>) -> Result<Json, String> {
    let (text, radix) = (number.as_str(), number.radix());
    let signed = i64::from_str_radix(text, radix).map(Json::from);
    let value = signed.or_else(|_| u64::from_str_radix(text, radix).map(Json::from));
    value.map_err(|_| "expected an integer of at most 64 bits".to_owned())
}
