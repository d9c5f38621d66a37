use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// The longest text of a field, in characters: a client says what it wants.
const LONGEST: usize = 256;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// It was tried, and not done.
    Failed,
    /// It was not let through.
    Refused,
    /// That many lines before this one are missing: the disk did not take them.
    Lost,
}

impl Outcome {
    /// As it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When: RFC 3339, UTC, with milliseconds.
    pub(crate) time: String,
    /// Who: `token 1f2e3d4c (name)`, `local` where access is open, `control socket`,
    /// `command line`, or `nobody` without credentials that count.
    pub(crate) who: String,
    /// From where: a client's address and port, or a process and its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// What was to be done: `stop`, or `POST /api/plugins/web/stop`.
    pub(crate) action: String,
    /// On which plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plugin: Option<String>,
    /// By which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<String>,
    /// What came of it.
    pub(crate) result: Outcome,
    /// The status of an answer over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// More, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    /// How many more of the kind there were since the line that has the first in full; how many
    /// lines are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repeated: Option<u64>,
}

impl Entry {
    /// That somebody did something just now.
    pub(crate) fn new(who: &str, action: &str) -> Self {
        Self {
            time: now(),
            who: cut(who),
            from: None,
            action: cut(action),
            plugin: None,
            request: None,
            result: Outcome::Done,
            status: None,
            detail: None,
            repeated: None,
        }
    }

    /// From there.
    pub(crate) fn from(mut self, from: Option<&str>) -> Self {
        self.from = from.map(cut);
        self
    }

    /// On that plugin.
    pub(crate) fn on(mut self, plugin: Option<&str>) -> Self {
        self.plugin = plugin.map(cut);
        self
    }

    /// By that request.
    pub(crate) fn by(mut self, request: Option<&str>) -> Self {
        self.request = request.map(cut);
        self
    }

    /// With that result, and more of it for people.
    pub(crate) fn with(mut self, result: Outcome, detail: Option<&str>) -> Self {
        self.result = result;
        self.detail = detail.map(cut);
        self
    }

    /// With that status of the answer.
    pub(crate) fn answered(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// As one of many that came after it.
    pub(super) fn repeated(self, times: u64) -> Self {
        Self {
            time: now(),
            request: None,
            repeated: Some(times),
            ..self
        }
    }

    /// That lines are missing.
    pub(super) fn lost(lines: u64) -> Self {
        Self {
            result: Outcome::Lost,
            repeated: Some(lines),
            ..Self::new("jackfield", "write the audit log")
        }
    }

    /// With its line feed. JSON has an escape for every character that would end a line.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("its fields are text and numbers");
        line.push(b'\n');
        line
    }

    /// Reads a line; `None` where it is none, or not all of one.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_client_says_is_one_line_of_a_bounded_length() {
        let evil = "x\n{\"who\":\"admin\"}\r\u{2028}\u{1b}[2J\0\"";
        let entry = Entry::new(evil, &"ü".repeat(5000))
            .from(Some(evil))
            .on(Some(evil))
            .by(Some(evil))
            .with(Outcome::Refused, Some(evil));
        let line = entry.line();
        assert_eq!(line.iter().filter(|byte| **byte < 0x20).count(), 1);
        assert_eq!(line.last(), Some(&b'\n'));
        assert!(line.len() < 2000);
        assert_eq!(Entry::read(&line), Some(entry));
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let mut entry = Entry::new("local", "stop").on(Some("web"));
        entry.time = "T".to_owned();
        assert_eq!(
            String::from_utf8(entry.line()).unwrap(),
            "{\"time\":\"T\",\"who\":\"local\",\"action\":\"stop\",\"plugin\":\"web\",\
             \"result\":\"done\"}\n"
        );
    }
}
