//! A record that outlives the call that made it.

use log::{
    Level, Record,
    kv::{self, Key, Value, VisitSource},
};
use std::{
    fmt::{self, Write},
    time::SystemTime,
};

/// What the host's own crates call themselves; a plugin's records carry its id.
pub(super) const OWN: &str = "jackfield";
/// The longest message that is kept, in bytes; the rest is cut off, and said to be.
const MESSAGE_LEN: usize = 32 << 10;
/// All keys and values of fields together have so many bytes; what is beyond is left out.
const FIELDS_LEN: usize = 8 << 10;
/// So many fields are kept; those that come after them are left out.
const MOST_FIELDS: usize = 64;

/// Who speaks: a plugin's id, or that of the host's crates taken together.
pub(super) fn who(target: &str) -> &str {
    if target.starts_with("jackfield_") {
        OWN
    } else {
        target
    }
}

/// One record of the log, of at most some 40 KiB.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// When it was made.
    pub(crate) time: SystemTime,
    /// How urgent it is.
    pub(crate) level: Level,
    /// A plugin's id, `jackfield` for the host, or the name of a library of the host's.
    pub(crate) target: String,
    /// The module that made it.
    pub(crate) module: Option<String>,
    /// What happened.
    pub(crate) message: String,
    /// Its structured fields, in the order in which they were given.
    pub(crate) fields: Vec<(String, String)>,
    /// The source file.
    pub(crate) file: Option<String>,
    /// The line in it.
    pub(crate) line: Option<u32>,
}

impl Entry {
    /// The record as it is now.
    pub(super) fn of(record: &Record<'_>) -> Self {
        let mut fields = Fields {
            pairs: Vec::new(),
            left: FIELDS_LEN,
        };
        // It cannot fail: neither does the visitor.
        let _ = record.key_values().visit(&mut fields);
        Self {
            time: SystemTime::now(),
            level: record.level(),
            target: who(record.target()).to_owned(),
            module: record.module_path().map(str::to_owned),
            message: text(record.args(), MESSAGE_LEN),
            fields: fields.pairs,
            file: record.file().map(str::to_owned),
            line: record.line(),
        }
    }
}

/// At most so many bytes of what is displayed, and how many more there were.
fn text(what: &impl fmt::Display, limit: usize) -> String {
    let mut bounded = Bounded {
        text: String::new(),
        limit,
        over: 0,
    };
    // Whoever fails to display itself has said what it could.
    let _ = write!(bounded, "{what}");
    let Bounded { mut text, over, .. } = bounded;
    if over > 0 {
        let _ = write!(text, "… ({over} bytes more)");
    }
    text
}

struct Bounded {
    text: String,
    limit: usize,
    over: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = if self.over == 0 {
            self.limit - self.text.len()
        } else {
            0
        };
        let fits = part.floor_char_boundary(room);
        self.text.push_str(&part[..fits]);
        self.over += part.len() - fits;
        Ok(())
    }
}

struct Fields {
    pairs: Vec<(String, String)>,
    left: usize,
}

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        if self.pairs.len() == MOST_FIELDS {
            return Ok(());
        }
        let value = text(&value, self.left);
        let len = key.as_str().len() + value.len();
        match self.left.checked_sub(len) {
            Some(left) => {
                self.left = left;
                self.pairs.push((key.as_str().to_owned(), value));
            }
            None => self.left = 0,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_kept_as_it_was() {
        let fields = [("path", "a"), ("n", "1")];
        let mut builder = Record::builder();
        let record = builder
            .level(Level::Warn)
            .target("greeter")
            .module_path(Some("greeter::book"))
            .file(Some("src/book.rs"))
            .line(Some(7))
            .key_values(&fields)
            .args(format_args!("one"))
            .build();
        let entry = Entry::of(&record);
        let expected = Entry {
            time: entry.time,
            level: Level::Warn,
            target: "greeter".to_owned(),
            module: Some("greeter::book".to_owned()),
            message: "one".to_owned(),
            fields: vec![
                ("path".to_owned(), "a".to_owned()),
                ("n".to_owned(), "1".to_owned()),
            ],
            file: Some("src/book.rs".to_owned()),
            line: Some(7),
        };
        assert_eq!(entry, expected);
        assert_eq!(who("jackfield_loader::registry"), "jackfield");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_said_to_be() {
        let long = format!("a{}", "é".repeat(MESSAGE_LEN));
        let cut = text(&long, MESSAGE_LEN);
        let end = format!("é… ({} bytes more)", MESSAGE_LEN + 2);
        assert!(cut.ends_with(&end), "{}", &cut[cut.len() - 40..]);
        assert_eq!(cut.len(), MESSAGE_LEN - 1 + end.len() - 2);
    }

    #[test]
    fn fields_beyond_the_bound_are_left_out() {
        let long = "x".repeat(FIELDS_LEN - 10);
        let fields = [
            ("a", "1"),
            ("long", &*long),
            ("b", "2"),
            ("c", "3"),
            ("d", "4"),
        ];
        let record = Record::builder()
            .args(format_args!(""))
            .key_values(&fields)
            .build();
        let kept: Vec<String> = Entry::of(&record)
            .fields
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(kept, ["a", "long", "b", "c"]);
        let empty = [("", ""); 100];
        let record = Record::builder()
            .args(format_args!(""))
            .key_values(&empty)
            .build();
        assert_eq!(Entry::of(&record).fields.len(), MOST_FIELDS);
    }
}
