//! A record as people read it.

use crate::output::clean;
use std::{borrow::Cow, fmt::Write as _};

/// What the host's own crates call themselves; a plugin's records carry its id.
pub(crate) const OWN: &str = "jackfield";

/// Who wrote a record with that target.
pub(super) fn who(target: &str) -> &str {
    if target.starts_with("jackfield_") {
        OWN
    } else {
        target
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
