use crate::conformance::battery::CASES;
use jackfield_loader::{Enable, Options, Settings};
use jackfield_manifest::{Manifest, OnPanic, Restart};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// What to do besides what every plugin has done to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asks {
    /// Checks or groups of them; all where none is named.
    pub(crate) only: Vec<String>,
    /// How often it is started and stopped.
    pub(crate) rounds: u32,
    /// Each a method and a path.
    pub(crate) requests: Vec<String>,
    /// How long an answer may take.
    pub(crate) answer: Duration,
    /// The plugin's configuration, instead of that of the host's.
    pub(crate) config: Option<Map<String, Value>>,
    /// Set when a signal asks for an end.
    pub(crate) interrupted: Arc<AtomicBool>,
}

/// Why there is nothing to tell of a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConformanceError {
    /// The configuration for it cannot be read.
    #[error("{}: {found}: expected the plugin's configuration, in TOML", path.display())]
    Config {
        /// Where it should be.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A request is none.
    #[error("{0:?} is no request: expected a method and a path, such as \"GET /ticks\"")]
    Request(String),
    /// The place for the checks cannot be made, or read.
    #[error("{}", path.display())]
    Place {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A signal came.
    #[error("interrupted: not every check was made")]
    Interrupted,
    /// The report cannot be written.
    #[error("cannot write {}", path.display())]
    Junit {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ConformanceError {
    /// The exit code that it leads to.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Config { .. } | Self::Request(_) => 2,
            Self::Place { .. } | Self::Interrupted | Self::Junit { .. } => 1,
        }
    }

    pub(crate) fn place(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Place { path, source }
    }
}

/// What the process of one check is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) rounds: u32,
    /// Method and path.
    pub(crate) requests: Vec<(String, String)>,
    pub(crate) answer: Duration,
    /// By id; only what a plugin goes by.
    settings: Vec<(String, Given)>,
    /// It requires nothing that is not there.
    pub(crate) lacks: Option<String>,
}

/// What of [`Settings`] concerns a plugin that is enabled.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Given {
    priority: Option<i32>,
    initialize: Option<Duration>,
    start: Option<Duration>,
    stop: Option<Duration>,
    storage_limit: Option<u64>,
    config: Map<String, Value>,
}

impl Spec {
    /// For a plugin, with what the configuration says of it and of those that it requires, which
    /// come after it; of others nothing, since their secrets are none of its business.
    ///
    /// # Panics
    ///
    /// Where there is no plugin.
    pub(crate) fn new(
        plugins: &[Arc<Manifest>],
        asks: &Asks,
        options: &Options,
    ) -> Result<Self, ConformanceError> {
        let id = plugins.first().expect("a plugin is checked").id.as_str();
        let mut settings = options.settings.clone();
        settings.retain(|id, _| plugins.iter().any(|plugin| plugin.id.as_str() == id));
        if let Some(config) = &asks.config {
            settings.entry(id.to_owned()).or_default().config = config.clone();
        }
        let given = |settings: Settings| Given {
            priority: settings.priority,
            initialize: settings.initialize_deadline,
            start: settings.start_deadline,
            stop: settings.stop_deadline,
            storage_limit: settings.storage_limit,
            config: settings.config,
        };
        let requests = asks.requests.iter().map(|text| request(text));
        Ok(Self {
            id: id.to_owned(),
            rounds: asks.rounds,
            requests: requests.collect::<Result<_, _>>()?,
            answer: asks.answer,
            settings: settings
                .into_iter()
                .map(|(id, settings)| (id, given(settings)))
                .collect(),
            lacks: None,
        })
    }

    /// The plugin's own configuration, as it was given.
    pub(crate) fn config(&self) -> Map<String, Value> {
        let own = self.settings.iter().find(|(id, _)| *id == self.id);
        own.map(|(_, given)| given.config.clone())
            .unwrap_or_default()
    }

    /// What a loader goes by whose state is in that directory of the site.
    pub(crate) fn options(&self, site: &Path, state: &str) -> Options {
        let mut options = Options::new(site.join("plugins"), site.join(state));
        options.enable = Enable::All;
        let settings = |given: &Given| Settings {
            enabled: Some(true),
            priority: given.priority,
            initialize_deadline: given.initialize,
            start_deadline: given.start,
            stop_deadline: given.stop,
            storage_limit: given.storage_limit,
            config: given.config.clone(),
            // What is looked for is what the plugin does, not what a host makes of it.
            restart: Some(Restart::Never),
            on_panic: Some(OnPanic::Continue),
            ..Settings::default()
        };
        let all = self.settings.iter();
        options.settings = all
            .map(|(id, given)| (id.clone(), settings(given)))
            .collect();
        options
    }
}

fn request(text: &str) -> Result<(String, String), ConformanceError> {
    match text.split_once(' ') {
        Some((method, path)) if !method.is_empty() && path.starts_with('/') => {
            Ok((method.to_owned(), path.to_owned()))
        }
        _ => Err(ConformanceError::Request(text.to_owned())),
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// All was as expected.
    Passed,
    /// Something was not.
    Failed,
    /// There was nothing to look at.
    Skipped,
}

/// That, and in words what was expected, found, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
}

impl Verdict {
    pub(crate) fn passed(message: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, message)
    }

    pub(crate) fn skipped(message: impl Into<String>) -> Self {
        Self::new(Outcome::Skipped, message)
    }

    fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { outcome, message }
    }
}

/// Reads the configuration that `--with-config` names.
pub(crate) fn config(path: &Path) -> Result<Map<String, Value>, ConformanceError> {
    let wrong = |found: String| ConformanceError::Config {
        path: path.to_owned(),
        found,
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))
}

impl Asks {
    /// Whether a check is to be made.
    pub(crate) fn want(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| is_of(name, only))
    }
}

/// Whether a check is that, or of that group.
fn is_of(name: &str, only: &str) -> bool {
    let rest = name.strip_prefix(only);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The name of a check or a group, if there is such.
pub(crate) fn known(name: &str) -> Result<String, String> {
    if CASES.iter().any(|case| is_of(case.name, name)) {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    Err(format!("expected one of {}, or a group", names.join(", ")))
}
