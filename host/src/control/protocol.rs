//! What goes over the control socket: one line of JSON for a request, one or more for its answer.

use crate::logging::Line;
use jackfield_loader::nearest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// The version of the protocol, `v` in each line. Fields may be added to answers within one.
pub(crate) const VERSION: u64 = 1;

/// The most bytes of a request's line, its line feed included.
pub(crate) const MAX_REQUEST: usize = 1 << 20;

/// The longest that a request may ask to be waited for.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The names of all requests, as they stand in `do`.
const NAMES: [&str; 9] = [
    "status",
    "start",
    "stop",
    "restart",
    "enable",
    "disable",
    "reset-failed",
    "log-level",
    "logs",
];

/// What the host is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// How the host and its plugins do; of one plugin, where an id is given.
    Status {
        /// The plugin's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Start a plugin, and before it what it requires.
    Start(Order),
    /// Stop a plugin, and before it what requires it.
    Stop(Order),
    /// Stop it, start it from what lies on the disk, and bring back what required it.
    Restart(Order),
    /// Enable it in the configuration file, and start it.
    Enable(Order),
    /// Disable it in the configuration file, and stop it.
    Disable(Order),
    /// Forget that it failed.
    ResetFailed {
        /// The plugin's id.
        id: String,
        /// Only tell what would be done.
        #[serde(default)]
        dry_run: bool,
    },
    /// Tell the level of what is logged of it, or set it.
    LogLevel {
        /// The plugin's id.
        id: String,
        /// `off`, `error`, `warn`, `info`, `debug`, `trace`, or `default`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<String>,
        /// Only tell what would be done.
        #[serde(default)]
        dry_run: bool,
    },
    /// The last records of the log.
    Logs(Reading),
}

/// A change of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The plugin's id.
    pub(crate) id: String,
    /// Only tell what would be done.
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// How many milliseconds the answer waits until it is done, at most; 0: it does not. 60,000
    /// where nothing is said.
    #[serde(default = "usual_wait")]
    pub(crate) wait_ms: u64,
}

const fn usual_wait() -> u64 {
    60_000
}

/// Which records are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reading {
    /// Only those of this plugin, and what the host says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Only those of this level and of graver ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<log::Level>,
    /// How many of the last.
    #[serde(default)]
    pub(crate) lines: usize,
    /// And those that come from then on, until the client goes away.
    #[serde(default)]
    pub(crate) follow: bool,
}

/// One line of an answer, without its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    /// The last line: it was done.
    Ok(Value),
    /// The last line: it was not.
    Error(Refusal),
    /// A record of the log; more lines come.
    Record(Line),
    /// So many records were passed by unread, since they were read too slowly; more lines come.
    Dropped(u64),
}

/// A line of an answer.
#[derive(Debug, Serialize, Deserialize)]
struct Sent {
    v: u64,
    #[serde(flatten)]
    answer: Answer,
}

impl Answer {
    /// The line with its line feed.
    pub(crate) fn line(&self) -> Vec<u8> {
        let sent = Sent {
            v: VERSION,
            answer: self.clone(),
        };
        let mut line = serde_json::to_vec(&sent).expect("its maps have keys of text");
        line.push(b'\n');
        line
    }

    /// Reads a line; `None` where it is no answer of this version.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let sent: Sent = serde_json::from_slice(line).ok()?;
        (sent.v == VERSION).then_some(sent.answer)
    }
}

/// Why something is not done, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// The line is no request.
    BadRequest,
    /// It is of another version of the protocol.
    UnsupportedVersion,
    /// There is no such request.
    UnknownCommand,
    /// The line is too long.
    TooLong,
    /// The line was not whole in time.
    TooSlow,
    /// There are as many clients, or changes under way, as there may be.
    TooMany,
    /// Somebody else's.
    NotAllowed,
    /// The host is stopping.
    Stopping,
    /// No plugin has that id.
    UnknownPlugin,
    /// It cannot be started as things are.
    LeftOut,
    /// Somebody else is changing it, for longer than one waited.
    Busy,
    /// It was tried, and does not run.
    NotRunning,
    /// It did not stop as it should.
    NotStopped,
    /// It was not done in time, and goes on.
    Deadline,
    /// The configuration does not allow it, or cannot be changed so.
    Configuration,
    /// The configuration file cannot be written.
    Unwritten,
    /// The host made a mistake.
    Internal,
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    /// For programs.
    pub(crate) code: Code,
    /// For people: what was expected, what was found, what to do.
    pub(crate) message: String,
    /// A name that may have been meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nearest: Option<String>,
}

impl Refusal {
    /// One without a name that may have been meant.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            nearest: None,
        }
    }

    /// No plugin has that id; those are the known ones.
    pub(crate) fn unknown<'k>(id: &str, known: impl Iterator<Item = &'k str>) -> Self {
        let near = nearest(id, known).map(str::to_owned);
        Self {
            code: Code::UnknownPlugin,
            message: match &near {
                Some(near) => format!("there is no plugin `{id}`, did you mean `{near}`?"),
                None => format!("there is no plugin `{id}`"),
            },
            nearest: near,
        }
    }
}

