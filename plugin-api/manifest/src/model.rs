use crate::{
    Kind, PluginId, Range, ServiceId, Supervision, TopicPattern,
    ui::{Module, Ui},
};
use semver::Version;
use std::time::Duration;

/// A plugin's manifest, checked: what the note in its library says.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Who it is.
    pub id: PluginId,
    /// The same for people; the id where the author gave none.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// One line; empty when there is none.
    pub description: String,
    /// `Name <mail>`, in the author's order.
    pub authors: Vec<String>,
    /// SPDX expression; empty when there is none.
    pub license: String,
    /// What it is in the order of things.
    pub kind: Kind,
    /// Orders what dependencies leave open: the smaller starts first. By default that of the kind.
    pub priority: i32,
    /// What it needs, in the author's order.
    pub requires: Vec<Requirement>,
    /// The services that it provides.
    pub provides: Vec<Provision>,
    /// Plugins that start before it when they are there; no requirement.
    pub after: Vec<PluginId>,
    /// Plugins that start after it when they are there; no requirement.
    pub before: Vec<PluginId>,
    /// What it says it can do, in free words, for people.
    pub capabilities: Vec<String>,
    /// What it asks to be permitted, for a host that permits nothing else.
    pub permissions: Permissions,
    /// JSON Schema (2020-12) of its configuration, as JSON text. The flat form of `plugin.toml` is
    /// turned into this when the plugin is compiled.
    pub config_schema: Option<String>,
    /// What it shows of itself in a browser.
    pub ui: Option<Box<Ui>>,
    /// The JavaScript module of its page, which lies beside the manifest in the library.
    pub ui_module: Option<Module>,
    /// How long its steps may take.
    pub deadlines: Deadlines,
    /// What a host does when it fails or falls ill.
    pub supervision: Supervision,
    /// What it was built with.
    pub build: Build,
}

/// Something that a plugin needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What.
    pub target: Target,
    /// Which versions of it will do, by the rules of `semver`.
    pub range: Range,
    /// Whether the plugin starts without it.
    pub optional: bool,
}

/// What a [`Requirement`] names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A plugin by its id.
    Plugin(PluginId),
    /// Whoever provides the service.
    Service(ServiceId),
}

/// A service that a plugin provides.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Provision {
    /// Which.
    pub service: ServiceId,
    /// In which version.
    pub version: Version,
}

/// Topics of the bus that a plugin asks for, or is granted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// What it may publish on.
    pub publish: Vec<TopicPattern>,
    /// What it may subscribe to.
    pub subscribe: Vec<TopicPattern>,
}

/// How long a plugin's steps may take before it counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For `initialize`; 30 s by default.
    pub initialize: Duration,
    /// For `start`; 30 s by default.
    pub start: Duration,
    /// For `stop`; 10 s by default.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            initialize: Duration::from_secs(30),
            start: Duration::from_secs(30),
            stop: Duration::from_secs(10),
        }
    }
}

/// What the host must know of a library before it runs anything of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Version of the ABI that it was built for: that of `jackfield-abi`.
    pub abi: Version,
    /// Target triple.
    pub target: String,
    /// `rustc --version`, whole.
    pub rustc: String,
    /// What a panic does in it.
    pub panic: Panic,
    /// Version of the SDK, `jackfield-plugin-api`.
    pub sdk: Version,
}

/// A binary's panic strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Panic {
    /// Panics unwind, and the SDK catches them at the boundary.
    Unwind,
    /// A panic ends the process: refused in-process.
    Abort,
}
