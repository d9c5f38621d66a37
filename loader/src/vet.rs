//! Everything that can be checked of a plugin without running it.

use crate::{Code, ConfigError, Isolation, Reason, Record, config, services::own_version};
use jackfield_abi::{AbiMismatch, check_abi};
use jackfield_manifest::{
    Deadlines, Manifest, OnPanic, Panic, Permissions, Restart, ServiceId, Supervision, Target,
};
use semver::Version;
use serde_json::{Map, Value};
use std::{fmt, time::Duration};

/// What the operator says of one plugin.
#[derive(Clone, Default, PartialEq)]
pub struct Settings {
    /// Whether it is loaded at all; `None` leaves it to [`Enable`](crate::Enable).
    pub enabled: Option<bool>,
    /// Instead of the manifest's.
    pub priority: Option<i32>,
    /// Instead of the manifest's.
    pub initialize_deadline: Option<Duration>,
    /// Instead of the manifest's.
    pub start_deadline: Option<Duration>,
    /// Instead of the manifest's.
    pub stop_deadline: Option<Duration>,
    /// Instead of the manifest's.
    pub restart: Option<Restart>,
    /// Instead of the manifest's.
    pub on_panic: Option<OnPanic>,
    /// Instead of the manifest's. Less than 25 ms counts as that.
    pub health_interval: Option<Duration>,
    /// Instead of the manifest's.
    pub health_deadline: Option<Duration>,
    /// Instead of the manifest's.
    pub restart_when_unhealthy: Option<bool>,
    /// Bytes of keys and values that it may store; `None` for
    /// [`DEFAULT_STORAGE_LIMIT`](crate::DEFAULT_STORAGE_LIMIT).
    pub storage_limit: Option<u64>,
    /// Where it runs; `None` for the host's process.
    pub isolation: Option<Isolation>,
    /// How long and how many, where the operator says.
    pub sessions: Sessions,
    /// Topics that it may use, where [`Options::permissions`](crate::Options::permissions) says that
    /// permissions are enforced and its manifest asks for them.
    pub granted: Permissions,
    /// The plugin's own configuration.
    pub config: Map<String, Value>,
}

/// What the operator says of a plugin's sessions; `None` leaves it to the plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sessions {
    /// How long one may lie unused; zero is for ever.
    pub ttl: Option<Duration>,
    /// How many there may be at a time.
    pub most: Option<u32>,
}

impl Sessions {
    /// As [`jackfield_abi::Host::settings`] has it.
    pub(crate) fn to_json(self) -> String {
        let mut object = Map::new();
        if let Some(ttl) = self.ttl {
            let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
            object.insert("session_ttl_ms".to_owned(), ttl.into());
        }
        if let Some(most) = self.most {
            object.insert("max_sessions".to_owned(), most.into());
        }
        Value::Object(object).to_string()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What of it is secret is the schema's to say, which is not known here.
        f.debug_struct("Settings")
            .field("enabled", &self.enabled)
            .field("priority", &self.priority)
            .field("config", &self.config.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What a plugin has to fit to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The ABI version that the host speaks.
    pub abi: Version,
    /// The target triple that it was built for.
    pub target: &'static str,
}

impl HostFacts {
    /// Those of this build.
    pub fn current() -> Self {
        Self {
            abi: jackfield_abi::abi_version(),
            target: env!("JACKFIELD_TARGET"),
        }
    }
}

/// Why a plugin is left out before anything of it runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VetError {
    /// It speaks another ABI.
    #[error(transparent)]
    Abi(#[from] AbiMismatch),
    /// It was built for another system.
    #[error("built for {plugin}, this host is {host}: build the plugin with `--target {host}`")]
    Target {
        /// The plugin's target triple.
        plugin: String,
        /// The host's.
        host: &'static str,
    },
    /// A panic would end the host.
    #[error(
        "built with panic = \"abort\", so a panic in it would end the host: build it with \
         panic = \"unwind\""
    )]
    PanicAbort,
    /// It provides a service of the host's own.
    #[error("provides service `{0}`, which is the host's own: give it another id")]
    HostService(ServiceId),
    /// It is to run in a process of its own, to which a typed service does not reach.
    #[error(
        "`isolation = \"process\"`, and it {verb} service `{service}`: an object of another process cannot \
         be called; take `isolation` out of its configuration"
    )]
    Typed {
        /// Which.
        service: ServiceId,
        /// What it does with it.
        verb: &'static str,
    },
    /// Its configuration does not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It ended the host before.
    #[error(
        "quarantined: {evidence} on {id} {hash:.12}: replace the file, or release it with \
         `jackfield release {id}`"
    )]
    Quarantined {
        /// Who.
        id: String,
        /// Which content.
        hash: String,
        /// What is known.
        evidence: String,
    },
}

