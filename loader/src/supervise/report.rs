//! What is known of a plugin that is looked after, for whoever asks for its status.

use crate::HealthStatus;
use jackfield_manifest::PluginId;
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// What came of the last question after a plugin's health.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HealthReport {
    /// How it does: what it says itself; degraded, where it gave no good answer; unhealthy, where it
    /// has given none for [`Timing::misses`](crate::Timing::misses) times in a row.
    pub verdict: HealthStatus,
    /// For people; empty when there is nothing to say.
    pub message: String,
    /// A JSON object with what the plugin wants shown, or empty.
    pub metadata: String,
    /// When it was asked.
    pub asked: SystemTime,
    /// How long the answer took, or has taken so far.
    pub took: Duration,
    /// How many questions in a row had no good answer.
    pub misses: u32,
}

/// What becomes of a plugin that does not run although nobody has stopped it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Recovery {
    /// It is started again.
    Pending {
        /// Counts its failures in a row from 1.
        attempt: u32,
        /// When, by the wall clock.
        at: SystemTime,
    },
    /// It would be by now, and waits until what is still inside it has returned: each further start
    /// could lose another thread.
    Held {
        /// Counts its failures in a row from 1.
        attempt: u32,
    },
    /// It is started again when that one runs, which it requires.
    Awaits {
        /// Whom.
        id: PluginId,
    },
    /// It was started too often: it waits for
    /// [`Loader::reset_failed`](crate::Loader::reset_failed), or for another content.
    GaveUp {
        /// How often,
        starts: usize,
        /// within that time.
        within: Duration,
    },
    /// What lies in the plugins directories now cannot be started.
    LeftOut {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending { attempt, at } => {
                let left = at.duration_since(SystemTime::now()).unwrap_or_default();
                write!(
                    f,
                    "starts again in {} ms (failure {attempt})",
                    left.as_millis()
                )
            }
            Self::Held { attempt } => write!(
                f,
                "starts again when what is still inside it has returned (failure {attempt})"
            ),
            Self::Awaits { id } => write!(f, "starts again when {id} runs"),
            Self::GaveUp { starts, within } => write!(
                f,
                "gave up after {starts} starts within {} s: it waits for reset-failed, or for \
                 another content of its file",
                within.as_secs_f64()
            ),
            Self::LeftOut { reason } => write!(f, "cannot be started again: {reason}"),
        }
    }
}