impl Request {
    /// The line with its line feed.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = Map::new();
        line.insert("v".to_owned(), VERSION.into());
        let value = serde_json::to_value(self).expect("its maps have keys of text");
        if let Value::Object(fields) = value {
            line.extend(fields);
        }
        let mut line = Value::Object(line).to_string().into_bytes();
        line.push(b'\n');
        line
    }

    /// Reads a line.
    pub(crate) fn read(line: &[u8]) -> Result<Self, Refusal> {
        let bad = |text: &str| Refusal::new(Code::BadRequest, text);
        let expected = "expected one line of JSON such as {\"v\":1,\"do\":\"status\"}";
        let value: Value = serde_json::from_slice(line)
            .map_err(|error| bad(&format!("{expected}, found no JSON: {error}")))?;
        let Value::Object(mut fields) = value else {
            return Err(bad(expected));
        };
        match fields.remove("v").as_ref().map(Value::as_u64) {
            Some(Some(VERSION)) => {}
            Some(Some(other)) => {
                let text = format!(
                    "a request of version {other}, this host speaks {VERSION}: use the `jackfield` \
                     that the host was started with"
                );
                return Err(Refusal::new(Code::UnsupportedVersion, text));
            }
            _ => return Err(bad(&format!("{expected}, found no `v`"))),
        }
        let Some(name) = fields.get("do").and_then(Value::as_str) else {
            return Err(bad(&format!("{expected}, found no `do`")));
        };
        if !NAMES.contains(&name) {
            return Err(unknown(name));
        }
        let name = name.to_owned();
        serde_json::from_value(Value::Object(fields))
            .map_err(|error| bad(&format!("{name}: {error}")))
    }
}

fn unknown(name: &str) -> Refusal {
    let near = nearest(name, NAMES.iter().copied()).map(str::to_owned);
    let message = match &near {
        Some(near) => format!("unknown command {name:?}, did you mean `{near}`?"),
        None => format!(
            "unknown command {name:?}, expected one of {}",
            NAMES.join(", ")
        ),
    };
    Refusal {
        code: Code::UnknownCommand,
        message,
        nearest: near,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(line: &str) -> Result<Request, (Code, String)> {
        Request::read(line.as_bytes()).map_err(|refusal| (refusal.code, refusal.message))
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for request in [
            Request::Status { id: None },
            Request::Restart(Order {
                id: "web".to_owned(),
                dry_run: true,
                wait_ms: 7,
            }),
            Request::LogLevel {
                id: "web".to_owned(),
                level: Some("debug".to_owned()),
                dry_run: false,
            },
            Request::Logs(Reading {
                id: None,
                level: Some(log::Level::Warn),
                lines: 3,
                follow: true,
            }),
        ] {
            let line = request.line();
            assert!(line.starts_with(b"{\"v\":1,\"do\":\""));
            assert_eq!(Request::read(&line), Ok(request));
        }
        let order = Order {
            id: "web".to_owned(),
            dry_run: false,
            wait_ms: 60_000,
        };
        let line = r#"{"v":1,"do":"stop","id":"web"}"#;
        assert_eq!(read(line), Ok(Request::Stop(order)));
    }

    #[test]
    fn what_is_no_request_is_told() {
        let expected = "expected one line of JSON such as {\"v\":1,\"do\":\"status\"}";
        let bad = |text: String| Err((Code::BadRequest, text));
        for (line, error) in [
            ("7", bad(expected.to_owned())),
            ("{}", bad(format!("{expected}, found no `v`"))),
            (r#"{"v":1}"#, bad(format!("{expected}, found no `do`"))),
            (
                r#"{"v":1,"do":"stop"}"#,
                bad("stop: missing field `id`".to_owned()),
            ),
            (
                r#"{"v":1,"do":"status","ID":"web"}"#,
                bad("status: unknown field `ID`, expected `id`".to_owned()),
            ),
            (
                r#"{"v":1,"do":"reset"}"#,
                Err((
                    Code::UnknownCommand,
                    "unknown command \"reset\", expected one of status, start, stop, restart, \
                     enable, disable, reset-failed, log-level, logs"
                        .to_owned(),
                )),
            ),
            (
                r#"{"v":2,"do":"fly"}"#,
                Err((
                    Code::UnsupportedVersion,
                    "a request of version 2, this host speaks 1: use the `jackfield` that the \
                     host was started with"
                        .to_owned(),
                )),
            ),
        ] {
            assert_eq!(read(line), error, "{line}");
        }
        let near = Request::read(br#"{"v":1,"do":"stpo"}"#).unwrap_err();
        assert_eq!(near.nearest.as_deref(), Some("stop"));
        assert!(Request::read(b"\xff\xfe").is_err());
    }

    #[test]
    fn an_answer_is_one_line() {
        let refusal = Refusal::unknown("wbe", ["web"].into_iter());
        for answer in [
            Answer::Ok(json!({"text": "two\nlines"})),
            Answer::Error(refusal),
            Answer::Dropped(3),
        ] {
            let line = answer.line();
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            assert_eq!(Answer::read(&line), Some(answer));
        }
        assert_eq!(
            String::from_utf8(Answer::Dropped(3).line()).unwrap(),
            "{\"v\":1,\"dropped\":3}\n"
        );
        assert_eq!(Answer::read(b"{\"v\":9,\"dropped\":3}"), None);
    }
}
