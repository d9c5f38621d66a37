use super::{Code, Done, Refusal};
use crate::{
    args::Common,
    config::{ConfigError, load},
    gateway::access::Audit,
    logging::Log,
};
use jackfield_loader::{Loader, Options};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The most changes that are under way at a time, those that nobody waits for any more included.
pub(super) const MOST_JOBS: usize = 32;

/// What all clients of a host work at.
pub(crate) struct Desk {
    pub(super) loader: Arc<Loader>,
    pub(super) log: Arc<Log>,
    /// Where changes are written down.
    pub(super) audit: Arc<Audit>,
    /// What the host was started with: the configuration is read again by it.
    pub(super) common: Common,
    /// The configuration files that the host read.
    pub(super) files: Vec<PathBuf>,
    pub(super) state: PathBuf,
    pub(super) began: Instant,
    closed: AtomicBool,
    jobs: Mutex<usize>,
    ended: Condvar,
    /// Why those that were stopped were, by id: no more than there are plugins.
    stopped: Mutex<BTreeMap<String, String>>,
    /// The configuration file is changed by one at a time.
    pub(super) editing: Mutex<()>,
}

impl Desk {
    /// Where clients of that loader are served.
    pub(crate) fn new(
        loader: Arc<Loader>,
        log: Arc<Log>,
        audit: Arc<Audit>,
        common: Common,
        files: Vec<PathBuf>,
        state: PathBuf,
    ) -> Self {
        Self {
            loader,
            log,
            audit,
            common,
            files,
            state,
            began: Instant::now(),
            closed: AtomicBool::new(false),
            jobs: Mutex::default(),
            ended: Condvar::new(),
            stopped: Mutex::default(),
            editing: Mutex::default(),
        }
    }

    /// What a host that is started now would go by.
    pub(crate) fn options(&self) -> Result<Options, ConfigError> {
        Ok(load(&self.common)?.options())
    }

    fn stopped(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whom an operator stopped.
    pub(super) fn note(&self, done: &Done) {
        let mut stopped = self.stopped();
        for id in &done.stop {
            let why = match *id == done.id {
                true => "stopped on request".to_owned(),
                false => format!("stopped with {}, which it requires", done.id),
            };
            stopped.insert(id.clone(), why);
        }
        for id in &done.start {
            stopped.remove(id);
        }
    }

    /// Why a plugin that is stopped was, as far as an operator had to do with it.
    pub(super) fn why_stopped(&self, id: &str) -> Option<String> {
        self.stopped().get(id).cloned()
    }

    fn jobs(&self) -> MutexGuard<'_, usize> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more changes: the host is stopping. Whether some are under way.
    pub(crate) fn close(&self) -> bool {
        // Under the lock: whoever comes after it sees it.
        let jobs = self.jobs();
        self.closed.store(true, Ordering::Relaxed);
        *jobs > 0
    }

    /// Whether the changes that were under way have ended; waits for them until the deadline.
    pub(crate) fn wait(&self, deadline: Instant) -> bool {
        let mut jobs = self.jobs();
        while *jobs > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            let waited = self.ended.wait_timeout(jobs, left);
            jobs = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The right to change something, until it is dropped.
    pub(crate) fn job(self: &Arc<Self>) -> Result<Job, Refusal> {
        let mut jobs = self.jobs();
        if self.closed.load(Ordering::Relaxed) {
            let text = "the host is stopping: start another one";
            return Err(Refusal::new(Code::Stopping, text));
        }
        if *jobs >= MOST_JOBS {
            let text = format!("{MOST_JOBS} changes are under way already: try again later");
            return Err(Refusal::new(Code::TooMany, text));
        }
        *jobs += 1;
        Ok(Job(Arc::clone(self)))
    }
}

/// A change that is under way.
pub(crate) struct Job(Arc<Desk>);

impl Drop for Job {
    fn drop(&mut self) {
        *self.0.jobs() -= 1;
        self.0.ended.notify_all();
    }
}
