//! A table within `ui`, while it is read.

use super::{MAX_LINE_LEN, MAX_NAME_LEN, MAX_TEXT_LEN};
use crate::{
    check::Checker,
    keys::Key,
    tree::{Node, Table, Value, shortened},
};

/// A table and where it stands.
pub(super) struct Place<'c, 'a> {
    pub(super) checker: &'c mut Checker,
    pub(super) path: String,
    pub(super) at: u32,
    pub(super) table: Table<'a>,
}

impl<'c, 'a> Place<'c, 'a> {
    pub(super) fn open(
        checker: &'c mut Checker,
        path: String,
        node: Node<'a>,
        example: &str,
    ) -> Option<Self> {
        let at = node.at;
        let table = checker.table(&path, node, example)?;
        Some(Self {
            checker,
            path,
            at,
            table,
        })
    }

    /// Complains of what was not taken.
    pub(super) fn close(self, known: &[Key]) {
        self.checker.leftover(self.path, self.table, &[known]);
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        self.table.take(name).map(|entry| entry.node)
    }

    /// A text of one line.
    pub(super) fn line(&mut self, name: &str) -> Option<String> {
        let node = self.take(name)?;
        line(self.checker, self.key(name), node)
    }

    /// A text that may have several lines.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let node = self.take(name)?;
        text(self.checker, self.key(name), node)
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let node = self.take(name)?;
        self.checker.boolean(self.key(name), &node)
    }

    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let node = self.take(name)?;
        self.checker.word(self.key(name), node, words)
    }

    /// A name, where there is one.
    pub(super) fn name(&mut self, name: &str) -> Option<String> {
        let node = self.take(name)?;
        self.valid(name, node, is_name, A_NAME)
    }

    /// A name, which has to be there.
    pub(super) fn own_name(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Some(node) => self.valid(name, node, is_name, A_NAME),
            None => self.missing(name, A_NAME),
        }
    }

    pub(super) fn missing<T>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.checker.missing(self.key(name), self.at, expected);
        None
    }

    /// The path of a route of the plugin.
    pub(super) fn endpoint(&mut self, name: &str) -> Option<String> {
        let node = self.take(name)?;
        let expected = "the path of a route of the plugin, such as \"/jobs\"";
        self.valid(name, node, is_route, expected)
    }

    fn valid(
        &mut self,
        name: &str,
        node: Node<'a>,
        is_valid: impl Fn(&str) -> bool,
        expected: &str,
    ) -> Option<String> {
        let at = node.at;
        let text = self.checker.string(self.key(name), node)?;
        if is_valid(&text) {
            return Some(text.into_owned());
        }
        let found = format!("{:?}", shortened(&text));
        self.checker.wrong(self.key(name), at, expected, found);
        None
    }

    /// Each entry of a list through `read`, with its place; an entry that is wrong is left out.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        most: usize,
        mut read: impl FnMut(&mut Checker, String, Node<'a>) -> Option<T>,
    ) -> Vec<(u32, T)> {
        let path = self.key(name);
        let entry = self.table.take(name);
        if let Some(entry) = &entry
            && let Value::Array(nodes) = &entry.node.value
            && nodes.len() > most
        {
            let expected = format!("at most {most} entries");
            let found = nodes.len().to_string();
            self.checker.wrong(path, entry.node.at, expected, found);
            return Vec::new();
        }
        self.checker.list(&path, entry, |checker, path, node| {
            let at = node.at;
            Some((at, read(checker, path.to_string(), node)?))
        })
    }

    /// Complains of each entry whose id stood before.
    pub(super) fn each_once<T>(
        &mut self,
        name: &str,
        entries: &[(u32, T)],
        id: impl Fn(&T) -> &String,
    ) {
        let path = self.key(name);
        let shown = |entry: &T| id(entry).clone();
        self.checker.each_once(&path, entries, &id, shown);
    }
}

const A_NAME: &str = "a name of letters, digits, `_`, `-` and `.`, at most 64 bytes";
const _: () = assert!(MAX_NAME_LEN == 64, "A_NAME says 64");

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=MAX_NAME_LEN).contains(&text.len()) && text.bytes().all(is_part)
}

/// Whether a text is a path, and one that stays below its plugin: in the form of a route's pattern,
/// with neither query nor percent-encoding.
fn is_route(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@{}".contains(&byte);
    let is_segment = |segment: &str| {
        !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(is_part)
    };
    match text.strip_prefix('/') {
        Some("") => true,
        Some(rest) => text.len() <= MAX_LINE_LEN && rest.split('/').all(is_segment),
        None => false,
    }
}

pub(super) fn line(checker: &mut Checker, key: String, node: Node<'_>) -> Option<String> {
    let at = node.at;
    let text = checker.line(&key, node)?;
    bounded(checker, key, at, text, MAX_LINE_LEN)
}

pub(super) fn text(checker: &mut Checker, key: String, node: Node<'_>) -> Option<String> {
    let at = node.at;
    let text = checker.string(&key, node)?.into_owned();
    let odd = text
        .chars()
        .find(|&c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if let Some(c) = odd {
        let found = format!("the control character {c:?}");
        checker.wrong(key, at, "text", found);
        return None;
    }
    bounded(checker, key, at, text, MAX_TEXT_LEN)
}

fn bounded(
    checker: &mut Checker,
    key: String,
    at: u32,
    text: String,
    most: usize,
) -> Option<String> {
    if text.len() <= most {
        return Some(text);
    }
    let expected = format!("at most {most} bytes of text");
    checker.wrong(key, at, expected, text.len().to_string());
    None
}
