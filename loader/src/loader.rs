//! The whole walk behind one type.

pub(crate) mod core;

use self::core::Core;
use crate::{
    Events, Handle, Inside, Inventory, Isolation, Options, Proposal, Quarantine, QuarantineError,
    ReconfigureError, Reconfigured, Rejected, State, Status, StopReport, Store, StoreError,
    context::Shared,
    crew::Crew,
    journal::{Journal, Suspect},
    reconfigure,
    registry::Registry,
    services::{Facts, Services},
    supervise::Supervisor,
    topology,
};
use jackfield_manifest::PluginId;
use serde_json::{Map, Value};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

/// Plugins, from a directory to running and back.
///
/// Dropping it stops what still runs, within ten seconds.
pub struct Loader {
    pub(crate) core: Arc<Core>,
    /// Held for as long as this loader lives, so that no other uses the same state directory.
    _lock: File,
}

/// Why a loader cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenLoaderError {
    /// The state directory cannot be made or used.
    #[error("cannot use the state directory {}", path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another loader uses it.
    #[error(
        "another host uses the state directory {}: stop that one, or give this one a state \
         directory of its own",
        .0.display()
    )]
    InUse(PathBuf),
    /// The store in it cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The quarantine in it cannot be used.
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
}

impl Loader {
    /// Opens the state directory. If the last host ended while a plugin was inside, that plugin is
    /// quarantined now.
    ///
    /// # Errors
    ///
    /// [`OpenLoaderError`] when the state directory cannot be used.
    pub fn open(options: Options) -> Result<Self, OpenLoaderError> {
        let state = options.state.clone();
        let failed = |source| OpenLoaderError::State {
            path: state.clone(),
            source,
        };
        fs::create_dir_all(&state).map_err(failed)?;
        let state = state.canonicalize().map_err(failed)?;
        let lock = lock(&state)?;
        let store = Store::open(&state)?;
        let (journal, suspects) = Journal::open(&state.join("inside")).map_err(failed)?;
        let mut quarantine = Quarantine::open(&state)?;
        quarantine.accuse(&suspects)?;
        report(&suspects);
        let shared = Arc::new(Shared {
            registry: Registry::default(),
            bus: Arc::default(),
            services: Services::default(),
            facts: Facts::new(&options),
            supervisor: Supervisor::new(options.timing),
            insides: Arc::default(),
            executor: Arc::clone(&options.executor),
            levels: std::sync::Mutex::default(),
        });
        topology::tell(&shared);
        let crew = Arc::new(Crew::new(shared, journal, quarantine, &state));
        let inventory = Inventory::new(Options { state, ..options });
        Ok(Self {
            core: Core::new(inventory, store, crew),
            _lock: lock,
        })
    }

    /// Finds, checks, orders and starts what is enabled. Returns when each plugin runs or has
    /// failed; what came of each stands in the registry, and in the returned proposal why it was
    /// tried at all.
    pub fn start(&self) -> Proposal {
        self.core.start()
    }

    /// Stops everything, in exactly the reverse of the order in which it came to run, within
    /// `limit` altogether. A start that is under way is called off: what has not begun does not, and
    /// what has is stopped as soon as it comes back. Nothing is started before this is done.
    pub fn stop(&self, limit: Duration) -> StopReport {
        self.core.stop(limit)
    }

    /// The running plugin of that id.
    pub fn plugin(&self, id: &str) -> Option<Handle> {
        let shared = &self.core.crew.shared;
        let slot = shared.registry.serving(id)?;
        let executor = Arc::clone(&shared.executor);
        Some(Handle::new(PluginId::new(id).ok()?, slot, executor))
    }

    /// Gives a running plugin another configuration: all of it, what is absent is as by default. It
    /// is checked before anything changes, and the plugin may refuse it; then nothing has changed.
    /// It has as long as its `start` has. Those for one plugin wait for each other.
    ///
    /// # Errors
    ///
    /// [`ReconfigureError`]. After [`ReconfigureError::Deadline`] the plugin may still take it: that
    /// is logged.
    pub fn reconfigure(
        &self,
        id: &str,
        config: &Map<String, Value>,
    ) -> Result<Reconfigured, ReconfigureError> {
        reconfigure::reconfigure(&self.core.crew, id, config)
    }

    /// Sets the configuration that a plugin is started with from now on, instead of the one in
    /// [`Options`](crate::Options). It is checked when the plugin is started; one that runs does not hear
    /// of it, unlike by [`reconfigure`](Loader::reconfigure). Nothing where there is no such plugin.
    pub fn set_config(&self, id: &str, config: &Map<String, Value>) {
        let Ok(id) = PluginId::new(id) else { return };
        let mut inventory = self.core.inventory();
        self.core.crew.reconfigured.forget(&id);
        inventory.reconfigure([(id, config.clone())].into());
    }

    /// What is said of a plugin's configuration, without the defaults: what it is started with.
    pub fn config(&self, id: &str) -> Map<String, Value> {
        let given = PluginId::new(id).ok();
        let given = given.and_then(|id| self.core.crew.reconfigured.given(&id));
        given.unwrap_or_else(|| {
            let inventory = self.core.inventory();
            let settings = inventory.options().settings.get(id);
            settings
                .map(|settings| settings.config.clone())
                .unwrap_or_default()
        })
    }

