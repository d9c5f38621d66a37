//! A record as people read it: time, level, who, what.

use super::entry::who;
use crate::output::clean;
use env_logger::fmt::Formatter;
use log::{
    Record,
    kv::{self, Key, Value, VisitSource},
};
use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

/// How a record is written to standard error.
pub(super) fn format(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let level = record.level();
    let style = out.default_level_style(level);
    let who = clean(who(record.target()));
    let time = out.timestamp_millis();
    let mut fields = Fields::default();
    // It cannot fail: neither does the visitor.
    let _ = record.key_values().visit(&mut fields);
    let message = message(&record.args().to_string(), fields.0);
    writeln!(out, "{time} {style}{level:<5}{style:#} {who}: {message}")
}

#[derive(Default)]
struct Fields(Vec<(Cow<'static, str>, Cow<'static, str>)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0
            .push((key.to_string().into(), value.to_string().into()));
        Ok(())
    }
}

/// The text of a record and its fields. What a plugin writes is not obeyed by a terminal; further
/// lines are indented, so that none can pass for a record.
pub(crate) fn message<'a>(
    text: &str,
    fields: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> String {
    let lines: Vec<Cow<'_, str>> = text.lines().map(clean).collect();
    let mut message = lines.join("\n    ");
    for (key, value) in fields {
        write!(message, " {}={}", clean(&key), clean(&value)).expect("a String takes everything");
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cannot_pass_for_two() {
        let fields = [("path", "a\u{1b}b"), ("n", "1")];
        let fields = fields.map(|(key, value)| (key.into(), value.into()));
        assert_eq!(
            message("one\n2026 INFO other: two", fields),
            "one\n    2026 INFO other: two path=a\\u{1b}b n=1"
        );
    }
}
