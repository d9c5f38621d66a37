use jackfield_manifest::PluginId;
use semver::Version;
use std::{fmt, path::PathBuf};

/// Why a file is not loaded, in a word that other tools rely on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Holds no Jackfield note.
    NotAPlugin,
    /// Shorter than its own headers say.
    Truncated,
    /// A directory, FIFO, socket, device or dangling link.
    NotARegularFile,
    /// For another machine, word size, byte order or system.
    WrongTarget,
    /// The note or the manifest in it is not what it should be.
    InvalidManifest,
    /// Built for another ABI, or its types are laid out differently.
    IncompatibleAbi,
    /// A panic in it would end the process.
    PanicAbort,
    /// Another file with the same id and version comes first.
    DuplicateId,
    /// Another version of the same id was chosen.
    Superseded,
    /// Not enabled by the configuration.
    Disabled,
    /// Requires something that is not there.
    MissingDependency,
    /// Requires a version that is not there.
    VersionMismatch,
    /// Requires itself, through others or directly.
    Cycle,
    /// Requires something that was not started.
    DependencyFailed,
    /// Its configuration does not fit its schema.
    InvalidConfig,
    /// The file's owner or mode breaks the trust rules.
    Untrusted,
    /// Ended the host once, with the same content.
    Quarantined,
}

impl Code {
    /// The word, as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAPlugin => "not-a-plugin",
            Self::Truncated => "truncated",
            Self::NotARegularFile => "not-a-regular-file",
            Self::WrongTarget => "wrong-target",
            Self::InvalidManifest => "invalid-manifest",
            Self::IncompatibleAbi => "incompatible-abi",
            Self::PanicAbort => "panic-abort",
            Self::DuplicateId => "duplicate-id",
            Self::Superseded => "superseded",
            Self::Disabled => "disabled",
            Self::MissingDependency => "missing-dependency",
            Self::VersionMismatch => "version-mismatch",
            Self::Cycle => "cycle",
            Self::DependencyFailed => "dependency-failed",
            Self::InvalidConfig => "invalid-config",
            Self::Untrusted => "untrusted",
            Self::Quarantined => "quarantined",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One reason why something is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: Code,
    /// For people: what was expected, what was found, what to do; one line, lower case, no full
    /// stop.
    pub message: String,
}

impl Reason {
    /// A reason.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// A file, or a plugin in it, that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Where it lies.
    pub path: PathBuf,
    /// Whose it is, where that is known.
    pub id: Option<PluginId>,
    /// Its version, where that is known.
    pub version: Option<Version>,
    /// Everything that is wrong with it, the decisive reason first; never empty.
    pub reasons: Vec<Reason>,
    /// The end of the chain, where the first reason only passes on another plugin's.
    pub root_cause: Option<String>,
}
