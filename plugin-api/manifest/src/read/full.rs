//! All of TOML, through the `toml` crate.

use crate::{
    problem::{Position, SyntaxError},
    tree::{Entry, Node, Table, Value},
};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

/// Reads any text; the first error ends it.
pub(super) fn read(text: &str) -> Result<Table<'_>, SyntaxError> {
    match DeTable::parse(text) {
        Ok(table) => Ok(convert(table.into_inner())),
        Err(error) => Err(syntax(text, &error)),
    }
}

/// Reads what can be read, and says everything that cannot.
#[cfg(feature = "source")]
pub(crate) fn read_recovering(text: &str) -> (Table<'_>, Vec<SyntaxError>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let errors = errors.iter().map(|error| syntax(text, error)).collect();
    (convert(table.into_inner()), errors)
}

fn syntax(text: &str, error: &toml::de::Error) -> SyntaxError {
    let at = error.span().map_or(0, |span| span.start);
    SyntaxError {
        position: Position::of(text, at),
        message: error.message().to_owned(),
    }
}

fn convert<'a>(table: DeTable<'a>) -> Table<'a> {
    let mut entries: Vec<_> = table
        .into_iter()
        .map(|(key, node)| Entry {
            at: start(key.span()),
            key: key.into_inner(),
            node: convert_node(node),
        })
        .collect();
    // The map sorts by name; an author's order is that of the text.
    entries.sort_by_key(|entry| entry.at);
    Table(entries)
}

fn convert_node<'a>(node: Spanned<DeValue<'a>>) -> Node<'a> {
    let at = start(node.span());
    let value = match node.into_inner() {
        DeValue::String(text) => Value::String(text),
        DeValue::Integer(number) => integer(&number),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or(Value::Other("a float out of range"), Value::Float),
        DeValue::Boolean(truth) => Value::Boolean(truth),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(nodes) => Value::Array(nodes.into_iter().map(convert_node).collect()),
        DeValue::Table(table) => Value::Table(convert(table)),
    };
    Node { at, value }
}

fn integer<'a>(number: &DeInteger<'_>) -> Value<'a> {
    i64::from_str_radix(number.as_str(), number.radix())
        .map_or(Value::Other("an integer out of range"), Value::Integer)
}

fn start(span: Range<usize>) -> u32 {
    u32::try_from(span.start).unwrap_or(crate::tree::NOWHERE)
}
