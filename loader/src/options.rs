use crate::{Executor, Isolation, Settings, Threads, Timing, Trust};
use std::{collections::BTreeMap, fmt, num::NonZero, path::PathBuf, sync::Arc, thread};

/// Where plugins are, which of them are loaded, and with what.
#[derive(Clone)]
pub struct Options {
    /// The directories that plugins lie in; directories in them are not entered.
    pub plugins: Vec<PathBuf>,
    /// Where the loader keeps what it knows: the store, the index, the quarantine, and the plugins'
    /// own data. Made when it is not there.
    pub state: PathBuf,
    /// What becomes of a file that others could have written.
    pub trust: Trust,
    /// Which plugins are loaded.
    pub enable: Enable,
    /// What the operator says of each plugin, by id.
    pub settings: BTreeMap<String, Settings>,
    /// How many plugins may be on their way up at the same time.
    pub threads: NonZero<usize>,
    /// The name of this host among others, as plugins are told of it; `local` by default.
    pub edge: String,
    /// Whether a plugin may publish on and subscribe to only what its manifest asks for and its
    /// settings grant.
    pub permissions: bool,
    /// Where plugins run for which [`Settings::isolation`] says nothing.
    pub isolation: Isolation,
    /// By which times plugins are looked after.
    pub timing: Timing,
    /// Who runs what plugins spawn.
    pub executor: Arc<dyn Executor>,
}

/// Which plugins are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enable {
    /// Those whose settings say so.
    #[default]
    Listed,
    /// Those whose settings do not say otherwise.
    Unlisted,
    /// All, whatever their settings say.
    All,
}

impl Options {
    /// The plugins of one directory, all enabled, with what is known kept in another; everything
    /// else as by default.
    pub fn new(plugins: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self {
            plugins: vec![plugins.into()],
            state: state.into(),
            trust: Trust::default(),
            enable: Enable::Unlisted,
            settings: BTreeMap::new(),
            // Plugins wait more than they work while they start.
            threads: threads.saturating_mul(NonZero::new(4).unwrap_or(threads)),
            edge: "local".to_owned(),
            permissions: false,
            isolation: Isolation::default(),
            timing: Timing::default(),
            executor: Arc::new(Threads),
        }
    }

    /// Where that plugin runs.
    pub(crate) fn isolation_of(&self, id: &str) -> Isolation {
        let said = self
            .settings
            .get(id)
            .and_then(|settings| settings.isolation);
        said.unwrap_or(self.isolation)
    }

    pub(crate) fn settings(&self, id: &str) -> Settings {
        self.settings.get(id).cloned().unwrap_or_default()
    }

    /// Whether they enable the plugin of that id.
    pub fn enables(&self, id: &str) -> bool {
        let said = self.settings.get(id).and_then(|settings| settings.enabled);
        match self.enable {
            Enable::Listed => said.unwrap_or(false),
            Enable::Unlisted => said.unwrap_or(true),
            Enable::All => true,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("plugins", &self.plugins)
            .field("state", &self.state)
            .field("trust", &self.trust)
            .field("enable", &self.enable)
            .field("threads", &self.threads)
            .field("edge", &self.edge)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}
