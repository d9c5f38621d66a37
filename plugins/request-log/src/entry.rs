//! One request as a line of the log.

use plugin_api::log;
use std::{borrow::Cow, time::Duration};

/// The longest text that a client can put into a line, in bytes.
const LONGEST: usize = 1024;

/// What is known of a request once it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) method: &'a str,
    /// Without the query, in which there may be secrets.
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    /// From when the host took it; `None` where the host does not tell.
    pub(crate) duration: Option<Duration>,
    /// Of the answer's body; `None` for one that is empty or comes in parts.
    pub(crate) bytes: Option<u64>,
    /// Who asks: the name of a token, or an address.
    pub(crate) who: &'a str,
}

/// What is written, and how.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) level: log::Level,
    /// Slower requests are warnings.
    pub(crate) slow: Duration,
    /// Beginnings of paths that are not written, unless they fail.
    pub(crate) skip: Vec<String>,
}

impl Rules {
    /// The level of a request's line; `None` where none is written.
    pub(crate) fn level(&self, entry: &Entry<'_>) -> Option<log::Level> {
        if entry.status >= 500 || entry.duration.is_some_and(|duration| duration >= self.slow) {
            return Some(self.level.min(log::Level::Warn));
        }
        let skipped = self
            .skip
            .iter()
            .any(|begin| entry.path.starts_with(begin.as_str()));
        (!skipped).then_some(self.level)
    }

    /// Writes the line.
    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let Some(level) = self.level(entry) else {
            return;
        };
        let (method, path, who) = (clean(entry.method), clean(entry.path), clean(entry.who));
        let duration_ms = entry
            .duration
            .map(|duration| duration.as_secs_f64() * 1000.0);
        let took = duration_ms.map_or_else(String::new, |took| format!(" in {took:.1} ms"));
        log::log!(
            level,
            request_id = &*clean(entry.request_id), method = &*method, path = &*path,
            status = entry.status, duration_ms = duration_ms, bytes = entry.bytes, who = &*who;
            "{method} {path} {}{took}, {who}", entry.status
        );
    }
}

/// A text of a client's without what could look like another line, and no longer than it may be.
fn clean(text: &str) -> Cow<'_, str> {
    let cut = &text[..text.floor_char_boundary(LONGEST)];
    if cut.len() == text.len() && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = cut.chars().flat_map(|c| {
        let (escaped, plain) = if c.is_control() {
            (Some(c.escape_default()), None)
        } else {
            (None, Some(c))
        };
        escaped.into_iter().flatten().chain(plain)
    });
    let end = if cut.len() < text.len() { "…" } else { "" };
    Cow::Owned(escaped.chain(end.chars()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, status: u16, millis: u64) -> Entry<'_> {
        Entry {
            request_id: "r-1",
            method: "GET",
            path,
            status,
            duration: Some(Duration::from_millis(millis)),
            bytes: Some(7),
            who: "ada",
        }
    }

    fn rules(level: log::Level) -> Rules {
        Rules {
            level,
            slow: Duration::from_secs(1),
            skip: vec!["/healthz".to_owned()],
        }
    }

    #[test]
    fn failures_and_slow_ones_are_warnings() {
        let level = |entry| rules(log::Level::Info).level(&entry);
        assert_eq!(level(entry("/a", 200, 1)), Some(log::Level::Info));
        assert_eq!(level(entry("/a", 404, 1)), Some(log::Level::Info));
        assert_eq!(level(entry("/a", 500, 1)), Some(log::Level::Warn));
        assert_eq!(level(entry("/a", 200, 1000)), Some(log::Level::Warn));
        assert_eq!(level(entry("/healthz", 200, 1)), None);
        assert_eq!(level(entry("/healthz", 503, 1)), Some(log::Level::Warn));
        let debug = rules(log::Level::Debug);
        assert_eq!(debug.level(&entry("/a", 500, 1)), Some(log::Level::Warn));
        let error = rules(log::Level::Error);
        assert_eq!(error.level(&entry("/a", 500, 1)), Some(log::Level::Error));
    }

    #[test]
    fn a_client_cannot_begin_a_line() {
        assert_eq!(
            clean("/a\r\n2026 ERROR\u{1b}[0m"),
            "/a\\r\\n2026 ERROR\\u{1b}[0m"
        );
        assert_eq!(clean("/é"), "/é");
        let long = "é".repeat(LONGEST);
        let cleaned = clean(&long);
        assert_eq!(cleaned.chars().count(), LONGEST / 2 + 1);
        assert!(cleaned.ends_with('…'));
    }
}
