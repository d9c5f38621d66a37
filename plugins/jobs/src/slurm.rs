//! Has Slurm run jobs, by its commands: `sbatch`, `squeue`, `sacct`, `scancel`.
//!
//! Nothing goes through a shell. A command's words are arguments of a script that only executes them;
//! variables come in a file, as `sbatch --export-file` reads it, so that signs with a meaning have none.

mod commands;
mod parse;

use crate::{
    fault::Fault,
    job::{Ended, Job, State},
    scheduler::{Output, Scheduler, Stream},
    tail,
};
use commands::Commands;
use parse::Line;
use plugin_api::log;
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How often in a row nobody knows a job before it counts as lost.
const MOST_MISSES: u32 = 5;

/// How Slurm is used.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The variables of the commands themselves, such as `PATH` and `SLURM_CONF`.
    pub(crate) env: BTreeMap<String, String>,
    /// More options of `sbatch`, such as `--partition=long`.
    pub(crate) options: Vec<String>,
    /// Where outputs are written: what all nodes share. A directory of this run's own.
    pub(crate) directory: PathBuf,
    /// Bytes of each output that an answer holds.
    pub(crate) output: usize,
    /// Whether jobs end when this does.
    pub(crate) cancel_on_stop: bool,
}

/// The scheduler of a cluster.
pub(crate) struct Slurm {
    commands: Commands,
    settings: Settings,
    inner: Mutex<Inner>,
    /// Held while the jobs are asked after: one at a time does.
    polling: Mutex<()>,
}

#[derive(Default)]
struct Inner {
    /// Jobs that have not ended, by Slurm's id.
    jobs: BTreeMap<u64, Followed>,
    stopping: bool,
}

struct Followed {
    job: Arc<Job>,
    misses: u32,
}

/// What was learned of jobs.
struct Told {
    lines: Vec<Line>,
    /// Those that only the accounts could know, which did not answer.
    unasked: Vec<u64>,
}

impl Slurm {
    /// # Errors
    ///
    /// When its directory cannot be made, or has a sign with a meaning in `sbatch`'s names of files.
    pub(crate) fn new(settings: Settings) -> Result<Self, Fault> {
        Ok(Self {
            commands: Commands::new(&settings)?,
            settings,
            inner: Mutex::default(),
            polling: Mutex::new(()),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks after jobs: `squeue` knows those that have not ended, and for some minutes those that have;
    /// `sacct` knows the others, where the cluster keeps accounts.
    fn ask(&self, ids: &[u64]) -> Result<Told, Fault> {
        let mut lines = self.commands.squeue(ids)?;
        let known = |id: &u64| lines.iter().any(|line| line.id == *id);
        let missing: Vec<u64> = ids.iter().copied().filter(|id| !known(id)).collect();
        let mut unasked = Vec::new();
        if !missing.is_empty() {
            match self.commands.sacct(&missing) {
                Ok(more) => lines.extend(more),
                Err(fault) => {
                    log::warn!("jobs {missing:?} of Slurm were not looked up: {fault}");
                    unasked = missing;
                }
            }
        }
        Ok(Told { lines, unasked })
    }

    fn apply(&self, ids: &[u64], told: &Told) {
        let lines = &told.lines;
        for line in lines {
            let followed = self
                .inner()
                .jobs
                .get(&line.id)
                .map(|followed| Arc::clone(&followed.job));
            let (Some(job), Some(state)) = (followed, line.state) else {
                continue;
            };
            if state.is_end() {
                self.inner().jobs.remove(&line.id);
            }
            job.change(
                state,
                if state.is_end() {
                    line.ended
                } else {
                    Ended::default()
                },
            );
        }
        for id in ids.iter().filter(|id| !told.unasked.contains(id)) {
            let known = lines.iter().any(|line| line.id == *id);
            self.missed(*id, !known);
        }
    }

    /// Counts how often a job was not known; one that is lost has failed.
    fn missed(&self, id: u64, missed: bool) {
        let mut inner = self.inner();
        let Some(followed) = inner.jobs.get_mut(&id) else {
            return;
        };
        followed.misses = if missed { followed.misses + 1 } else { 0 };
        if followed.misses < MOST_MISSES {
            return;
        }
        let lost = inner.jobs.remove(&id);
        drop(inner);
        if let Some(followed) = lost {
            followed.job.did_not_begin(&Fault::Scheduler {
                program: "squeue",
                said: format!("job {id} is not known any more"),
            });
        }
    }
}

impl Scheduler for Slurm {
    fn submit(&self, job: &Arc<Job>) -> Result<(), Fault> {
        if self.inner().stopping {
            return Err(Fault::Stopping);
        }
        let Some(spec) = job.take_spec() else {
            // It has ended meanwhile.
            return Ok(());
        };
        let id = self.commands.sbatch(&job.id, &spec)?;
        let mut inner = self.inner();
        let followed = Followed {
            job: Arc::clone(job),
            misses: 0,
        };
        inner.jobs.insert(id, followed);
        // It has come while this was stopped, which has not seen it.
        let late = inner.stopping && self.settings.cancel_on_stop;
        // A cancel came while Slurm took it, and did not know its id.
        let cancelled = job.is_cancelled();
        drop(inner);
        if late {
            self.commands.scancel(&[id])?;
            job.change(State::Cancelled, Ended::default());
        } else if cancelled && let Err(fault) = self.commands.scancel(&[id]) {
            log::warn!("job {id} of Slurm goes on, though it was cancelled: {fault}");
        }
        Ok(())
    }

    fn cancel(&self, job: &Arc<Job>) -> Result<(), Fault> {
        let inner = self.inner();
        job.mark_cancelled();
        let mut followed = inner.jobs.iter();
        let id = followed
            .find(|(_, followed)| followed.job.id == job.id)
            .map(|(id, _)| *id);
        drop(inner);
        // One that Slurm is taking is cancelled once it has.
        let Some(id) = id else {
            return Ok(());
        };
        self.commands.scancel(&[id])?;
        self.poll();
        Ok(())
    }

    fn output(&self, job: &Job, stream: Stream) -> Result<Output, Fault> {
        let path = self.commands.output(&job.id, stream);
        tail::read(&path, self.settings.output).map_err(|source| Fault::System {
            what: "the output was not read",
            source,
        })
    }

    fn poll(&self) {
        let Ok(_alone) = self.polling.try_lock() else {
            return;
        };
        let ids: Vec<u64> = self.inner().jobs.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        match self.ask(&ids) {
            Ok(told) => self.apply(&ids, &told),
            Err(fault) => log::warn!("jobs were not asked after: {fault}"),
        }
    }

    fn forget(&self, job: &Job) {
        for stream in [Stream::Out, Stream::Err] {
            // It is not there where the job has never begun.
            let _ = fs::remove_file(self.commands.output(&job.id, stream));
        }
    }

    fn stop(&self) {
        let mut inner = self.inner();
        inner.stopping = true;
        if !self.settings.cancel_on_stop {
            return;
        }
        let jobs = std::mem::take(&mut inner.jobs);
        drop(inner);
        let ids: Vec<u64> = jobs.keys().copied().collect();
        if !ids.is_empty()
            && let Err(fault) = self.commands.scancel(&ids)
        {
            log::warn!("jobs {ids:?} of Slurm go on: {fault}");
            return;
        }
        for followed in jobs.values() {
            followed.job.change(State::Cancelled, Ended::default());
        }
        // Outputs that nobody can ask for any more.
        let _ = fs::remove_dir_all(&self.settings.directory);
    }
}

#[cfg(test)]
mod tests;
