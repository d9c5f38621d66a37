use crate::{
    artifacts::Artifacts,
    store::{Store, now_ms},
};
use plugin_api::{prelude::*, serde_json::json};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tracking_api::{Backend, Incomplete, Map, Metric, provide_backend};

/// Its file, in the data directory.
const FILE: &str = "experiments.db";

/// What stands under `[plugins.sqlite-backend.config]`; `plugin.toml` has the defaults and bounds.
#[derive(Deserialize)]
pub(crate) struct Config {
    experiment: String,
    limit_mb: i64,
    artifact_limit_mb: u64,
}

/// The plugin.
pub(crate) struct SqliteBackend {
    pub(crate) keeper: Arc<Keeper>,
}

/// What others call.
pub(crate) struct Keeper {
    pub(crate) store: Store,
    pub(crate) artifacts: Artifacts,
    path: PathBuf,
    /// Held from when the bytes of an artifact are there until it is known which bytes are not
    /// needed any more: else these could be those of another that is just being kept.
    keeping: Mutex<()>,
    /// Why the last thing was not kept; `None` where it was.
    fault: Mutex<Option<String>>,
}

impl Plugin for SqliteBackend {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let directory = context.data_dir()?;
        let path = directory.join(FILE);
        let artifacts = Artifacts::new(directory.join("artifacts"), config.artifact_limit_mb << 20);
        let store = Store::open(&path, config.limit_mb, &config.experiment)?;
        artifacts.tidy(&store.hashes()?)?;
        log::info!(
            "experiment {} (`{}`) in {}",
            store.experiment(),
            config.experiment,
            path.display()
        );
        let keeper = Arc::new(Keeper {
            store,
            artifacts,
            path,
            keeping: Mutex::default(),
            fault: Mutex::default(),
        });
        provide_backend(&context, Arc::clone(&keeper))?;
        Ok(Self { keeper })
    }

    fn stop(&self) -> Result<()> {
        self.keeper.store.end()
    }

    fn health(&self) -> Health {
        let fault = self.keeper.fault.lock();
        match &*fault.unwrap_or_else(PoisonError::into_inner) {
            None => Health::healthy(),
            Some(fault) => Health::degraded(format!("the last thing was not kept: {fault}")),
        }
        .with("experiment", self.keeper.store.experiment())
    }

    fn routes(routes: &mut Routes<Self>) {
        crate::routes::declare(routes);
    }
}

impl Keeper {
    /// Removes a copy that could not be noted, unless it is that of another path too.
    fn drop_copy(&self, experiment: i64, sha256: &str) {
        // Where even this cannot be told it stays until the next start.
        if let Ok(false) = self.store.is_named(experiment, sha256)
            && let Err(error) = self.artifacts.forget(experiment, sha256)
        {
            log::warn!("a copy that nothing names stays on the disk: {error}");
        }
    }

    /// Notes whether it was kept. What was wrong to begin with is no fault of ours.
    fn noted(&self, result: Result<()>) -> Result<()> {
        let fault = match &result {
            Err(error) if error.status() < 500 => return result,
            Err(error) => Some(error.to_string()),
            Ok(()) => None,
        };
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        result
    }
}

impl Backend for Keeper {
    fn log_metric(&self, name: &str, value: f64, step: Option<i64>) -> Result<()> {
        let metric = Metric::new(name, value, now_ms()).at_step(step);
        self.noted(self.store.metrics(&[metric]))
    }

    fn log_metrics(&self, metrics: &[Metric<'_>]) -> Result<(), Incomplete> {
        Ok(self.noted(self.store.metrics(metrics))?)
    }

    fn log_params(&self, params: &Map) -> Result<()> {
        self.noted(self.store.params(params))
    }

    fn log_artifact(&self, local_path: &Path, artifact_path: &str) -> Result<()> {
        let _keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let experiment = self.store.experiment();
        let kept = self.artifacts.put(experiment, local_path);
        let kept = kept.and_then(|stored| {
            let noted = self.store.artifact(artifact_path, &stored);
            if noted.is_err() {
                self.drop_copy(experiment, &stored.sha256);
            }
            noted
        });
        if let Ok(Some(old)) = &kept
            && let Err(error) = self.artifacts.forget(experiment, old)
        {
            log::warn!("the bytes that `{artifact_path}` had stay on the disk: {error}");
        }
        self.noted(kept.map(|_| ()))
    }

    fn get_status(&self) -> Result<Map> {
        let id = self.store.experiment();
        let experiment = self.store.one(id)?;
        let count = |of: fn(&crate::store::Experiment) -> i64| experiment.as_ref().map(of);
        let status = json!({
            "backend_name": "sqlite-backend",
            "connected": true,
            "experiment_id": id,
            "file": self.path.display().to_string(),
            "metrics": count(|experiment| experiment.metrics),
            "params": count(|experiment| experiment.params),
            "artifacts": count(|experiment| experiment.artifacts),
        });
        Ok(status.as_object().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlite_kit::rusqlite::Connection;
    use std::fs;

    #[test]
    fn a_copy_that_could_not_be_noted_does_not_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let keeper = Keeper {
            store: Store::open(&path, 64, "test").unwrap(),
            artifacts: Artifacts::new(dir.path().join("artifacts"), 100),
            path: path.clone(),
            keeping: Mutex::default(),
            fault: Mutex::default(),
        };
        let (first, second) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&first, "one").unwrap();
        fs::write(&second, "two").unwrap();
        keeper.log_artifact(&first, "kept").unwrap();
        let other = Connection::open(&path).unwrap();
        let spoil = "CREATE TRIGGER spoiled BEFORE INSERT ON artifacts
                     BEGIN SELECT raise(ABORT, 'as told'); END";
        other.execute_batch(spoil).unwrap();
        // The bytes of the first are those of another path.
        for local in [&first, &second] {
            let error = keeper.log_artifact(local, "other").unwrap_err();
            assert!(error.to_string().contains("as told"), "{error}");
        }
        let files = fs::read_dir(dir.path().join("artifacts/1")).unwrap();
        assert_eq!(files.count(), 1);
        let listed = keeper.store.hashes().unwrap();
        let (_, hash) = listed.iter().next().unwrap();
        assert_eq!(keeper.artifacts.get(1, hash, 0, 9).unwrap(), b"one");
    }
}