    /// Whether it is just being started, or restarted: then one that is stopped is not meant to stay
    /// so.
    pub fn is_coming_up(&self, id: &PluginId) -> bool {
        self.core.crew.claims.comes_up(id)
    }

    /// The number by which a plugin is ordered: that of its manifest, where nothing else was said.
    pub fn priority(&self, status: &Status) -> i32 {
        let inventory = self.core.inventory();
        let settings = inventory.options().settings.get(status.id.as_str());
        let said = settings.and_then(|settings| settings.priority);
        said.unwrap_or(status.manifest.priority)
    }

    /// Where a plugin runs, or would.
    pub fn isolation(&self, id: &PluginId) -> Isolation {
        self.core.inventory().options().isolation_of(id.as_str())
    }

    /// How many plugins are known. It changes without a transition when one is found, and when one
    /// that was stopped or disabled is forgotten, since nothing that was found when somebody looked is
    /// its file.
    pub fn count(&self) -> usize {
        self.core.crew.shared.registry.len()
    }

    /// What is known of every plugin, in order of id.
    pub fn plugins(&self) -> Vec<Status> {
        self.core.crew.shared.registry.snapshot()
    }

    /// What is known of one plugin.
    pub fn status(&self, id: &str) -> Option<Status> {
        self.core.crew.shared.registry.status(id)
    }

    /// Every file that was left out by the last start, and why.
    pub fn left_out(&self) -> Vec<Rejected> {
        self.core.left_out().clone()
    }

    /// Transitions from now on.
    pub fn events(&self) -> Events {
        self.core.crew.shared.registry.events()
    }

    /// Waits until a plugin's state satisfies the condition; `None` when the deadline comes first.
    pub fn wait(
        &self,
        id: &str,
        deadline: Instant,
        until: impl Fn(State) -> bool,
    ) -> Option<State> {
        self.core.crew.shared.registry.wait(id, deadline, until)
    }

    /// Waits until something comes of a plugin's status; `None` when the deadline comes first. What
    /// looks at the status is called often, and must not wait for anything itself.
    pub fn wait_for<R>(
        &self,
        id: &str,
        deadline: Instant,
        look: impl Fn(&Status) -> Option<R>,
    ) -> Option<R> {
        let registry = &self.core.crew.shared.registry;
        registry.wait_for(id, deadline, look)
    }

    /// How many threads are left to themselves inside a plugin that did not return in time.
    pub fn abandoned_threads(&self) -> usize {
        self.core.crew.abandoned()
    }

    /// What has not returned from plugins' code, the longest first: steps, questions after health, new
    /// configurations, polls of tasks and blocking tasks, with when they began. Of calls (requests,
    /// events) only how many are inside, since when nobody was seen to come or go: where others come
    /// and go all the time, that one of them stays is not seen.
    pub fn inside(&self) -> Vec<Inside> {
        self.core.look_inside(Instant::now());
        self.core.crew.shared.insides.all()
    }

    /// What was counted for a running plugin since it came to run.
    pub fn counters(&self, id: &str) -> Option<Counters> {
        let running = self.core.crew.running();
        let instance = &running
            .iter()
            .find(|running| running.vetted.manifest.id.as_str() == id)?
            .instance;
        Some(Counters {
            calls: instance.slot.calls(),
            inside: instance.slot.inside(),
            panics: instance.room.panics(),
            dropped_events: instance.room.inbox.dropped(),
        })
    }

    /// What is quarantined, and on which evidence.
    pub fn quarantined(&self) -> Vec<crate::Record> {
        let quarantine = self
            .core
            .crew
            .quarantine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        quarantine.records().to_vec()
    }
}

/// Counts of one running plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// How often it was called through its gate: `start`, requests, events, questions after its
    /// health, new configurations, log levels. Calls of its typed services go past the gate and are
    /// not counted.
    pub calls: u64,
    /// How many of these have not returned.
    pub inside: usize,
    /// How often its code panicked.
    pub panics: u64,
    /// How many events it did not get because there was no room; [`Loader::subscriptions`] has
    /// them for each subscription.
    pub dropped_events: u64,
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.core.crew.shared.supervisor.close();
        // Also where nothing runs: what the supervisor has begun to start is called off by it.
        self.stop(Duration::from_secs(10));
    }
}

fn lock(state: &Path) -> Result<File, OpenLoaderError> {
    let path = state.join("lock");
    let failed = |source| OpenLoaderError::State {
        path: path.clone(),
        source,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenLoaderError::InUse(state.to_owned())),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn report(suspects: &[Suspect]) {
    for suspect in suspects {
        let step = suspect.step.as_str();
        if suspects.len() == 1 {
            log::error!(
                "{}: quarantined: the last host ended inside its {step}",
                suspect.id
            );
        } else {
            log::error!(
                "{}: the last host ended while it and {} others were inside (its {step}): it is \
                 started alone",
                suspect.id,
                suspects.len() - 1
            );
        }
    }
}
