//! The log on standard error: time, level, who, what.

use super::entry::who;
use crate::output::clean;
use env_logger::{Builder, Env, Logger, fmt::Formatter};
use log::{
    Record,
    kv::{self, Key, Value, VisitSource},
};
use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

/// The variable whose filter wins over the configuration's.
const VARIABLE: &str = "RUST_LOG";

/// What writes there all that passes the filter.
pub(super) fn logger(filter: &str) -> Logger {
    let env = Env::default().filter_or(VARIABLE, filter);
    Builder::from_env(env).format(format).build()
}

fn format(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let level = record.level();
    let style = out.default_level_style(level);
    let who = clean(who(record.target()));
    let time = out.timestamp_millis();
    writeln!(
        out,
        "{time} {style}{level:<5}{style:#} {who}: {}",
        message(record)
    )
}

/// The text of a record and its fields. What a plugin writes is not obeyed by a terminal; further
/// lines are indented, so that none can pass for a record.
fn message(record: &Record<'_>) -> String {
    let text = record.args().to_string();
    let lines: Vec<Cow<'_, str>> = text.lines().map(clean).collect();
    let mut fields = Fields(lines.join("\n    "));
    // It cannot fail: neither does the visitor.
    let _ = record.key_values().visit(&mut fields);
    fields.0
}

struct Fields(String);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let value = value.to_string();
        write!(self.0, " {}={}", clean(key.as_str()), clean(&value))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cannot_pass_for_two() {
        let fields = [("path", "a\u{1b}b"), ("n", "1")];
        let record = Record::builder()
            .args(format_args!("one\n2026 INFO other: two"))
            .key_values(&fields)
            .build();
        assert_eq!(
            message(&record),
            "one\n    2026 INFO other: two path=a\\u{1b}b n=1"
        );
    }
}