impl VetError {
    /// The code for programs.
    pub fn code(&self) -> Code {
        match self {
            Self::Abi(_) => Code::IncompatibleAbi,
            Self::Target { .. } => Code::WrongTarget,
            Self::PanicAbort => Code::PanicAbort,
            Self::HostService(_) => Code::InvalidManifest,
            Self::Config(_) | Self::Typed { .. } => Code::InvalidConfig,
            Self::Quarantined { .. } => Code::Quarantined,
        }
    }
}

impl From<VetError> for Reason {
    fn from(error: VetError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// What a manifest alone shows: whether the plugin was built for this host, and leaves it its own.
pub(crate) fn build_faults(manifest: &Manifest, host: &HostFacts) -> Vec<VetError> {
    let mut faults = Vec::new();
    if let Err(mismatch) = check_abi(&manifest.build.abi, &host.abi) {
        faults.push(mismatch.into());
    }
    if manifest.build.target != host.target {
        let plugin = manifest.build.target.clone();
        faults.push(VetError::Target {
            plugin,
            host: host.target,
        });
    }
    if manifest.build.panic == Panic::Abort {
        faults.push(VetError::PanicAbort);
    }
    for provision in &manifest.provides {
        if own_version(provision.service.as_str()).is_some() {
            faults.push(VetError::HostService(provision.service.clone()));
        }
    }
    faults
}

/// What keeps a plugin from running in a process of its own.
fn isolation_faults(manifest: &Manifest) -> impl Iterator<Item = VetError> {
    let provided = manifest.provides.iter().map(|provision| VetError::Typed {
        service: provision.service.clone(),
        verb: "provides",
    });
    let required = manifest.requires.iter().filter(|need| !need.optional);
    let required = required.filter_map(|need| match &need.target {
        Target::Service(service) if own_version(service.as_str()).is_none() => {
            Some(VetError::Typed {
                service: service.clone(),
                verb: "requires",
            })
        }
        _ => None,
    });
    provided.chain(required)
}

/// Everything that is wrong, or the configuration to start with.
pub(crate) fn vet(
    manifest: &Manifest,
    host: &HostFacts,
    settings: &Settings,
    isolation: Isolation,
    record: Option<&Record>,
) -> Result<String, Vec<VetError>> {
    let mut faults = build_faults(manifest, host);
    if isolation == Isolation::Process {
        faults.extend(isolation_faults(manifest));
    }
    if let Some(record) = record.filter(|record| record.is_proven()) {
        faults.push(VetError::Quarantined {
            id: manifest.id.to_string(),
            hash: record.hash.to_string(),
            evidence: record.evidence(),
        });
    }
    match config::check(manifest.config_schema.as_deref(), &settings.config) {
        Ok(config) if faults.is_empty() => Ok(config),
        Ok(_) => Err(faults),
        Err(error) => {
            faults.push(error.into());
            Err(faults)
        }
    }
}

/// The manifest's deadlines, or what the operator says instead.
pub(crate) fn deadlines(manifest: &Manifest, settings: &Settings) -> Deadlines {
    let own = manifest.deadlines;
    Deadlines {
        initialize: settings.initialize_deadline.unwrap_or(own.initialize),
        start: settings.start_deadline.unwrap_or(own.start),
        stop: settings.stop_deadline.unwrap_or(own.stop),
    }
}

/// The manifest's supervision, or what the operator says instead.
pub(crate) fn supervision(manifest: &Manifest, settings: &Settings) -> Supervision {
    let own = manifest.supervision;
    Supervision {
        restart: settings.restart.unwrap_or(own.restart),
        on_panic: settings.on_panic.unwrap_or(own.on_panic),
        health_interval: settings.health_interval.unwrap_or(own.health_interval),
        health_deadline: settings.health_deadline.unwrap_or(own.health_deadline),
        restart_when_unhealthy: settings
            .restart_when_unhealthy
            .unwrap_or(own.restart_when_unhealthy),
    }
}
