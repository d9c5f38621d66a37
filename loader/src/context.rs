//! The host as one plugin sees it: what it may ask, bound to who it is.

mod ask;
mod far;
mod host_side;
mod record;
mod topics;

pub(crate) use ask::not_serving;
pub(crate) use far::Far;
pub(crate) use host_side::{HostSide, answer};
#[cfg(unix)]
pub(crate) use record::log_fields;

use crate::{
    Sessions,
    backtrace::{Backtrace, backtrace},
    bus::{Bus, Inbox, Publisher},
    executor::Executor,
    ffi::{Lease, Library, Slot},
    inside::{Insides, What},
    reconfigure::Current,
    registry::Registry,
    services::{Facts, Seat, Services},
    storage::Space,
    supervise::Supervisor,
    tasks::{self, Place, Tasks},
};
use jackfield_abi::{Failure, FailureCode, FfiFuture, PanicReport};
#[cfg(unix)]
use jackfield_abi::{RBox, RStr, Request, Response};
use jackfield_manifest::{OnPanic, PluginId};
use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

/// What all plugins of one loader share.
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) bus: Arc<Bus>,
    pub(crate) services: Services,
    pub(crate) facts: Facts,
    pub(crate) supervisor: Supervisor,
    pub(crate) insides: Arc<Insides>,
    pub(crate) executor: Arc<dyn Executor>,
    /// Which records of a plugin are wanted, where that was said.
    pub(crate) levels: Mutex<BTreeMap<PluginId, log::LevelFilter>>,
}

/// A backtrace costs milliseconds, so a plugin that panics without end gets only so many.
const BACKTRACES: u64 = 16;

/// What the host keeps for one plugin, from when it is mapped until it is unloaded.
pub(crate) struct Room {
    pub(crate) id: PluginId,
    pub(crate) config: Arc<Current>,
    data_dir: PathBuf,
    pub(crate) space: Space,
    pub(crate) level: AtomicU32,
    panics: AtomicU64,
    on_panic: OnPanic,
    pub(crate) sessions: Sessions,
    /// Where it is called, once it runs.
    slot: OnceLock<Weak<Slot>>,
    /// Its object was dropped, or given up: a thread that it left behind is told so.
    gone: AtomicBool,
    /// The first panic, where it may not go on after one.
    poison: OnceLock<String>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) publisher: Publisher,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) seat: Seat,
    library: Weak<Library>,
    /// Of a plugin in a worker: what is elsewhere.
    far: OnceLock<Arc<dyn Far>>,
    pub(crate) shared: Arc<Shared>,
}

/// What is set aside for one plugin.
pub(crate) struct Own {
    pub(crate) data_dir: PathBuf,
    pub(crate) space: Space,
    pub(crate) seat: Seat,
    pub(crate) publisher: Publisher,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) on_panic: OnPanic,
    pub(crate) sessions: Sessions,
}

impl AsRef<Space> for Room {
    fn as_ref(&self) -> &Space {
        &self.space
    }
}

impl Room {
    pub(crate) fn new(
        id: PluginId,
        config: Arc<Current>,
        own: Own,
        lease: &Lease,
        shared: Arc<Shared>,
    ) -> Arc<Self> {
        let Own {
            data_dir,
            space,
            seat,
            publisher,
            inbox,
            on_panic,
            sessions,
        } = own;
        let level = {
            let levels = shared.levels.lock();
            let levels = levels.unwrap_or_else(PoisonError::into_inner);
            levels.get(&id).copied().unwrap_or_else(log::max_level)
        };
        Arc::new(Self {
            id,
            config,
            data_dir,
            space,
            level: AtomicU32::new(level_of(level)),
            panics: AtomicU64::new(0),
            on_panic,
            sessions,
            slot: OnceLock::new(),
            gone: AtomicBool::new(false),
            poison: OnceLock::new(),
            tasks: Arc::default(),
            publisher,
            inbox,
            seat,
            library: lease.downgrade(),
            far: OnceLock::new(),
            shared,
        })
    }

    /// How often code of the plugin panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    #[cfg(unix)]
    fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// What the plugin is told when it asks for it.
    pub(crate) fn set_level(&self, level: log::LevelFilter) {
        self.level.store(level_of(level), Ordering::Relaxed);
    }

    /// It is called there from now on.
    pub(crate) fn lives_in(&self, slot: &Arc<Slot>) {
        self.slot.get_or_init(|| Arc::downgrade(slot));
    }

