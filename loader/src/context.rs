//! The host as one plugin sees it: what it may ask, bound to who it is.

mod ask;
mod host_side;
mod record;

pub(crate) use ask::not_serving;
pub use host_side::bus_failure;
pub(crate) use host_side::{HostSide, answer};

use crate::{
    backtrace::{Backtrace, backtrace},
    bus::{Bus, Inbox},
    executor::Executor,
    ffi::{Lease, Library},
    reconfigure::Current,
    registry::Registry,
    services::{Seat, Services},
    storage::Space,
    tasks::{self, SpawnError, Tasks},
};
use jackfield_abi::{Failure, FailureCode, FfiFuture, PanicReport};
use jackfield_manifest::PluginId;
use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

/// What all plugins of one loader share.
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) bus: Bus,
    pub(crate) services: Services,
    pub(crate) executor: Arc<dyn Executor>,
}

/// A backtrace costs milliseconds, so a plugin that panics without end gets only so many.
const BACKTRACES: u64 = 16;

/// What the host keeps for one plugin, from when it is mapped until it is unloaded.
pub(crate) struct Room {
    pub(crate) id: PluginId,
    name: Arc<str>,
    pub(crate) config: Arc<Current>,
    data_dir: PathBuf,
    pub(crate) space: Space,
    level: AtomicU32,
    sequence: AtomicU64,
    panics: AtomicU64,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) seat: Seat,
    library: Weak<Library>,
    pub(crate) shared: Arc<Shared>,
}

/// What is set aside for one plugin.
pub(crate) struct Own {
    pub(crate) data_dir: PathBuf,
    pub(crate) space: Space,
    pub(crate) seat: Seat,
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
        inbox: Arc<Inbox>,
        lease: &Lease,
        shared: Arc<Shared>,
    ) -> Arc<Self> {
        let Own {
            data_dir,
            space,
            seat,
        } = own;
        Arc::new(Self {
            name: id.as_str().into(),
            id,
            config,
            data_dir,
            space,
            level: AtomicU32::new(level_of(log::max_level())),
            sequence: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            tasks: Arc::default(),
            inbox,
            seat,
            library: lease.downgrade(),
            shared,
        })
    }

    /// How often code of the plugin panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
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
        let executor = &*self.shared.executor;
        self.tasks
            .spawn(executor, name, blocking, task, lease)
            .map_err(|error| match error {
                SpawnError::Closed => Failure::new(
                    FailureCode::UNAVAILABLE,
                    "the plugin is stopping, it takes no tasks",
                ),
                SpawnError::Full => {
                    Failure::new(FailureCode::FULL, "the plugin has 10000 tasks already")
                }
            })
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
