use crate::{
    Code, Vetted,
    context::{HostSide, Room},
    ffi::{
        LayoutVerdict, Lease, Library, Module, ModuleError, OpenError, Root, Stuck, Turn, Unload,
    },
    instance::Instance,
};
#[cfg(unix)]
use crate::{
    context::Shared,
    ffi::Slot,
    worker::{Worker, WorkerError},
};
#[cfg(unix)]
use jackfield_abi::Failure;
use jackfield_abi::{FailureCode, HostObject, abi_stable::type_level::downcasting::TD_Opaque};
#[cfg(unix)]
use std::path::Path;
use std::{sync::Arc, time::Instant};

/// A library that is mapped and fits: here, or in a process of its own.
pub(crate) struct Loaded {
    pub(crate) code: Mapped,
    pub(crate) lease: Lease,
}

/// Where it is mapped.
pub(crate) enum Mapped {
    /// In this process.
    Here(Module),
    /// In a worker, which ends when this is dropped.
    #[cfg(unix)]
    There(Worker),
}

/// Why a library that was fit to be mapped is not used.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The system's loader is taken.
    #[error("not mapped: {0}")]
    Stuck(#[from] Stuck),
    /// The system's loader refused it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its root module does not fit.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// There is no process for it.
    #[cfg(unix)]
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// This system knows no such thing.
    #[error("`isolation = \"process\"` needs a Unix system: leave it out")]
    NoWorkers,
    /// The code says something else than the manifest.
    #[error(
        "its code says it is {code}, its manifest says {manifest}: the note does not belong to \
         this library, rebuild it"
    )]
    Identity {
        /// Id and version by the code.
        code: String,
        /// Id and version by the manifest.
        manifest: String,
    },
}

impl MapError {
    /// The code for what is refused; `None` for what failed.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Stuck(_) | Self::Open(_) | Self::NoWorkers => None,
            #[cfg(unix)]
            Self::Worker(_) => None,
            Self::Module(_) => Some(Code::IncompatibleAbi),
            Self::Identity { .. } => Some(Code::InvalidManifest),
        }
    }
}

impl Loaded {
    /// Has a worker map the library.
    ///
    /// # Errors
    ///
    /// [`MapError`]; no worker is left then.
    #[cfg(unix)]
    pub(crate) fn isolate(
        vetted: &Vetted,
        directory: &Path,
        shared: &Arc<Shared>,
    ) -> Result<Self, MapError> {
        let worker = Worker::start(vetted, directory, shared)?;
        Ok(Self {
            code: Mapped::There(worker),
            lease: Lease::of_no_library(vetted.manifest.id.clone()),
        })
    }

    /// In a worker: creates the plugin, with that as its host.
    ///
    /// # Errors
    ///
    /// Why the plugin refuses.
    #[cfg(unix)]
    pub(crate) fn create_with(self, host: HostObject) -> Result<Slot, Failure> {
        match &self.code {
            Mapped::Here(module) => module.create(host),
            Mapped::There(_) => Err(Failure::new(
                FailureCode::UNSUPPORTED,
                "a worker has no workers",
            )),
        }
    }

    /// Maps the store's copy of a plugin: its constructors run here. What is mapped and does not fit
    /// is unmapped again: then the error says what came of that, too.
    pub(crate) fn map(vetted: &Vetted, turn: Turn) -> Result<Self, (MapError, Option<Unload>)> {
        let lease = Library::open(&vetted.stored, &turn).map_err(|error| (error.into(), None))?;
        let root = Root::find(lease.clone(), &turn);
        drop(turn);
        let checked = root
            .map_err(MapError::from)
            .and_then(|root| Self::check(vetted, root));
        match checked {
            Ok(module) => Ok(Self {
                code: Mapped::Here(module),
                lease,
            }),
            Err(error) => Err((error, Some(Library::close(lease, Instant::now())))),
        }
    }

    /// Unmaps it again.
    pub(crate) fn unmap(self) -> Unload {
        let Self { code, lease } = self;
        drop(code);
        Library::close(lease, Instant::now())
    }

    fn check(vetted: &Vetted, root: Root) -> Result<Module, MapError> {
        let verdict = if vetted.layout_known {
            LayoutVerdict::Fits
        } else {
            LayoutVerdict::Unknown
        };
        let module = Module::open(root, verdict).inspect_err(|error| {
            if let ModuleError::Layout(mismatch) = error {
                log::debug!("host as interface: {}", mismatch.host_as_interface);
                log::debug!("plugin as interface: {}", mismatch.plugin_as_interface);
            }
        })?;
        let (id, version) = module.identity();
        let manifest = &vetted.manifest;
        if id != manifest.id.as_str() || version != manifest.version.to_string() {
            return Err(MapError::Identity {
                code: format!("{id} {version}"),
                manifest: format!("{} {}", manifest.id, manifest.version),
            });
        }
        Ok(module)
    }

    /// Creates the plugin: its `initialize` runs here.
    pub(crate) fn create(self, room: Arc<Room>) -> Result<Instance, (Self, Arc<Room>, CallError)> {
        let created = match &self.code {
            Mapped::Here(module) => {
                let host = HostObject::from_value(HostSide(Arc::clone(&room)), TD_Opaque);
                let created = module.create(host);
                created.map_err(|failure| CallError::of(&failure))
            }
            #[cfg(unix)]
            Mapped::There(worker) => worker.create(&room, &self.lease),
        };
        match created {
            Ok(slot) => Ok(Instance::new(Arc::new(slot), room)),
            Err(error) => Err((self, room, error)),
        }
    }
}

/// What a plugin's own code said when it was called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It returned an error.
    #[error("{0}")]
    Failed(String),
    /// It panicked; the place is in the log.
    #[error("panicked: {0}")]
    Panicked(String),
}

impl CallError {
    pub(crate) fn of(failure: &jackfield_abi::Failure) -> Self {
        let message = failure.message.to_string();
        match failure.code {
            FailureCode::PANIC => Self::Panicked(message),
            _ => Self::Failed(message),
        }
    }
}
