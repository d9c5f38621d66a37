//! The whole walk behind one type.

use crate::{
    Code, Events, Handle, Inventory, Options, Proposal, Quarantine, QuarantineError, Reason,
    ReconfigureError, Reconfigured, Rejected, State, Status, StopReport, Store, StoreError,
    context::Shared,
    control,
    crew::Crew,
    inventory::Mode,
    journal::{Journal, Suspect},
    proposal::Considered,
    reconfigure,
    registry::Registry,
    services::Services,
    start, stop,
};
use jackfield_manifest::PluginId;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// Plugins, from a directory to running and back.
///
/// Dropping it stops what still runs, within ten seconds.
pub struct Loader {
    /// Not held while plugin code runs.
    pub(crate) inventory: Mutex<Inventory>,
    pub(crate) store: Store,
    pub(crate) crew: Arc<Crew>,
    left_out: Mutex<Vec<Rejected>>,
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
            executor: Arc::clone(&options.executor),
        });
        let crew = Arc::new(Crew::new(shared, journal, quarantine, &state));
        let inventory = Mutex::new(Inventory::new(Options { state, ..options }));
        Ok(Self {
            inventory,
            store,
            crew,
            left_out: Mutex::default(),
            _lock: lock,
        })
    }

    /// Finds, checks, orders and starts what is enabled. Returns when each plugin runs or has
    /// failed; what came of each stands in the registry, and in the returned proposal why it was
    /// tried at all.
    pub fn start(&self) -> Proposal {
        let mode = Mode::Real(&self.store);
        let proposal = self.propose(&mut self.inventory(), &mode);
        for warning in &proposal.warnings {
            log::warn!("{warning}");
        }
        self.enter(&proposal);
        let steps = (0..proposal.plan.start.len()).collect();
        let threads = self.inventory().options().threads.get();
        start::start(
            &self.crew,
            control::steps::planned(&proposal, &steps),
            threads,
        );
        self.remember();
        proposal
    }

    /// Writes down what was found out of files and their layouts.
    pub(crate) fn note_fits(&self) -> MutexGuard<'_, Inventory> {
        let mut inventory = self.inventory();
        inventory.note_fits(&self.crew.take_fits());
        inventory.remember();
        inventory
    }

    /// The same, and removes copies that nobody needs any more.
    fn remember(&self) {
        let inventory = self.note_fits();
        if inventory.has_admitted() {
            let running = self.crew.running();
            let live: Vec<_> = running.iter().map(|running| running.vetted.hash).collect();
            drop(running);
            inventory.sweep(&self.store, &live);
        }
    }

    /// Puts everything that the proposal says into the registry.
    fn enter(&self, proposal: &Proposal) {
        let registry = &self.crew.shared.registry;
        let mut reasons: BTreeMap<usize, (&[Reason], Option<&str>)> = BTreeMap::new();
        for rejection in &proposal.plan.rejected {
            reasons.insert(
                rejection.node,
                (&rejection.reasons, rejection.root_cause.as_deref()),
            );
        }
        let mut entered = Vec::new();
        let mut left_out = Vec::new();
        for found in &proposal.unreadable {
            if let Some(reason) = found.reasons.first() {
                log::warn!("{}: not started: {}", found.path.display(), reason.message);
            }
            left_out.push(Rejected {
                path: found.path.clone(),
                id: None,
                version: None,
                reasons: found.reasons.clone(),
                root_cause: None,
            });
        }
        for (node, plugin) in proposal.plugins.iter().enumerate() {
            let before = plugin.enabled && !plugin.reasons.is_empty();
            let (own, root_cause) = match reasons.get(&node) {
                _ if before => (&plugin.reasons[..], None),
                Some((reasons, root_cause)) => (*reasons, *root_cause),
                None => (&[][..], None),
            };
            let status = status(plugin, own, root_cause);
            if status.state != State::Vetted {
                left_out.push(rejected(&status));
            }
            say(&status);
            if !own
                .iter()
                .any(|r| matches!(r.code, Code::Superseded | Code::DuplicateId))
            {
                entered.push(status);
            }
        }
        *self.lock_left_out() = left_out;
        // Of several files with one id, the one that starts is what its status tells of.
        entered.sort_by_key(|status| status.state == State::Vetted);
        for status in entered {
            registry.insert(status);
        }
        for degraded in &proposal.plan.degraded {
            let id = &proposal.plugins[degraded.node].manifest.id;
            registry.amend(id, |status| status.degraded.push(degraded.message.clone()));
        }
        for warning in &proposal.plan.warnings {
            log::warn!("{}", warning.message);
        }
    }

    /// Stops everything, in exactly the reverse of the order in which it came to run, within
    /// `limit` altogether.
    pub fn stop(&self, limit: Duration) -> StopReport {
        stop::stop(&self.crew, limit)
    }

    /// The running plugin of that id.
    pub fn plugin(&self, id: &str) -> Option<Handle> {
        let slot = self.crew.shared.registry.serving(id)?;
        Some(Handle::new(PluginId::new(id).ok()?, slot))
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
        reconfigure::reconfigure(&self.crew, id, config)
    }

    /// What is known of every plugin, in order of id.
    pub fn plugins(&self) -> Vec<Status> {
        self.crew.shared.registry.snapshot()
    }

    /// What is known of one plugin.
    pub fn status(&self, id: &str) -> Option<Status> {
        self.crew.shared.registry.status(id)
    }

    /// Every file that was left out by the last start, and why.
    pub fn left_out(&self) -> Vec<Rejected> {
        self.lock_left_out().clone()
    }

    fn lock_left_out(&self) -> MutexGuard<'_, Vec<Rejected>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Transitions from now on.
    pub fn events(&self) -> Events {
        self.crew.shared.registry.events()
    }

    /// Waits until a plugin's state satisfies the condition; `None` when the deadline comes first.
    pub fn wait(
        &self,
        id: &str,
        deadline: Instant,
        until: impl Fn(State) -> bool,
    ) -> Option<State> {
        self.crew.shared.registry.wait(id, deadline, until)
    }

    /// How many threads are left to themselves inside a plugin that did not return in time.
    pub fn abandoned_threads(&self) -> usize {
        self.crew.abandoned()
    }

    /// What was counted for a running plugin since it came to run.
    pub fn counters(&self, id: &str) -> Option<Counters> {
        let running = self.crew.running();
        let room = &running
            .iter()
            .find(|running| running.vetted.manifest.id.as_str() == id)?
            .instance
            .room;
        Some(Counters {
            panics: room.panics(),
            dropped_events: room.inbox.dropped(),
        })
    }

    /// What is quarantined, and on which evidence.
    pub fn quarantined(&self) -> Vec<crate::Record> {
        let quarantine = self
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
    /// How often its code panicked.
    pub panics: u64,
    /// How many events it did not get because there was no room; [`Loader::subscriptions`] has
    /// them for each subscription.
    pub dropped_events: u64,
}

