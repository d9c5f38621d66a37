//! Changes of state, as somebody who listens is told of them.

use super::State;
use jackfield_manifest::PluginId;
use semver::Version;
use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

/// A change of state: there is one event, one log line and one count for each, and none without.
#[derive(Debug, Clone)]
pub struct Transition {
    /// Counts all transitions of this loader from 1.
    pub sequence: u64,
    /// Whose.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// From where.
    pub from: State,
    /// To where.
    pub to: State,
    /// How long it was in `from`.
    pub duration: Duration,
    /// Why, where that needs a reason.
    pub cause: Option<String>,
}

/// The most events that wait for one listener; beyond that new ones are dropped and counted.
pub const EVENTS_LEN: usize = 4096;

/// Transitions as they happen. Made by [`Loader::events`](crate::Loader::events).
#[derive(Debug)]
pub struct Events {
    pub(super) receiver: mpsc::Receiver<Transition>,
}

impl Events {
    /// The next transition; `None` when none comes before the deadline, or none will.
    pub fn next(&self, deadline: Instant) -> Option<Transition> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.receiver.recv_timeout(left).ok()
    }

    /// The transitions that have happened and were not read yet.
    pub fn pending(&self) -> impl Iterator<Item = Transition> + '_ {
        self.receiver.try_iter()
    }
}
