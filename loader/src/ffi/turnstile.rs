use jackfield_manifest::PluginId;
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Who is inside. The system's loader is one for the process, however many of ours there are.
static INSIDE: Mutex<Option<Inside>> = Mutex::new(None);
static LEFT: Condvar = Condvar::new();

#[derive(Clone)]
struct Inside {
    who: PluginId,
    until: Option<Instant>,
}

/// The right of one plugin to be mapped or unmapped, until it is dropped.
///
/// The system's loader runs constructors and destructors under a lock of its own. To wait here
/// instead costs nothing, and has a name and an end: only the plugin that is inside is suspected
/// when the process dies, and when it hangs, the others are told so rather than blamed.
pub(crate) struct Turn {
    who: PluginId,
    limit: Duration,
}

/// Constructors or destructors hang, so that nothing can be mapped or unmapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the constructors or destructors of {0} have not returned, and until they do the system's \
     loader maps and unmaps nothing"
)]
pub struct Stuck(PluginId);

impl Turn {
    /// Waits for the turn of this plugin, which may then take so long.
    pub(crate) fn wait(who: &PluginId, limit: Duration) -> Result<Self, Stuck> {
        let mut inside = lock();
        while let Some(other) = inside.clone() {
            let now = Instant::now();
            inside = match other.until {
                Some(until) if until <= now => return Err(Stuck(other.who)),
                Some(until) => {
                    let waited = LEFT.wait_timeout(inside, until - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => LEFT.wait(inside).unwrap_or_else(PoisonError::into_inner),
            };
        }
        *inside = Some(Inside {
            who: who.clone(),
            until: Instant::now().checked_add(limit),
        });
        drop(inside);
        Ok(Self {
            who: who.clone(),
            limit,
        })
    }

    /// Whose turn it is, and for how long.
    pub(super) fn terms(&self) -> (PluginId, Duration) {
        (self.who.clone(), self.limit)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock() = None;
        LEFT.notify_one();
    }
}

fn lock() -> MutexGuard<'static, Option<Inside>> {
    INSIDE.lock().unwrap_or_else(PoisonError::into_inner)
}
