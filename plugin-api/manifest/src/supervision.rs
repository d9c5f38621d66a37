//! What a host does when a plugin fails or falls ill: the table `supervision`.

use crate::{
    check::{Checker, Path},
    keys,
    tree::Entry,
};
use std::time::Duration;

/// The longest time between two questions after a plugin's health, and the longest for an answer.
const MAX_HEALTH_MS: u64 = 3_600_000;

/// How a host looks after a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Supervision {
    /// When it is started again by itself.
    pub restart: Restart,
    /// What a panic in it leads to.
    pub on_panic: OnPanic,
    /// How often it is asked for its health; every 15 s by default.
    pub health_interval: Duration,
    /// How long it may take to answer that; 3 s by default.
    pub health_deadline: Duration,
    /// Whether it counts as failed when it has been unhealthy thrice in a row; false by default.
    pub restart_when_unhealthy: bool,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            restart: Restart::default(),
            on_panic: OnPanic::default(),
            health_interval: Duration::from_secs(15),
            health_deadline: Duration::from_secs(3),
            restart_when_unhealthy: false,
        }
    }
}

/// When a plugin is started again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Never.
    Never,
    /// After it has failed. The default.
    #[default]
    OnFailure,
    /// Then, and when it was stopped only because another that it requires was, once that runs.
    Always,
}

impl Restart {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 3] = [
        ("never", Self::Never),
        ("on-failure", Self::OnFailure),
        ("always", Self::Always),
    ];
}

/// What a panic in a plugin leads to, after the call that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnPanic {
    /// The plugin has failed, and is stopped. The default.
    #[default]
    Fail,
    /// It goes on with the state that the panic left.
    Continue,
}

impl OnPanic {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 2] = [("fail", Self::Fail), ("continue", Self::Continue)];
}

/// The key `supervision`.
pub(crate) fn supervision(checker: &mut Checker, entry: Option<Entry<'_>>) -> Supervision {
    let mut supervision = Supervision::default();
    let path = Path::top("supervision");
    let table = entry.and_then(|entry| checker.table(path, entry.node, "a table"));
    let Some(mut table) = table else {
        return supervision;
    };
    if let Some(entry) = table.take("restart") {
        let word = checker.word(path.key("restart"), entry.node, &Restart::ALL);
        supervision.restart = word.unwrap_or_default();
    }
    if let Some(entry) = table.take("on_panic") {
        let word = checker.word(path.key("on_panic"), entry.node, &OnPanic::ALL);
        supervision.on_panic = word.unwrap_or_default();
    }
    for (name, time) in [
        ("health_interval_ms", &mut supervision.health_interval),
        ("health_deadline_ms", &mut supervision.health_deadline),
    ] {
        let Some(entry) = table.take(name) else {
            continue;
        };
        let path = path.key(name);
        let expected = format!("milliseconds from 1 to {MAX_HEALTH_MS}");
        match checker.integer::<u64>(path, &entry.node, &expected) {
            Some(ms @ 1..=MAX_HEALTH_MS) => *time = Duration::from_millis(ms),
            Some(ms) => checker.wrong(path, entry.node.at, expected, ms.to_string()),
            None => {}
        }
    }
    if let Some(entry) = table.take("restart_when_unhealthy") {
        let path = path.key("restart_when_unhealthy");
        supervision.restart_when_unhealthy = checker.boolean(path, &entry.node).unwrap_or_default();
    }
    checker.leftover(path, table, &[keys::SUPERVISION]);
    supervision
}

/// The same as text.
pub(crate) fn written(supervision: Supervision) -> String {
    let word = |words: &[(&'static str, bool)]| {
        let chosen = words.iter().find(|(_, is_it)| *is_it);
        chosen.map_or("", |(word, _)| word)
    };
    let restart = Restart::ALL.map(|(word, restart)| (word, restart == supervision.restart));
    let on_panic = OnPanic::ALL.map(|(word, on_panic)| (word, on_panic == supervision.on_panic));
    format!(
        "{{ restart = \"{}\", on_panic = \"{}\", health_interval_ms = {}, \
         health_deadline_ms = {}, restart_when_unhealthy = {} }}",
        word(&restart),
        word(&on_panic),
        supervision.health_interval.as_millis(),
        supervision.health_deadline.as_millis(),
        supervision.restart_when_unhealthy
    )
}
