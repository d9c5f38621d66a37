//! What an answer to the question after a plugin's health is worth.

use super::report::HealthReport;
use crate::{HealthStatus, request::Health};
use jackfield_abi::Failure;
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// The longest message that is taken, in bytes.
const MAX_MESSAGE_LEN: usize = 4096;
/// The most metadata that is taken, in bytes.
const MAX_METADATA_LEN: usize = 65_536;

/// A good answer, or why it is none.
pub(super) fn judge(answer: Result<jackfield_abi::Health, Failure>) -> Result<Health, String> {
    let health = match answer {
        Ok(health) => Health::from(health),
        Err(failure) if failure.code == jackfield_abi::FailureCode::PANIC => {
            return Err(format!("it panicked over its health: {}", failure.message));
        }
        Err(failure) => return Err(format!("it did not say: {}", failure.message)),
    };
    let too_long = |what, length, most| {
        Err(format!(
            "the {what} of its health has {length} bytes: it may have {most}"
        ))
    };
    let (message, metadata) = (health.message.len(), health.metadata.len());
    if message > MAX_MESSAGE_LEN {
        return too_long("message", message, MAX_MESSAGE_LEN);
    }
    if metadata > MAX_METADATA_LEN {
        return too_long("metadata", metadata, MAX_METADATA_LEN);
    }
    if metadata > 0
        && let Err(error) = serde_json::from_str::<Map<String, Value>>(&health.metadata)
    {
        return Err(format!(
            "the metadata of its health is no JSON object: {error}"
        ));
    }
    Ok(health)
}

/// How a plugin has done, question by question.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Course {
    /// Questions in a row without a good answer.
    misses: u32,
    /// The same, with those to which it said that it is unhealthy.
    ill: u32,
    verdict: Option<HealthStatus>,
}

/// What is new after a question.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) report: HealthReport,
    /// What held before, where that is something else.
    pub(super) before: Option<Option<HealthStatus>>,
    /// It has been ill for as long as is bearable.
    pub(super) is_lost: bool,
}

impl Course {
    /// Takes down what came of one more question.
    pub(super) fn note(
        &mut self,
        outcome: Result<Health, String>,
        took: Duration,
        most_misses: u32,
    ) -> Told {
        let is_good = outcome.is_ok();
        self.misses = if is_good {
            0
        } else {
            self.misses.saturating_add(1)
        };
        let (verdict, message, metadata) = match outcome {
            Ok(health) => (health.status, health.message, health.metadata),
            // One that is unhealthy is not better for saying nothing.
            Err(why)
                if self.misses < most_misses && self.verdict != Some(HealthStatus::Unhealthy) =>
            {
                (HealthStatus::Degraded, why, String::new())
            }
            Err(why) => (HealthStatus::Unhealthy, why, String::new()),
        };
        let is_ill = !is_good || verdict == HealthStatus::Unhealthy;
        self.ill = if is_ill {
            self.ill.saturating_add(1)
        } else {
            0
        };
        let before = self.verdict.replace(verdict);
        let asked = SystemTime::now();
        Told {
            report: HealthReport {
                verdict,
                message,
                metadata,
                asked: asked.checked_sub(took).unwrap_or(asked),
                took,
                misses: self.misses,
            },
            before: (before != Some(verdict)).then_some(before),
            is_lost: self.ill >= most_misses,
        }
    }
}

#[cfg(test)]
mod tests;
