//! Tree to values: what each key may hold. All problems are collected, the first does not end it.

use crate::{
    IdError,
    keys::Key,
    problem::Fault,
    tree::{Entry, NOWHERE, Node, Table, Value, shortened},
};
use std::{borrow::Cow, collections::HashSet, fmt, hash::Hash, str::FromStr};

/// The most entries that a list of a manifest has.
pub const MAX_LIST: usize = 4096;

/// How much is reported of one text. Nobody reads more, and a text that was made to hurt could hold
/// a hundred thousand mistakes.
pub(crate) const MOST_REPORTED: usize = 64;

/// Something wrong, with its place not yet turned into line and column.
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) at: u32,
    pub(crate) fault: Fault,
}

/// A key that nothing takes.
#[cfg_attr(
    not(feature = "source"),
    expect(
        dead_code,
        reason = "only the reader of plugin.toml suggests another key"
    )
)]
pub(crate) struct Unknown {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) at: u32,
    /// The keys that could stand there.
    pub(crate) known: Vec<&'static str>,
}

/// Collects what is found on the way.
#[derive(Default)]
pub(crate) struct Checker {
    pub(crate) found: Vec<Found>,
    pub(crate) unknown: Vec<Unknown>,
}

/// A key's path, put together only where something is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Path<'k> {
    /// The table or list that it stands in; empty at the top.
    pub(crate) within: &'k str,
    /// Which entry of that list.
    pub(crate) index: Option<usize>,
    /// The key itself; empty for the entry as a whole.
    pub(crate) name: &'k str,
}

impl<'k> Path<'k> {
    pub(crate) const fn top(name: &'k str) -> Self {
        Self {
            within: "",
            index: None,
            name,
        }
    }

    pub(crate) const fn entry(within: &'k str, index: usize) -> Self {
        Self {
            within,
            index: Some(index),
            name: "",
        }
    }

    pub(crate) const fn key(self, name: &'k str) -> Self {
        let within = if self.within.is_empty() {
            self.name
        } else {
            self.within
        };
        Self {
            within,
            index: self.index,
            name,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.within)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        if !self.within.is_empty() && !self.name.is_empty() {
            f.write_str(".")?;
        }
        f.write_str(self.name)
    }
}

impl Checker {
    pub(crate) fn report(&mut self, key: impl fmt::Display, at: u32, fault: Fault) {
        if self.found.len() < MOST_REPORTED {
            let key = key.to_string();
            self.found.push(Found { key, at, fault });
        }
    }

    pub(crate) fn wrong(
        &mut self,
        key: impl fmt::Display,
        at: u32,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let (expected, found) = (expected.into(), found.into());
        self.report(key, at, Fault::Wrong { expected, found });
    }

    pub(crate) fn missing(&mut self, key: impl fmt::Display, at: u32, expected: &str) {
        let expected = expected.to_owned();
        self.report(key, at, Fault::Missing { expected });
    }

    fn mistyped<T>(
        &mut self,
        key: impl fmt::Display,
        expected: &str,
        node: &Node<'_>,
    ) -> Option<T> {
        self.wrong(key, node.at, expected, node.value.describe());
        None
    }

    /// What is left of a table after everything known was taken.
    pub(crate) fn leftover(
        &mut self,
        within: impl fmt::Display,
        table: Table<'_>,
        known: &[&[Key]],
    ) {
        if table.0.is_empty() {
            return;
        }
        let within = within.to_string();
        let room = MOST_REPORTED.saturating_sub(self.unknown.len());
        for entry in table.0.into_iter().take(room) {
            let key = shortened(&entry.key);
            self.unknown.push(Unknown {
                key: match within.as_str() {
                    "" => key.into_owned(),
                    within => format!("{within}.{key}"),
                },
                name: entry.key.into_owned(),
                at: entry.at,
                known: known
                    .iter()
                    .copied()
                    .flatten()
                    .map(|key| key.name)
                    .collect(),
            });
        }
    }

