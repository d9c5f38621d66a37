//! What the resolver answers.

use crate::Reason;
use jackfield_manifest::PluginId;
use std::ops::Range;

/// What starts, in which order, and what does not, each with its cause.
///
/// Indices named `node` point into the slice that was resolved, indices named `step` into
/// [`Plan::start`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What starts. Everything that a step waits for stands before it; what dependencies leave open
    /// is in order of priority (the smaller first), then of id.
    pub start: Vec<Step>,
    /// What stays out, in order of id, version and path.
    pub rejected: Vec<Rejection>,
    /// What starts without something that it could use and that is there but was left out; in
    /// order of id.
    pub degraded: Vec<Degraded>,
    /// What the author of a plugin or the operator should know; in order of id.
    pub warnings: Vec<Warning>,
    pub(super) waits: Vec<Wait>,
}

impl Plan {
    /// What a step waits for: requirements in the manifest's order, the providers of each the
    /// preferred first, then what is order only.
    ///
    /// # Panics
    ///
    /// When there is no such step.
    pub fn waits(&self, step: usize) -> &[Wait] {
        let Range { start, end } = self.start[step].waits;
        &self.waits[start as usize..end as usize]
    }
}

/// One plugin that starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub node: usize,
    pub(super) waits: Range<u32>,
}

/// An earlier step that a step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The earlier step.
    pub step: u32,
    /// What it means for the later one when the earlier one fails.
    pub need: Need,
}

/// What a step needs an earlier one for. `requirement` is the place in the manifest's `requires`.
///
/// Several waits of one step with the same requirement are the providers of one service: the
/// requirement is met when any of them runs. A provider that had to come later than the step stands
/// in no wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// When all providers of the requirement fail, the later step must not start.
    Required {
        /// Which.
        requirement: u32,
    },
    /// When all providers of the requirement fail, the later step starts and is degraded.
    Optional {
        /// Which.
        requirement: u32,
    },
    /// Order only (`after`, `before`): a failure means nothing.
    Order,
}

/// One plugin that stays out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Which.
    pub node: usize,
    /// Its id.
    pub id: PluginId,
    /// Everything that is wrong with it, the decisive reason first; never empty.
    pub reasons: Vec<Reason>,
    /// The plugin that the first reason passes on, where it does: follow it to the root cause.
    pub because: Option<usize>,
    /// The end of that chain, in words; `None` where the first reason is itself the cause.
    pub root_cause: Option<String>,
}

/// One plugin that starts without something that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// Which.
    pub node: usize,
    /// The place in its `requires`.
    pub requirement: usize,
    /// What it does without, and why.
    pub message: String,
}

/// Something that keeps no plugin from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Whose manifest says what is warned of.
    pub node: usize,
    /// What kind.
    pub kind: WarningKind,
    /// In words.
    pub message: String,
}

/// What a [`Warning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningKind {
    /// An optional requirement is there in another version: treated as absent.
    OptionalOutOfRange,
    /// An optional requirement would close a cycle: not waited for.
    OptionalCycle,
    /// `after` or `before` would close a cycle: not kept.
    OrderCycle,
    /// The preferred provider of a service would close a cycle: another is waited for.
    ProviderCycle,
}
