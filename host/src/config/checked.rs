use super::{Audit, Http, Tree};
use env_filter::Filter;
use jackfield_loader::{Enable, Isolation, Options, Settings, Trust};
use jackfield_manifest::PluginId;
use std::{collections::BTreeMap, num::NonZero, path::PathBuf, time::Duration};

/// The configuration, read and checked: what the host goes by.
#[derive(Debug)]
pub(crate) struct Config {
    /// What plugins are told that this host is called; `None` where nobody says.
    pub(crate) edge: Option<String>,
    /// Directories with plugins.
    pub(crate) plugins: Vec<PathBuf>,
    /// Where the host keeps what it knows.
    pub(crate) state: PathBuf,
    /// What becomes of files that others could have written.
    pub(crate) trust: Trust,
    /// Whether a plugin that nobody mentions is enabled; `None` where nobody says.
    pub(crate) enable_by_default: Option<bool>,
    /// Whether plugins may use only the topics that they are granted.
    pub(crate) permissions: bool,
    /// Where plugins run of which nothing else is said.
    pub(crate) isolation: Isolation,
    /// How many plugins may be on their way up at once.
    pub(crate) threads: Option<NonZero<usize>>,
    /// How long stopping everything may take.
    pub(crate) stop_deadline: Duration,
    /// What is logged, where the environment does not say.
    pub(crate) filter: String,
    /// What of it is published on the bus.
    pub(crate) publish: String,
    /// What the gateway goes by.
    pub(crate) http: Http,
    /// How much of the audit log is kept.
    pub(crate) audit: Audit,
    /// What is said of single plugins, by id.
    pub(crate) settings: BTreeMap<String, Settings>,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
    /// `--all`.
    pub(crate) all: bool,
    /// What is odd and keeps nothing from working.
    pub(crate) warnings: Vec<String>,
    /// All of it as it was written, layer over layer.
    pub(crate) tree: Tree,
}

impl Config {
    /// What the loader goes by.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new("", &self.state);
        options.edge = self.edge.clone().or_else(machine).unwrap_or(options.edge);
        options.plugins.clone_from(&self.plugins);
        options.trust = self.trust;
        options.enable = self.enable();
        options.settings.clone_from(&self.settings);
        options.permissions = self.permissions;
        options.isolation = self.isolation;
        options.threads = self.threads.unwrap_or(options.threads);
        options
    }

    /// What of the log is published on the bus.
    pub(crate) fn publish_filter(&self) -> Filter {
        let mut builder = env_filter::Builder::new();
        builder.parse(&self.publish).build()
    }

    /// With a configuration file, what it enables; without one, everything: somebody who drops a
    /// plugin into a directory and runs the host is to see it run.
    fn enable(&self) -> Enable {
        match self.enable_by_default {
            _ if self.all => Enable::All,
            Some(true) => Enable::Unlisted,
            Some(false) => Enable::Listed,
            None if self.files.is_empty() => Enable::Unlisted,
            None => Enable::Listed,
        }
    }
}

/// The machine's name, where it can be one of a host.
fn machine() -> Option<String> {
    let name = name()?;
    PluginId::new(&name).is_ok().then_some(name)
}

#[cfg(unix)]
fn name() -> Option<String> {
    let system = rustix::system::uname();
    system.nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}
