use crate::{
    desk::Most,
    fault::Fault,
    local::{Bounds, Local},
    scheduler::Scheduler,
    slurm::{Settings, Slurm},
    spec::Defaults,
};
use plugin_api::prelude::*;
use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What stands under `[plugins.jobs.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
pub(crate) struct Config {
    scheduler: Which,
    running: usize,
    running_per_session: usize,
    jobs: usize,
    jobs_per_session: usize,
    kept: usize,
    kept_per_session: usize,
    wall_limit_s: u64,
    grace_ms: u64,
    output_bytes: usize,
    pub(crate) cancel_on_close: bool,
    directory: PathBuf,
    env: BTreeMap<String, String>,
    slurm_options: Vec<String>,
    slurm_output_dir: PathBuf,
    poll_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Local,
    Slurm,
}

impl Config {
    pub(crate) fn most(&self) -> Most {
        Most {
            per_session: self.jobs_per_session,
            all: self.jobs,
            kept_per_session: self.kept_per_session,
            kept: self.kept,
        }
    }

    pub(crate) fn defaults(&self) -> Defaults {
        let home = env::home_dir().unwrap_or_else(|| PathBuf::from("/"));
        let mut env = self.env.clone();
        env.entry("HOME".to_owned())
            .or_insert_with(|| home.display().to_string());
        Defaults {
            directory: or(&self.directory, home),
            env,
            wall: Duration::from_secs(self.wall_limit_s),
        }
    }

    /// How often jobs are asked after, where nobody tells.
    pub(crate) fn poll(&self) -> Option<Duration> {
        (self.scheduler == Which::Slurm).then(|| Duration::from_millis(self.poll_ms))
    }

    pub(crate) fn scheduler(&self, own: &Path) -> Result<Arc<dyn Scheduler>, Fault> {
        match self.scheduler {
            Which::Local => Ok(Arc::new(Local::new(Bounds {
                running: self.running,
                running_per_session: self.running_per_session,
                queue: self.jobs,
                grace: Duration::from_millis(self.grace_ms),
                output: self.output_bytes,
                scripts: own.join("scripts"),
            }))),
            Which::Slurm => Ok(Arc::new(Slurm::new(Settings {
                env: self.env.clone(),
                options: self.slurm_options.clone(),
                directory: or(&self.slurm_output_dir, own.to_owned()).join(run()),
                output: self.output_bytes,
                cancel_on_stop: self.cancel_on_close,
            })?)),
        }
    }
}

fn or(said: &Path, own: PathBuf) -> PathBuf {
    if said.as_os_str().is_empty() {
        own
    } else {
        said.to_owned()
    }
}

/// A name that no other run has: several hosts may write to one file system.
fn run() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    format!("jobs-{}-{}", since.as_millis(), process::id())
}
