use crate::{
    clock::Clock,
    inside::{self, Turn},
    kit::Testkit,
    message::Asked,
    services::Offered,
    stage::{Answerer, Scenery, Stage},
};
use jackfield_loader::{DEFAULT_STORAGE_LIMIT, complete_config};
use jackfield_manifest::Manifest;
use log::LevelFilter;
use plugin_api::{
    __testkit::{self, Exported},
    Error, Response, Result, Service,
    serde::Serialize,
    serde_json::{self, Map, Value},
};
use std::{
    collections::HashMap,
    marker::PhantomData,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

/// How long what blocks may take, where a test does not say.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is there when the plugin comes: made by [`Testkit::builder`].
pub struct Builder<T> {
    config: Result<Map<String, Value>>,
    settings: Map<String, Value>,
    now: Option<SystemTime>,
    level: LevelFilter,
    patience: Duration,
    storage_limit: u64,
    permissions: bool,
    data_dir: Option<PathBuf>,
    stored: Vec<(Vec<u8>, Vec<u8>)>,
    answers: HashMap<String, Arc<Mutex<Answerer>>>,
    offered: Vec<Arc<Offered>>,
    _plugin: PhantomData<fn() -> T>,
}

impl<T: Exported> Builder<T> {
    pub(crate) fn new() -> Self {
        Self {
            config: Ok(Map::new()),
            settings: Map::new(),
            now: None,
            level: LevelFilter::Trace,
            patience: PATIENCE,
            storage_limit: DEFAULT_STORAGE_LIMIT,
            permissions: false,
            data_dir: None,
            stored: Vec::new(),
            answers: HashMap::new(),
            offered: Vec::new(),
            _plugin: PhantomData,
        }
    }

    /// What stands under `[plugins.<id>.config]`. What is not given has its default, as the manifest
    /// says, and all of it is checked against the manifest's schema, as a host does.
    #[must_use]
    pub fn config(mut self, config: impl Serialize) -> Self {
        self.config = object(&config);
        self
    }

    /// How long a session may lie unused, in whole milliseconds, as an operator says it; zero is for
    /// ever. Without this it is the plugin's to say.
    #[must_use]
    pub fn session_ttl(self, ttl: Duration) -> Self {
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        self.setting("session_ttl_ms", ttl)
    }

    /// How many sessions there may be, as an operator says it. Without this it is the plugin's to say.
    #[must_use]
    pub fn max_sessions(self, most: u64) -> Self {
        self.setting("max_sessions", most)
    }

    fn setting(mut self, name: &str, value: u64) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// The time by the kit's clock; 2026-01-01T00:00:00Z where none is given.
    #[must_use]
    pub fn now(mut self, now: SystemTime) -> Self {
        self.now = Some(now);
        self
    }

    /// The most verbose level that is kept; all where none is given.
    #[must_use]
    pub fn log_level(mut self, level: LevelFilter) -> Self {
        self.level = level;
        self
    }

    /// How long what blocks may take before the test fails, on the clock on the wall; 10 s where none
    /// is given.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Bytes of keys and values that the plugin may store; 64 MiB where none is given.
    #[must_use]
    pub fn storage_limit(mut self, bytes: u64) -> Self {
        self.storage_limit = bytes;
        self
    }

    /// Has the plugin publish and subscribe only where its manifest asks for it, as in a host with
    /// `permissions = true` whose operator grants all of that.
    #[must_use]
    pub fn permissions(mut self) -> Self {
        self.permissions = true;
        self
    }

    /// Has a key and its value in the plugin's storage.
    #[must_use]
    pub fn stored(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.stored.push((key.into(), value.into()));
        self
    }

    /// The plugin's data directory, instead of one of the kit's that is gone with it.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Answers what the plugin asks another, as [`Testkit::answer`] does.
    #[must_use]
    pub fn answer(
        mut self,
        plugin: &str,
        answer: impl FnMut(&Asked) -> Result<Response> + Send + 'static,
    ) -> Self {
        self.answers.insert(plugin.to_owned(), answerer(answer));
        self
    }

    /// Offers a service to the plugin, as [`Testkit::provide`] does.
    ///
    /// # Panics
    ///
    /// When the contract's id or version is none.
    #[must_use]
    pub fn provide<S: Service>(mut self, service: S) -> Self {
        let offer = __testkit::offer(service);
        self.offered
            .push(Offered::of_test(S::ID, S::VERSION, offer));
        self
    }

    /// Creates the plugin: its `initialize` runs.
    ///
    /// # Errors
    ///
    /// When the configuration does not fit the manifest's schema, or the plugin's `initialize`
    /// fails; where it panicked, that is the error.
    ///
    /// # Panics
    ///
    /// When another thread has a kit for ten minutes, or `initialize` takes longer than the patience.
    pub fn create(self) -> Result<Testkit<T>> {
        let text = __testkit::text(cfg!(panic = "abort"), T::BODY);
        let (manifest, _) = Manifest::parse(&text)?;
        let config = complete_config(manifest.config_schema.as_deref(), &self.config?)?;
        let scenery = Scenery {
            clock: Clock::new(self.now),
            settings: Value::Object(self.settings).to_string(),
            level: self.level,
            patience: self.patience,
            storage_limit: self.storage_limit,
            permissions: self.permissions,
            answers: self.answers,
            offered: self.offered,
            data_dir: self.data_dir,
        };
        let turn = Turn::take();
        inside::watch_panics();
        let kit = Testkit::new(Stage::new(scenery, manifest, config)?, turn);
        for (key, value) in &self.stored {
            kit.store(key, value)?;
        }
        if let Err(error) = kit.create() {
            // The test is told of it, and gets no kit to look at it with.
            kit.panics();
            return Err(error);
        }
        Ok(kit)
    }

    /// Creates the plugin and starts it.
    ///
    /// # Errors
    ///
    /// As [`create`](Builder::create), and those of its `start`.
    ///
    /// # Panics
    ///
    /// As [`create`](Builder::create).
    pub fn start(self) -> Result<Testkit<T>> {
        let kit = self.create()?;
        if let Err(error) = kit.start() {
            kit.panics();
            return Err(error);
        }
        Ok(kit)
    }
}

/// A configuration as a JSON object.
pub(crate) fn object(config: &impl Serialize) -> Result<Map<String, Value>> {
    match serde_json::to_value(config)? {
        Value::Object(config) => Ok(config),
        Value::Null => Ok(Map::new()),
        other => Err(Error::new(format!(
            "expected a configuration with keys, found {other}"
        ))),
    }
}

/// Answers in the place of a plugin.
pub(crate) fn answerer(
    answer: impl FnMut(&Asked) -> Result<Response> + Send + 'static,
) -> Arc<Mutex<Answerer>> {
    Arc::new(Mutex::new(Box::new(answer)))
}
