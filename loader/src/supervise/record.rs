//! What is remembered of one plugin for as long as there is a loader.

use super::{health::Course, history::History};
use crate::{Candidate, ContentHash, FileKey, Vetted, ffi::Slot, inspect, store, tasks::Tasks};
use jackfield_manifest::{PluginId, Supervision};
use std::{
    path::PathBuf,
    sync::{Arc, Weak},
    time::Instant,
};

#[derive(Default)]
pub(super) struct Record {
    pub(super) history: History,
    /// Of the last start.
    pub(super) supervision: Supervision,
    /// The file of the last start, as it was.
    pub(super) file: Option<Known>,
    /// Present while it runs.
    pub(super) up: Option<Up>,
    /// Present while it does not, and is to.
    pub(super) down: Option<Down>,
    /// Somebody is just starting it again.
    pub(super) is_reviving: bool,
    /// That instance of it, by the transition with which it came to run, is just being taken down,
    /// because it failed.
    pub(super) failing: Option<u64>,
    /// Threads of it that are left to themselves.
    pub(super) abandoned: usize,
    /// Former instances into which somebody may still be.
    pub(super) remains: Vec<Remains>,
    /// How often it was started again.
    pub(super) restarts: u64,
}

/// A file and its content.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) path: PathBuf,
    pub(super) key: FileKey,
    pub(super) hash: ContentHash,
}

impl Known {
    /// The file from which a plugin is started.
    pub(super) fn of(vetted: &Vetted) -> Self {
        Self {
            path: vetted.path.clone(),
            key: vetted.source,
            hash: vetted.hash,
        }
    }

    /// The file as it is now, where that is different.
    pub(super) fn look(&self) -> Option<Self> {
        let candidate = Candidate::at(&self.path).ok()?;
        if candidate.key == self.key {
            return None;
        }
        let (file, key) = inspect::open(&candidate).ok()?;
        Some(Self {
            path: self.path.clone(),
            key,
            hash: store::hash(&file).ok()?,
        })
    }
}

/// A plugin that runs.
pub(super) struct Up {
    /// Of the transition with which it came to run.
    pub(super) sequence: u64,
    pub(super) slot: Weak<Slot>,
    pub(super) tasks: Weak<Tasks>,
    /// The number of the question that is open.
    pub(super) asked: Option<u64>,
    pub(super) course: Course,
    /// When it is asked next.
    pub(super) next: Instant,
}

/// Why a plugin that is to run does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Down {
    /// It has failed, and is started again then.
    Until { at: Instant, attempt: u32 },
    /// Another, which it requires, does not run.
    Awaits(PluginId),
    /// It was started too often.
    GaveUp,
    /// It cannot be started as things are.
    LeftOut,
}

/// What may be left of an instance that has ended, or never came to run.
pub(super) struct Remains {
    pub(super) slot: Weak<Slot>,
    pub(super) tasks: Weak<Tasks>,
}

impl Remains {
    fn is_empty(&self) -> bool {
        let calls = self.slot.upgrade().map_or(0, |slot| slot.inside());
        let has_tasks = self.tasks.upgrade().is_some_and(|tasks| tasks.has_any());
        calls == 0 && !has_tasks
    }
}

impl Record {
    /// Whether it is to be started again by itself, now: not one that is in a delay of its own.
    pub(super) fn is_to_run(&self, now: Instant) -> bool {
        match &self.down {
            None | Some(Down::GaveUp) => false,
            Some(Down::Until { at, .. }) => *at <= now,
            Some(Down::Awaits(_) | Down::LeftOut) => true,
        }
    }

    /// An instance of it has ended, or is about to. Those that are empty by now are forgotten: it may
    /// be restarted by hand as often as anybody likes.
    pub(super) fn leaves(&mut self, remains: Remains) {
        self.remains.retain(|remains| !remains.is_empty());
        self.remains.push(remains);
    }

    /// Whether nothing is inside it any more, neither call nor task nor thread.
    pub(super) fn is_empty(&mut self) -> bool {
        self.remains.retain(|remains| !remains.is_empty());
        self.abandoned == 0 && self.remains.is_empty()
    }

    pub(super) fn runs(
        &mut self,
        sequence: u64,
        slot: &Arc<Slot>,
        tasks: &Arc<Tasks>,
        next: Instant,
    ) {
        self.down = None;
        self.up = Some(Up {
            sequence,
            slot: Arc::downgrade(slot),
            tasks: Arc::downgrade(tasks),
            asked: None,
            course: Course::default(),
            next,
        });
    }
}