impl Drop for Loader {
    fn drop(&mut self) {
        if !self.crew.running().is_empty() {
            self.stop(Duration::from_secs(10));
        }
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

pub(crate) fn status(plugin: &Considered, reasons: &[Reason], root_cause: Option<&str>) -> Status {
    let state = match reasons.first().map(|reason| reason.code) {
        None => State::Vetted,
        Some(Code::Disabled) => State::Disabled,
        Some(Code::Quarantined) => State::Quarantined,
        Some(_) => State::Rejected,
    };
    Status {
        id: plugin.manifest.id.clone(),
        version: plugin.manifest.version.clone(),
        path: plugin.path.clone(),
        manifest: Arc::clone(&plugin.manifest),
        hash: plugin.hash,
        state,
        since: SystemTime::now(),
        reasons: reasons.to_vec(),
        root_cause: root_cause.map(str::to_owned),
        cause: None,
        degraded: Vec::new(),
        unload: None,
    }
}

fn rejected(status: &Status) -> Rejected {
    Rejected {
        path: status.path.clone(),
        id: Some(status.id.clone()),
        version: Some(status.version.clone()),
        reasons: status.reasons.clone(),
        root_cause: status.root_cause.clone(),
    }
}

/// One line for each plugin: that it was found, or that it does not start.
fn say(status: &Status) {
    let Status { id, version, .. } = status;
    let path = status.path.display();
    let Some(reason) = status.reasons.first() else {
        log::info!("{id} {version}: found in {path}");
        return;
    };
    let level = match reason.code {
        Code::Disabled => log::Level::Debug,
        Code::Superseded => log::Level::Info,
        _ => log::Level::Warn,
    };
    let message = &reason.message;
    match &status.root_cause {
        None => log::log!(level, "{id} {version} ({path}): not started: {message}"),
        Some(cause) => log::log!(
            level,
            "{id} {version} ({path}): not started: {message} (root cause: {cause})"
        ),
    }
}
