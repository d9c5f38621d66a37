//! What is there before the plugin and after it: its files, its clock, those around it, and what was
//! heard of it.

use crate::{
    clock::Clock,
    inside,
    kept::{Kept, Logged, Panicked, Published},
    message::Asked,
    services::Offered,
    storage::StorageFault,
};
use jackfield_abi::{Failure, FailureCode};
use jackfield_loader::{
    BusError,
    testkit::{Permit, bus_failure, not_found},
};
use jackfield_manifest::Manifest;
use log::LevelFilter;
use plugin_api::{Error, Response, Result};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tempfile::TempDir;

/// Answers requests in another plugin's place.
pub(crate) type Answerer = Box<dyn FnMut(&Asked) -> Result<Response> + Send>;

pub(crate) struct Stage {
    pub(crate) manifest: Manifest,
    pub(crate) clock: Arc<Clock>,
    /// Complete, as JSON.
    pub(crate) config: Mutex<String>,
    /// What an operator says beside it, as JSON.
    pub(crate) settings: String,
    /// How many configurations the plugin has gone by.
    pub(crate) revision: Mutex<u64>,
    pub(crate) level: Mutex<LevelFilter>,
    /// How long what blocks may take.
    pub(crate) patience: Duration,
    pub(crate) storage_limit: u64,
    /// What the plugin may do on the bus; `None` where that is everything.
    permit: Option<Permit>,
    pub(crate) fault: Mutex<Option<StorageFault>>,
    pub(crate) answers: Mutex<HashMap<String, Arc<Mutex<Answerer>>>>,
    pub(crate) offered: Mutex<Vec<Arc<Offered>>>,
    pub(crate) logs: Mutex<Kept<Logged>>,
    pub(crate) published: Mutex<Kept<Published>>,
    /// The last values of topics.
    pub(crate) retained: Mutex<crate::bus::Retained>,
    /// How many events of each publisher there were.
    pub(crate) sequences: Mutex<HashMap<String, u64>>,
    pub(crate) panics: Mutex<Kept<Panicked>>,
    pub(crate) asked: Mutex<Kept<Asked>>,
    /// A panic of the test's own code, which was called by the plugin.
    broken: Mutex<Option<String>>,
    dir: TempDir,
    data_dir: Option<PathBuf>,
}

/// What a test says of it before it is there.
pub(crate) struct Scenery {
    pub(crate) clock: Arc<Clock>,
    pub(crate) settings: String,
    pub(crate) level: LevelFilter,
    pub(crate) patience: Duration,
    pub(crate) storage_limit: u64,
    pub(crate) permissions: bool,
    pub(crate) answers: HashMap<String, Arc<Mutex<Answerer>>>,
    pub(crate) offered: Vec<Arc<Offered>>,
    pub(crate) data_dir: Option<PathBuf>,
}

impl Stage {
    pub(crate) fn new(scenery: Scenery, manifest: Manifest, config: String) -> Result<Arc<Self>> {
        // All that the manifest asks for is granted.
        let permit = scenery.permissions.then(|| {
            let asked = &manifest.permissions;
            Permit::new(manifest.id.clone(), asked.clone(), asked.clone())
        });
        Ok(Arc::new(Self {
            manifest,
            clock: scenery.clock,
            config: Mutex::new(config),
            settings: scenery.settings,
            revision: Mutex::new(1),
            level: Mutex::new(scenery.level),
            patience: scenery.patience,
            storage_limit: scenery.storage_limit,
            permit,
            fault: Mutex::default(),
            answers: Mutex::new(scenery.answers),
            offered: Mutex::new(scenery.offered),
            logs: Mutex::default(),
            published: Mutex::default(),
            retained: Mutex::default(),
            sequences: Mutex::default(),
            panics: Mutex::default(),
            asked: Mutex::default(),
            broken: Mutex::default(),
            dir: TempDir::with_prefix("testkit-")?,
            data_dir: scenery.data_dir,
        }))
    }

    /// Refuses what the plugin may not do.
    pub(crate) fn permits(
        &self,
        ask: impl FnOnce(&Permit) -> Result<(), BusError>,
    ) -> Result<(), Failure> {
        let asked = self.permit.as_ref().map_or(Ok(()), ask);
        asked.map_err(|error| bus_failure(&error))
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        let own = || self.dir.path().join("data");
        self.data_dir.clone().unwrap_or_else(own)
    }

    pub(crate) fn storage_path(&self) -> PathBuf {
        self.dir
            .path()
            .join(format!("storage/{}.redb", self.manifest.id))
    }

    /// Answers a request of the plugin's in another's place.
    pub(crate) fn answer(&self, asked: &Asked) -> Result<Response, Failure> {
        lock(&self.asked).push(asked.clone());
        let answerer = lock(&self.answers).get(&asked.plugin).cloned();
        let Some(answerer) = answerer else {
            return Err(not_found(&asked.plugin));
        };
        // The test's code: what it panics with is not the plugin's, and must not unwind through it.
        let call = inside::leave();
        let answered = plugin_api::guarded(|| lock(&answerer)(asked));
        drop(call);
        let answered = answered.inspect_err(|panic| {
            let text = format!("the answer of `{}` panicked: {panic}", asked.plugin);
            *lock(&self.broken) = Some(text);
        });
        answered.and_then(|answer| answer).map_err(failure)
    }

    /// Goes on with a panic of the test's own code that the plugin must not see.
    ///
    /// # Panics
    ///
    /// When there was one.
    pub(crate) fn fail(&self) {
        let broken = lock(&self.broken).take();
        if let Some(text) = broken {
            panic!("{text}");
        }
    }
}

/// An error of the test's as a plugin is told of it: the status says of which kind it is.
fn failure(error: Error) -> Failure {
    let code = match error.status() {
        400 => FailureCode::INVALID,
        403 => FailureCode::DENIED,
        404 => FailureCode::NOT_FOUND,
        429 => FailureCode::FULL,
        501 => FailureCode::UNSUPPORTED,
        503 => FailureCode::UNAVAILABLE,
        504 => FailureCode::DEADLINE,
        _ => FailureCode::ERROR,
    };
    Failure::new(code, error.message())
}

/// A mutex whose value is whole whoever panicked.
pub(crate) fn lock<V: ?Sized>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
