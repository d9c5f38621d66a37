//! What is known of every plugin, now: the one place that can hold any state.

mod events;

pub use events::{EVENTS_LEN, Events, Transition};

use crate::{
    ContentHash, HealthReport, Reason, Recovery,
    ffi::{Slot, Unload},
    took::Took,
};
use jackfield_manifest::{Manifest, PluginId};
use rustc_hash::FxHashMap;
use semver::Version;
use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, mpsc},
    time::{Instant, SystemTime},
};

/// Where a plugin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Found; its manifest is read.
    Discovered,
    /// Everything that can be checked without running it is.
    Vetted,
    /// Mapped.
    Loaded,
    /// Inside `initialize`.
    Initializing,
    /// `initialize` has returned it.
    Initialized,
    /// Inside `start`.
    Starting,
    /// Serves.
    Running,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Not enabled: never mapped.
    Disabled,
    /// Left out before anything of it ran.
    Rejected,
    /// Something of it ran and went wrong.
    Failed,
    /// Ended the host once, with the same content: left out.
    Quarantined,
}

impl State {
    /// The state as a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discovered => "discovered",
            Self::Vetted => "vetted",
            Self::Loaded => "loaded",
            Self::Initializing => "initializing",
            Self::Initialized => "initialized",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Disabled => "disabled",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether nothing more happens to it by itself.
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Running
                | Self::Stopped
                | Self::Disabled
                | Self::Rejected
                | Self::Failed
                | Self::Quarantined
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One plugin as a reader sees it.
#[derive(Debug, Clone)]
pub struct Status {
    /// Who it is.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// The file in the plugins directory.
    pub path: PathBuf,
    /// What its manifest says.
    pub manifest: Arc<Manifest>,
    /// The file's content, once it was hashed.
    pub hash: Option<ContentHash>,
    /// Where it stands.
    pub state: State,
    /// Since when, by the wall clock.
    pub since: SystemTime,
    /// Why it is where it is, where that needs a reason.
    pub reasons: Vec<Reason>,
    /// The end of the chain, where the first reason only passes on another plugin's.
    pub root_cause: Option<String>,
    /// The text of what went wrong, for [`State::Failed`].
    pub cause: Option<String>,
    /// What it does without, though it would use it: why it runs degraded.
    pub degraded: Vec<String>,
    /// What came of the last question after its health, while it runs.
    pub health: Option<HealthReport>,
    /// How often it was started again by itself.
    pub restarts: u64,
    /// What becomes of it, where it does not run although nobody has stopped it.
    pub restart: Option<Recovery>,
    /// Whether its library is gone, once it was unloaded.
    pub unload: Option<Unload>,
}

#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
    changed: Condvar,
    /// Who serves: what a request needs, apart from the rest because requests are many.
    serving: RwLock<FxHashMap<PluginId, Arc<Slot>>>,
    /// Who is told of the changes that plugins are told of.
    told: OnceLock<Told>,
}

/// Whoever tells plugins of changes.
pub(crate) struct Told {
    /// Whether any of them wants to hear of one.
    pub(crate) is_heard: Box<dyn Fn() -> bool + Send + Sync>,
    pub(crate) tell: Box<dyn Fn(&Transition) + Send + Sync>,
}

#[derive(Default)]
struct Inner {
    plugins: BTreeMap<PluginId, Entry>,
    sequence: u64,
    listeners: Vec<mpsc::SyncSender<Transition>>,
    dropped_events: u64,
    /// How many wait for a change: to notify nobody is a system call all the same.
    waiting: usize,
}

struct Entry {
    status: Status,
    since: Instant,
}

