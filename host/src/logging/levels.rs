use log::LevelFilter;
use std::{
    collections::BTreeMap,
    sync::{
        RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Levels that were set for single plugins while the host runs: they win over the filter that it was
/// started with. As many as there are plugins, at most.
#[derive(Default)]
pub(super) struct Levels {
    any: AtomicBool,
    by_target: RwLock<BTreeMap<String, LevelFilter>>,
}

impl Levels {
    /// What was set for it.
    pub(super) fn get(&self, target: &str) -> Option<LevelFilter> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let levels = self.by_target.read();
        let levels = levels.unwrap_or_else(std::sync::PoisonError::into_inner);
        levels.get(target).copied()
    }

    /// Sets it, or takes back what was set; gives the most verbose that is set then.
    pub(super) fn set(&self, target: &str, level: Option<LevelFilter>) -> Option<LevelFilter> {
        let levels = self.by_target.write();
        let mut levels = levels.unwrap_or_else(std::sync::PoisonError::into_inner);
        match level {
            Some(level) => drop(levels.insert(target.to_owned(), level)),
            None => drop(levels.remove(target)),
        }
        self.any.store(!levels.is_empty(), Ordering::Relaxed);
        levels.values().copied().max()
    }
}