    /// The plugin is there no more: whatever asks in its name from now on is refused.
    pub(crate) fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Refuses whoever asks in the name of a plugin that is there no more.
    fn stay(&self) -> Result<(), Failure> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(Failure::new(
                FailureCode::UNAVAILABLE,
                "the plugin has stopped: end its threads in `stop`, and drop its context",
            ));
        }
        Ok(())
    }

    /// What is elsewhere is there.
    #[cfg(unix)]
    pub(crate) fn reaches(&self, far: Arc<dyn Far>) {
        self.far.get_or_init(|| far);
    }

    /// What is elsewhere, for a plugin in a worker.
    pub(crate) fn far(&self) -> Option<&dyn Far> {
        self.far.get().map(|far| &**far)
    }

    /// The panic after which it may not go on.
    pub(crate) fn poison(&self) -> Option<String> {
        self.poison.get().cloned()
    }

    /// Its code panicked. Where it may not go on, nobody is let in any more, from now on.
    fn poisoned(&self, report: &PanicReport<'_>) {
        if self.on_panic == OnPanic::Continue {
            return;
        }
        self.falls(&format!("panicked: {}", report.message));
    }

    /// It cannot go on: nobody is let in any more, from now on.
    pub(crate) fn falls(&self, cause: &str) {
        let is_first = self.poison.set(cause.to_owned()).is_ok();
        if let (true, Some(slot)) = (is_first, self.slot.get()) {
            if let Some(slot) = slot.upgrade() {
                slot.close();
            }
            let cause = cause.to_owned();
            self.shared.supervisor.poisoned(&self.id, slot, cause);
        }
    }

    /// Asks another plugin in this one's name.
    #[cfg(unix)]
    pub(crate) async fn ask(
        &self,
        plugin: RStr<'_>,
        request: &Request<'_>,
    ) -> Result<RBox<Response>, Failure> {
        self.stay()?;
        ask::ask(self, plugin, request).await
    }

    /// One record: who reads a log by lines sees what happened and where in the first.
    fn log_panic(&self, number: u64, report: &PanicReport<'_>) {
        let id = self.id.as_str();
        if !log::log_enabled!(target: id, log::Level::Error) {
            return;
        }
        let (file, line, column) = (report.file, report.line, report.column);
        let backtrace = (number < BACKTRACES)
            .then(|| self.backtrace(report.frames.as_slice()))
            .flatten();
        let lines = backtrace.as_ref().map_or(&"" as &dyn fmt::Display, |b| b);
        let message = report.message;
        tasks::with_current(|task| match task {
            Some(task) => log::error!(
                target: id,
                "task `{task}` panicked at {file}:{line}:{column}: {message}{lines}"
            ),
            None => {
                log::error!(target: id, "panicked at {file}:{line}:{column}: {message}{lines}");
            }
        });
    }

    fn backtrace(&self, frames: &[usize]) -> Option<Backtrace> {
        // Its code is mapped for longer: it has called.
        let lease = self.lease().ok()?;
        match backtrace(lease.path(), lease.root()?, frames) {
            Ok(backtrace) => Some(backtrace),
            Err(error) => {
                log::debug!(target: self.id.as_str(), "no backtrace of a panic: {error}");
                None
            }
        }
    }

    fn spawn(&self, name: &str, blocking: bool, task: FfiFuture<()>) -> Result<u64, Failure> {
        let lease = self.lease()?;
        let shared = &self.shared;
        let name: Arc<str> = name.into();
        let what = if blocking {
            What::Blocking(Arc::clone(&name))
        } else {
            What::Poll(Arc::clone(&name))
        };
        let place = Place::new(&shared.insides, self.publisher.name(), what);
        self.tasks
            .spawn(&*shared.executor, name, blocking, task, lease, place)
            .map_err(|error| error.failure())
    }

    /// Where its library lies.
    pub(crate) fn root(&self) -> Option<usize> {
        self.lease().ok()?.root()
    }

    pub(crate) fn lease(&self) -> Result<Lease, Failure> {
        Lease::upgrade(&self.library)
            .ok_or_else(|| Failure::new(FailureCode::UNAVAILABLE, "the plugin is being unloaded"))
    }
}

/// The numbers of the `log` crate.
pub(crate) fn level_of(filter: log::LevelFilter) -> u32 {
    filter as u32
}
