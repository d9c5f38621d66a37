//! Whether a plugin that has failed is started again, and when: a function of what has happened,
//! without clock or thread.

use super::Timing;
use crate::ContentHash;
use jackfield_manifest::Restart;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// What is remembered of a plugin's starts.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// The last of them, [`Timing::most_starts`] at the most.
    starts: VecDeque<Instant>,
    /// Failures in a row.
    failures: u32,
    /// Since when it runs and is well.
    well_since: Option<Instant>,
    content: Option<ContentHash>,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It stays as it is.
    Stays,
    /// It is started again.
    Again {
        after: Duration,
        /// Counts failures in a row from 1.
        attempt: u32,
    },
    /// It was started too often in too short a time.
    GivesUp { starts: usize },
}

impl History {
    /// It is being started, from a file of that content.
    pub(crate) fn begins(&mut self, now: Instant, content: ContentHash, timing: &Timing) {
        if self.content.is_some_and(|before| before != content) {
            self.forget();
        }
        self.content = Some(content);
        self.well_since = None;
        while self.starts.len() >= timing.most_starts.max(1) {
            self.starts.pop_front();
        }
        self.starts.push_back(now);
    }

    /// It runs, or says that it is well again.
    pub(crate) fn is_well(&mut self, now: Instant) {
        self.well_since.get_or_insert(now);
    }

    /// It is not.
    pub(crate) fn is_ill(&mut self) {
        self.well_since = None;
    }

    /// It has failed.
    pub(crate) fn fails(&mut self, now: Instant, timing: &Timing) {
        let well = self.well_since.take();
        if well.is_some_and(|since| now.duration_since(since) >= timing.forgotten_after) {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
    }

    /// How often it has failed in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// From now on as if it had never failed.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            content: self.content,
            well_since: self.well_since,
            ..Self::default()
        };
    }
}

/// Decides after a failure. `random` is any number: the delay is between half of what it could be and
/// all of it, as in "equal jitter" (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
/// Blog, 2015), so that plugins that failed together do not start together, and none at once.
pub(crate) fn decide(
    history: &History,
    policy: Restart,
    timing: &Timing,
    now: Instant,
    random: u64,
) -> Next {
    if policy == Restart::Never {
        return Next::Stays;
    }
    let recent = |start: &&Instant| now.duration_since(**start) < timing.within;
    let starts = history.starts.iter().filter(recent).count();
    if starts >= timing.most_starts {
        return Next::GivesUp { starts };
    }
    let doublings = history.failures.saturating_sub(1).min(31);
    let whole = timing.first_delay.saturating_mul(1 << doublings);
    let whole = whole.min(timing.longest_delay);
    let half = whole / 2;
    let nanos = u64::try_from((whole - half).as_nanos()).unwrap_or(u64::MAX);
    let jitter = Duration::from_nanos(random % nanos.saturating_add(1).max(1));
    Next::Again {
        after: half + jitter,
        attempt: history.failures.max(1),
    }
}

#[cfg(test)]
mod tests;
