//! TOML as a tree that borrows from its text and knows where each part stands.

use std::borrow::Cow;

/// The place of something that stands nowhere in the file: a default taken from Cargo.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'a> {
    /// Where it begins, in bytes from the beginning of the text.
    pub(crate) at: u32,
    pub(crate) value: Value<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    String(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Array(Vec<Node<'a>>),
    Table(Table<'a>),
    /// What no key of ours takes: the words for it, with an article.
    Other(&'static str),
}

/// A table, in the order of the text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table<'a>(pub(crate) Vec<Entry<'a>>);

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Cow<'a, str>,
    /// Where the key begins.
    pub(crate) at: u32,
    pub(crate) node: Node<'a>,
}

impl<'a> Table<'a> {
    /// Turns the order round, so that keys taken in the order of the text are each the last.
    pub(crate) fn ready(&mut self) {
        self.0.reverse();
    }

    /// Takes a key out; what is left in the end is unknown. Its order is lost.
    pub(crate) fn take(&mut self, key: &str) -> Option<Entry<'a>> {
        let at = self.0.iter().rposition(|entry| entry.key == key)?;
        Some(self.0.swap_remove(at))
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|entry| entry.key == key)
    }
}

impl Value<'_> {
    /// What was found, for a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::String(text) => format!("the string {:?}", shortened(text)),
            Self::Integer(number) => format!("the integer {number}"),
            Self::Float(number) => format!("the float {number}"),
            Self::Boolean(truth) => format!("the boolean {truth}"),
            Self::Array(_) => "an array".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Other(words) => (*words).to_owned(),
        }
    }
}

/// The beginning of a text that may be long.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
