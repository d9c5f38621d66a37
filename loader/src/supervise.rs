//! Looking after plugins: asked for their health, started again when they fail, watched.
//!
//! What follows from what is decided in [`history`] and [`health`], functions of what has happened;
//! [`state`] keeps what is due when. One thread waits for the next of it and has others act
//! ([`act`], [`revive`]): it calls no plugin itself, so that none can delay another.

mod act;
mod health;
mod history;
mod record;
mod report;
mod revive;
mod state;
mod timing;

pub use report::{HealthReport, Recovery};
pub use timing::Timing;

use crate::{
    Vetted, context::Shared, ffi::Slot, instance::Instance, loader::core::Core, registry::Registry,
    tasks::Tasks,
};
use jackfield_manifest::{PluginId, Restart};
use record::{Known, Remains};
use state::State;
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread::{self, JoinHandle},
    time::Instant,
};

/// What is known of all plugins for their supervision, and the thread that goes by it.
pub(crate) struct Supervisor {
    timing: Timing,
    state: Mutex<State>,
    /// Something is due earlier than the thread thinks.
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Supervisor {
    pub(crate) fn new(timing: Timing) -> Self {
        Self {
            timing,
            state: Mutex::new(State::new(&timing, Instant::now())),
            changed: Condvar::new(),
            thread: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A plugin is on its way up.
    pub(crate) fn begins(&self, registry: &Registry, vetted: &Vetted) {
        let restarts = self.lock().begins(vetted, Instant::now(), &self.timing);
        let id = &vetted.manifest.id;
        registry.amend(id, |status| {
            status.restarts = restarts;
            status.restart = None;
        });
    }

    /// It runs.
    pub(crate) fn runs(&self, id: &PluginId, sequence: u64, instance: &Instance) {
        self.lock().runs(id, sequence, instance, Instant::now());
        self.changed.notify_one();
    }

    /// It is being stopped.
    pub(crate) fn leaves(&self, id: &PluginId) {
        self.lock().leaves(id);
    }

    /// An instance of it that never came to run is given up with those tasks, and perhaps calls, still
    /// inside.
    pub(crate) fn leaves_behind(&self, id: &PluginId, slot: Weak<Slot>, tasks: &Arc<Tasks>) {
        let tasks = Arc::downgrade(tasks);
        self.lock().record(id).leaves(Remains { slot, tasks });
    }

    /// It has failed.
    pub(crate) fn failed(&self, registry: &Registry, id: &PluginId) {
        let random = RandomState::new().build_hasher().finish();
        let recovery = self.lock().failed(id, Instant::now(), &self.timing, random);
        self.changed.notify_one();
        match &recovery {
            Some(given_up @ Recovery::GaveUp { .. }) => log::error!("{id}: {given_up}"),
            Some(other) => log::warn!("{id}: {other}"),
            None => {}
        }
        registry.amend(id, |status| status.restart = recovery);
    }

    /// It does not run because that one does not, which it requires.
    pub(crate) fn awaits(&self, registry: &Registry, id: &PluginId, other: &PluginId) {
        let recovery = self.lock().awaits(id, other);
        registry.amend(id, |status| status.restart = recovery);
    }

    /// It is left out because that one has failed, which it requires.
    pub(crate) fn lacks(&self, registry: &Registry, vetted: &Vetted, other: &PluginId) {
        let id = &vetted.manifest.id;
        let mut state = self.lock();
        let record = state.record(id);
        record.supervision = vetted.supervision;
        record.file = Some(Known::of(vetted));
        drop(state);
        self.awaits(registry, id, other);
    }

    /// Somebody has stopped it: it stays so. Those that were stopped only because they require it come
    /// back where they say `always`.
    pub(crate) fn ordered_to_stop(&self, registry: &Registry, id: &PluginId, others: &[PluginId]) {
        self.lock().cancel(id);
        registry.amend(id, |status| status.restart = None);
        for other in others.iter().filter(|other| *other != id) {
            let policy = self.lock().record(other).supervision.restart;
            if policy == Restart::Always {
                self.awaits(registry, other, id);
            }
        }
    }

    /// Everything is being stopped.
    pub(crate) fn stand_down(&self, registry: &Registry) {
        for id in self.lock().stand_down() {
            registry.amend(&id, |status| status.restart = None);
        }
    }

    /// One more thread is left to itself inside it, or one fewer.
    pub(crate) fn abandoned(&self, id: &PluginId, is_back: bool) {
        let mut state = self.lock();
        let count = &mut state.record(id).abandoned;
        *count = if is_back {
            count.saturating_sub(1)
        } else {
            *count + 1
        };
    }

    /// Whether somebody is inside it still: a call, a task or a thread.
    pub(crate) fn is_occupied(&self, id: &PluginId) -> bool {
        !self.lock().record(id).is_empty()
    }

    /// Its code panicked, and it is not to go on.
    pub(crate) fn poisoned(&self, id: &PluginId, slot: &Weak<Slot>, cause: String) {
        let mut state = self.lock();
        let up = state.record(id).up.as_ref();
        let sequence = up.filter(|up| up.slot.ptr_eq(slot)).map(|up| up.sequence);
        if let Some(sequence) = sequence {
            state.poisoned(id, sequence, cause);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Forgets its failures; whether it had been given up or left out, and is started again now.
    pub(crate) fn reset(&self, registry: &Registry, id: &PluginId) -> bool {
        let mut state = self.lock();
        let is_started = state.reset(id, Instant::now());
        if is_started {
            let at = std::time::SystemTime::now();
            let recovery = Recovery::Pending { attempt: 1, at };
            // Under the lock: whoever starts it shows what comes after that.
            registry.amend(id, |status| status.restart = Some(recovery));
            self.changed.notify_one();
        }
        is_started
    }

    /// Shows what becomes of it, unless somebody has begun to start it.
    fn show(&self, registry: &Registry, id: &PluginId, recovery: Recovery) {
        let mut state = self.lock();
        if state.record(id).down.is_some() {
            registry.amend(id, |status| status.restart = Some(recovery));
        }
    }

    /// Starts the thread, where it does not run.
    pub(crate) fn watch_over(shared: &Arc<Shared>, core: &Weak<Core>) {
        let own = &shared.supervisor;
        let mut thread = own.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() || own.lock().is_closed {
            return;
        }
        let (shared, core) = (Arc::clone(shared), Weak::clone(core));
        let spawned = thread::Builder::new()
            .name("jackfield-supervisor".to_owned())
            .spawn(move || run(&shared, &core));
        match spawned {
            Ok(handle) => *thread = Some(handle),
            Err(error) => log::error!(
                "cannot start the supervisor's thread, no plugin is looked after: {error}"
            ),
        }
    }

    /// Ends the thread; from now on nothing is started again.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
        let thread = {
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.take()
        };
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            log::error!("the supervisor's thread panicked");
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }
}

fn run(shared: &Shared, core: &Weak<Core>) {
    let own = &shared.supervisor;
    let mut state = own.lock();
    while !state.is_closed {
        let now = Instant::now();
        let actions = state.take_due(now, &own.timing);
        if !actions.is_empty() {
            drop(state);
            let Some(core) = core.upgrade() else {
                return;
            };
            for action in actions {
                act::act(&core, action);
            }
            drop(core);
            state = own.lock();
            continue;
        }
        state = match state.next() {
            None => own
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(next) => {
                let left = next.saturating_duration_since(Instant::now());
                let waited = own.changed.wait_timeout(state, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}