    pub(crate) fn string<'a>(
        &mut self,
        key: impl fmt::Display,
        node: Node<'a>,
    ) -> Option<Cow<'a, str>> {
        match node.value {
            Value::String(text) => Some(text),
            _ => self.mistyped(key, "a string", &node),
        }
    }

    /// A text to show on one line of a terminal.
    pub(crate) fn line(&mut self, key: impl fmt::Display, node: Node<'_>) -> Option<String> {
        let at = node.at;
        let text = self.string(&key, node)?;
        match control(&text) {
            None => Some(text.into_owned()),
            Some(c) => {
                let found = format!("the control character {c:?}");
                self.wrong(key, at, "one line of text", found);
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, key: impl fmt::Display, node: &Node<'_>) -> Option<bool> {
        match node.value {
            Value::Boolean(truth) => Some(truth),
            _ => self.mistyped(key, "a boolean", node),
        }
    }

    /// An integer of a type that is narrower than TOML's.
    pub(crate) fn integer<T: TryFrom<i64>>(
        &mut self,
        key: impl fmt::Display,
        node: &Node<'_>,
        expected: &str,
    ) -> Option<T> {
        let number = match node.value {
            Value::Integer(number) => T::try_from(number).ok(),
            _ => None,
        };
        match number {
            Some(number) => Some(number),
            None => self.mistyped(key, expected, node),
        }
    }

    pub(crate) fn id<T: FromStr<Err = IdError>>(
        &mut self,
        key: impl fmt::Display,
        node: Node<'_>,
    ) -> Option<T> {
        let at = node.at;
        let text = self.string(&key, node)?;
        text.parse()
            .map_err(|error| self.report(key, at, Fault::Id(error)))
            .ok()
    }

    /// A text with a grammar of its own: a version or a range.
    pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: impl fmt::Display,
        node: Node<'_>,
        expected: &str,
    ) -> Option<T> {
        let at = node.at;
        let text = self.string(&key, node)?;
        text.parse()
            .map_err(|error| {
                let found = format!("{:?} ({error})", shortened(&text));
                self.wrong(key, at, expected, found);
            })
            .ok()
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: impl fmt::Display,
        node: Node<'_>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let at = node.at;
        let text = self.string(&key, node)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let names: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let expected = format!("one of {}", names.join(", "));
        self.wrong(key, at, expected, format!("{:?}", shortened(&text)));
        None
    }

    pub(crate) fn table<'a>(
        &mut self,
        key: impl fmt::Display,
        node: Node<'a>,
        expected: &str,
    ) -> Option<Table<'a>> {
        match node.value {
            Value::Table(table) => Some(table),
            _ => self.mistyped(key, expected, &node),
        }
    }

    /// Each entry of a list through `read`; an entry that is wrong is left out.
    pub(crate) fn list<'a, T>(
        &mut self,
        name: &str,
        entry: Option<Entry<'a>>,
        mut read: impl FnMut(&mut Self, Path<'_>, Node<'a>) -> Option<T>,
    ) -> Vec<T> {
        let Some(Entry { node, .. }) = entry else {
            return Vec::new();
        };
        let nodes = match node.value {
            Value::Array(nodes) => nodes,
            _ => {
                self.wrong(Path::top(name), node.at, "an array", node.value.describe());
                return Vec::new();
            }
        };
        if nodes.len() > MAX_LIST {
            let expected = format!("at most {MAX_LIST} entries");
            self.wrong(Path::top(name), node.at, expected, nodes.len().to_string());
            return Vec::new();
        }
        let mut values = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            values.extend(read(self, Path::entry(name, index), node));
        }
        values
    }

    /// Complains of each entry whose key stood before.
    pub(crate) fn each_once<T, K: Hash + Eq>(
        &mut self,
        list: &str,
        entries: &[(u32, T)],
        key: impl Fn(&T) -> &K,
        name: impl Fn(&T) -> String,
    ) {
        if !repeats(entries, &key) {
            return;
        }
        let mut seen = HashSet::with_capacity(entries.len());
        for (at, entry) in entries {
            if !seen.insert(key(entry)) {
                let found = format!("`{}` again", name(entry));
                self.wrong(list, *at, "each entry once", found);
            }
        }
    }
}

/// The first control character, looked for among the characters only where a byte may begin one.
fn control(text: &str) -> Option<char> {
    let begins = |byte: u8| byte < b' ' || byte == 0x7f || byte == 0xc2;
    // Without an early end, so that the compiler looks at many bytes at once.
    let may_hold = text.bytes().fold(false, |found, byte| found | begins(byte));
    let mut controls = text.chars().filter(|character| character.is_control());
    may_hold.then(|| controls.next()).flatten()
}

/// Whether a list may repeat itself: exact for a short one, which needs no hashing.
fn repeats<T, K: Eq>(entries: &[(u32, T)], key: impl Fn(&T) -> &K) -> bool {
    const SHORT: usize = 8;
    let before = |at: usize| entries[..at].iter().map(|(_, entry)| key(entry));
    entries.len() > SHORT
        || (1..entries.len()).any(|at| before(at).any(|other| other == key(&entries[at].1)))
}

impl Found {
    /// With nothing known of its place.
    pub(crate) const fn is_nowhere(&self) -> bool {
        self.at == NOWHERE
    }
}
