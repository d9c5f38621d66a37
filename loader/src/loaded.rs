use crate::{
    Code, Vetted,
    context::{HostSide, Room},
    ffi::{
        LayoutVerdict, Lease, Library, Module, ModuleError, OpenError, Root, Stuck, Turn, Unload,
    },
    instance::Instance,
};
use jackfield_abi::{FailureCode, HostObject, abi_stable::type_level::downcasting::TD_Opaque};
use std::{sync::Arc, time::Instant};

/// A plugin whose library is mapped, and known to fit.
pub(crate) struct Loaded {
    pub(crate) module: Module,
    pub(crate) lease: Lease,
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
            Self::Stuck(_) | Self::Open(_) => None,
            Self::Module(_) => Some(Code::IncompatibleAbi),
            Self::Identity { .. } => Some(Code::InvalidManifest),
        }
    }
}

impl Loaded {
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
            Ok(module) => Ok(Self { module, lease }),
            Err(error) => Err((error, Some(Library::close(lease, Instant::now())))),
        }
    }

    /// Unmaps it again.
    pub(crate) fn unmap(self) -> Unload {
        let Self { module, lease } = self;
        drop(module);
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
        let host = HostObject::from_value(HostSide(Arc::clone(&room)), TD_Opaque);
        match self.module.create(host) {
            Ok(slot) => Ok(Instance::new(Arc::new(slot), room)),
            Err(failure) => Err((self, room, CallError::of(&failure))),
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
