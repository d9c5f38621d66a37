//! The plain form: one `key = value` a line, bare keys, strings without escapes, arrays and inline
//! tables on that line.
//!
//! The note of every plugin built with the SDK has this form, and a directory of a thousand plugins
//! is read at each first look: reading and checking it by way of this takes less than half of what
//! a TOML parser takes for its tree alone (`scripts/bench manifest.parse`). It refuses by `None`
//! whatever it is not sure of, so it decides nothing alone.

use super::MAX_TOKENS;
use crate::tree::{Entry, Node, Table, Value};
use std::borrow::Cow;

/// Tables with more keys go to the full reader, since keys are compared one by one here.
const MOST_KEYS: usize = 64;
/// Texts with more values go to the full reader, which counts.
const MOST_VALUES: usize = MAX_TOKENS / 2;
/// Values nested deeper go to the full reader.
const DEEPEST: u8 = 6;

/// Reads a text of the plain form.
pub(super) fn read(text: &str) -> Option<Table<'_>> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        values: 0,
    };
    u32::try_from(text.len()).ok()?;
    let mut table = Table(Vec::with_capacity(16));
    loop {
        reader.skip(|byte| byte == b'\n' || byte == b' ');
        if reader.at == reader.bytes.len() {
            return Some(table);
        }
        reader.entry(&mut table, 0)?;
        reader.skip(|byte| byte == b' ');
        if reader.at < reader.bytes.len() {
            reader.eat(b'\n')?;
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How many values were read.
    values: usize,
}

impl<'a> Reader<'a> {
    fn here(&self) -> u32 {
        // `read` has looked that every place fits.
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn spaces(&mut self) {
        self.skip(|byte| byte == b' ');
    }

    fn entry(&mut self, table: &mut Table<'a>, depth: u8) -> Option<()> {
        let begin = self.at;
        let at = self.here();
        self.skip(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        let key = &self.text[begin..self.at];
        if key.is_empty() || table.0.len() == MOST_KEYS || table.has(key) {
            return None;
        }
        self.spaces();
        self.eat(b'=')?;
        self.spaces();
        let node = self.value(depth)?;
        let key = Cow::Borrowed(key);
        table.0.push(Entry { key, at, node });
        Some(())
    }

    fn value(&mut self, depth: u8) -> Option<Node<'a>> {
        let at = self.here();
        self.values += 1;
        if self.values > MOST_VALUES {
            return None;
        }
        let value = match self.peek()? {
            quote @ (b'"' | b'\'') => Value::String(Cow::Borrowed(self.string(quote)?)),
            b'[' if depth < DEEPEST => self.array(depth + 1)?,
            b'{' if depth < DEEPEST => self.table(depth + 1)?,
            b'0'..=b'9' | b'-' => Value::Integer(self.integer()?),
            b't' => self.word("true", true)?,
            b'f' => self.word("false", false)?,
            _ => return None,
        };
        Some(Node { at, value })
    }

    /// A string of either sort that holds neither escapes nor control characters. The beginning of
    /// a multi-line string reads as an empty one, and what follows it then fits nothing.
    fn string(&mut self, quote: u8) -> Option<&'a str> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let text = &rest[..rest.find(char::from(quote))?];
        let odd = |byte: u8| byte < b' ' || byte == 0x7f || (byte == b'\\' && quote == b'"');
        // Without an early end, so that the compiler looks at many bytes at once.
        if text.bytes().fold(false, |found, byte| found | odd(byte)) {
            return None;
        }
        self.at += text.len() + 1;
        Some(text)
    }

    fn array(&mut self, depth: u8) -> Option<Value<'a>> {
        self.at += 1;
        let mut nodes = Vec::new();
        self.spaces();
        while self.peek()? != b']' {
            nodes.push(self.value(depth)?);
            self.spaces();
            if self.peek()? != b']' {
                self.eat(b',')?;
                self.spaces();
            }
        }
        self.at += 1;
        Some(Value::Array(nodes))
    }

    fn table(&mut self, depth: u8) -> Option<Value<'a>> {
        self.at += 1;
        let mut table = Table(Vec::with_capacity(5));
        self.spaces();
        if self.eat(b'}').is_some() {
            return Some(Value::Table(table));
        }
        loop {
            self.entry(&mut table, depth)?;
            self.spaces();
            if self.eat(b'}').is_some() {
                return Some(Value::Table(table));
            }
            self.eat(b',')?;
            self.spaces();
        }
    }

    /// A decimal integer. What else may begin with digits (a float, a date) leaves something behind
    /// that fits nothing.
    fn integer(&mut self) -> Option<i64> {
        const MOST_DIGITS: usize = 18;
        let begin = self.at;
        self.eat(b'-');
        let digits = self.at;
        self.skip(|byte| byte.is_ascii_digit());
        let count = self.at - digits;
        let padded = count > 1 && self.bytes[digits] == b'0';
        if count == 0 || count > MOST_DIGITS || padded {
            return None;
        }
        self.text[begin..self.at].parse().ok()
    }

    fn word(&mut self, word: &str, truth: bool) -> Option<Value<'a>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        Some(Value::Boolean(truth))
    }
}