impl Entry {
    /// All but the state, in which it stays for as long as it was.
    fn replace(&mut self, known: Status) {
        let before = &self.status;
        self.status = Status {
            state: before.state,
            since: before.since,
            restarts: before.restarts,
            ..known
        };
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait for a change, so many.
    fn rouse(&self, waiting: usize) {
        if waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Enters a plugin, or replaces what is known of it; where that changes its state, it is a
    /// transition as any other.
    pub(crate) fn insert(&self, status: Status) {
        {
            let mut inner = self.lock();
            if !inner.plugins.contains_key(&status.id) {
                let since = Instant::now();
                let id = status.id.clone();
                inner.plugins.insert(id, Entry { status, since });
                self.rouse(inner.waiting);
                return;
            }
        }
        let cause = status.reasons.first().map(|reason| reason.message.clone());
        let (id, to) = (status.id.clone(), status.state);
        self.change(&id, to, cause, Some(status));
    }

    /// Changes a plugin's state and gives the number of the transition; does nothing, and gives 0,
    /// when it is there already.
    pub(crate) fn transition(&self, id: &PluginId, to: State, cause: Option<String>) -> u64 {
        self.change(id, to, cause, None)
    }

    /// The same, and in one step with it replaces what is known of the plugin.
    fn change(
        &self,
        id: &PluginId,
        to: State,
        cause: Option<String>,
        known: Option<Status>,
    ) -> u64 {
        // A thousand plugins make seven thousand transitions, most of them for nobody.
        let is_logged = log::log_enabled!(level(to));
        let told = self.told.get().filter(|_| is_told(to));
        let told = told.filter(|told| (told.is_heard)());
        let is_wanted = is_logged || told.is_some();
        let Some((sequence, transition)) = self.record(id, to, cause, known, is_wanted) else {
            return 0;
        };
        // Outside the lock: a logger is foreign code.
        if let Some(transition) = transition {
            if is_logged {
                write_log(&transition);
            }
            if let Some(told) = told {
                (told.tell)(&transition);
            }
        }
        sequence
    }

    /// From now on each change that plugins are told of is told here, outside any lock; once.
    pub(crate) fn tell(&self, told: Told) {
        // A second one would be a second loader with the same registry, which there is not.
        let _ = self.told.set(told);
    }

    /// The number of the transition, and all of it where somebody listens or it is wanted.
    fn record(
        &self,
        id: &PluginId,
        to: State,
        cause: Option<String>,
        known: Option<Status>,
        is_wanted: bool,
    ) -> Option<(u64, Option<Transition>)> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let entry = inner.plugins.get_mut(id)?;
        if let Some(known) = known {
            entry.replace(known);
            self.rouse(inner.waiting);
        }
        if entry.status.state == to {
            return None;
        }
        inner.sequence += 1;
        let now = Instant::now();
        let duration = now.saturating_duration_since(std::mem::replace(&mut entry.since, now));
        let from = std::mem::replace(&mut entry.status.state, to);
        entry.status.since = SystemTime::now();
        entry.status.cause = cause;
        if to != State::Running {
            entry.status.health = None;
        }
        self.rouse(inner.waiting);
        if inner.listeners.is_empty() && !is_wanted {
            return Some((inner.sequence, None));
        }
        let transition = Transition {
            sequence: inner.sequence,
            id: id.clone(),
            version: entry.status.version.clone(),
            from,
            to,
            duration,
            cause: entry.status.cause.clone(),
        };
        inner
            .listeners
            .retain(|listener| match listener.try_send(transition.clone()) {
                Ok(()) => true,
                Err(mpsc::TrySendError::Full(_)) => {
                    inner.dropped_events += 1;
                    true
                }
                Err(mpsc::TrySendError::Disconnected(_)) => false,
            });
        Some((inner.sequence, Some(transition)))
    }

    /// Changes something beside the state.
    pub(crate) fn amend(&self, id: &PluginId, change: impl FnOnce(&mut Status)) {
        let mut inner = self.lock();
        if let Some(entry) = inner.plugins.get_mut(id) {
            change(&mut entry.status);
            self.rouse(inner.waiting);
        }
    }

    /// Forgets the plugins that are gone; which.
    pub(crate) fn forget(&self, is_gone: impl Fn(&Status) -> bool) -> Vec<PluginId> {
        let (mut gone, mut inner) = (Vec::new(), self.lock());
        inner.plugins.retain(|id, entry| {
            let is_gone = is_gone(&entry.status);
            if is_gone {
                gone.push(id.clone());
            }
            !is_gone
        });
        gone
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().plugins.len()
    }

    pub(crate) fn status(&self, id: &str) -> Option<Status> {
        self.lock()
            .plugins
            .get(id)
            .map(|entry| entry.status.clone())
    }

    pub(crate) fn state(&self, id: &str) -> Option<State> {
        self.lock().plugins.get(id).map(|entry| entry.status.state)
    }

    pub(crate) fn snapshot(&self) -> Vec<Status> {
        self.lock()
            .plugins
            .values()
            .map(|entry| entry.status.clone())
            .collect()
    }

    /// Waits until the plugin's state satisfies the condition, or the deadline comes.
    pub(crate) fn wait(
        &self,
        id: &str,
        deadline: Instant,
        condition: impl Fn(State) -> bool,
    ) -> Option<State> {
        let state = |status: &Status| Some(status.state).filter(|state| condition(*state));
        self.wait_for(id, deadline, state)
    }

    /// Waits until something comes of the plugin's status, or the deadline comes.
    pub(crate) fn wait_for<R>(
        &self,
        id: &str,
        deadline: Instant,
        look: impl Fn(&Status) -> Option<R>,
    ) -> Option<R> {
        let mut inner = self.lock();
        loop {
            let entry = inner.plugins.get(id);
            if let Some(found) = entry.and_then(|entry| look(&entry.status)) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            inner.waiting += 1;
            inner = self
                .changed
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            inner.waiting -= 1;
        }
    }

    pub(crate) fn events(&self) -> Events {
        let (sender, receiver) = mpsc::sync_channel(EVENTS_LEN);
        self.lock().listeners.push(sender);
        Events { receiver }
    }

    /// From now on the plugin can be asked.
    pub(crate) fn serve(&self, id: &PluginId, slot: &Arc<Slot>) {
        let mut serving = self.serving.write().unwrap_or_else(PoisonError::into_inner);
        serving.insert(id.clone(), Arc::clone(slot));
    }

    /// From now on it cannot.
    pub(crate) fn withdraw(&self, id: &PluginId) {
        self.serving
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }

    pub(crate) fn serving(&self, id: &str) -> Option<Arc<Slot>> {
        self.serving
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .map(Arc::clone)
    }
}

/// Whether plugins are told that one of them came there: not of the steps on its way up.
fn is_told(to: State) -> bool {
    to.is_settled() || to == State::Stopping
}

fn write_log(transition: &Transition) {
    let Transition {
        id,
        version,
        from,
        to,
        duration,
        cause,
        ..
    } = transition;
    let (level, took) = (level(*to), Took(*duration));
    match cause {
        None => log::log!(level, "{id} {version}: {from} -> {to} ({took})"),
        Some(cause) => log::log!(level, "{id} {version}: {from} -> {to} ({took}): {cause}"),
    }
}

/// How loudly it is told that a plugin came there.
fn level(to: State) -> log::Level {
    match to {
        State::Failed | State::Quarantined => log::Level::Error,
        State::Running | State::Stopped => log::Level::Info,
        _ => log::Level::Debug,
    }
}
