//! Whose jobs are whose, and how many there may be.

use crate::{
    fault::Fault,
    job::{Job, Listener, Status},
    scheduler::{Output, Scheduler, Stream},
    spec::Spec,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many jobs there may be.
#[derive(Debug, Clone)]
pub(crate) struct Most {
    /// Of one session, that have not ended.
    pub(crate) per_session: usize,
    /// Of all, that have not ended.
    pub(crate) all: usize,
    /// Of one session, that have ended and are known still.
    pub(crate) kept_per_session: usize,
    /// Of all.
    pub(crate) kept: usize,
}

/// Where jobs are submitted and asked after.
pub(crate) struct Desk {
    scheduler: Arc<dyn Scheduler>,
    most: Most,
    listener: Listener,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    last: u64,
    /// In the order in which they came.
    jobs: BTreeMap<u64, Arc<Job>>,
}

/// A job that was noted.
struct Entered {
    number: u64,
    job: Arc<Job>,
    /// Those that have to go for it.
    forgotten: Vec<Arc<Job>>,
}

impl Desk {
    pub(crate) fn new(scheduler: Arc<dyn Scheduler>, most: Most, listener: Listener) -> Self {
        Self {
            scheduler,
            most,
            listener,
            inner: Mutex::default(),
        }
    }

    /// Submits a job and gives its id.
    pub(crate) fn submit(&self, session: &str, spec: Spec) -> Result<Arc<Job>, Fault> {
        let entered = self.enter(session, spec)?;
        for job in entered.forgotten {
            self.scheduler.forget(&job);
        }
        if let Err(fault) = self.scheduler.submit(&entered.job) {
            self.inner().jobs.remove(&entered.number);
            return Err(fault);
        }
        Ok(entered.job)
    }

    /// Notes a job.
    fn enter(&self, session: &str, spec: Spec) -> Result<Entered, Fault> {
        let mut inner = self.inner();
        inner.admit(session, &self.most)?;
        let mut forgotten = inner.forget(self.most.kept_per_session, |job| job.session == session);
        forgotten.extend(inner.forget(self.most.kept, |_| true));
        inner.last += 1;
        let number = inner.last;
        let (id, listener) = (format!("job-{number}"), Arc::clone(&self.listener));
        let job = Arc::new(Job::new(id, session.to_owned(), spec, listener));
        inner.jobs.insert(number, Arc::clone(&job));
        Ok(Entered {
            number,
            job,
            forgotten,
        })
    }

    /// How a session's jobs do, in the order in which they came.
    pub(crate) fn list(&self, session: &str) -> Vec<Status> {
        let inner = self.inner();
        let own = inner.jobs.values().filter(|job| job.session == session);
        own.map(|job| job.status()).collect()
    }

    pub(crate) fn status(&self, session: &str, id: &str) -> Result<Status, Fault> {
        Ok(self.job(session, id)?.status())
    }

    pub(crate) fn output(&self, session: &str, id: &str, stream: Stream) -> Result<Output, Fault> {
        self.scheduler.output(&*self.job(session, id)?, stream)
    }

    /// Has a job ended. One that has already cannot be cancelled.
    pub(crate) fn cancel(&self, session: &str, id: &str) -> Result<Status, Fault> {
        let job = self.job(session, id)?;
        let state = job.state();
        if state.is_end() {
            return Err(Fault::Ended {
                id: id.to_owned(),
                state: state.name(),
            });
        }
        self.scheduler.cancel(&job)?;
        Ok(job.status())
    }

    /// Looks how jobs do, where the scheduler does not tell by itself.
    pub(crate) fn poll(&self) {
        self.scheduler.poll();
    }

    /// A session is closed. Its jobs are cancelled, or go on without it; those that have ended are
    /// forgotten.
    pub(crate) fn close(&self, session: &str, cancel: bool) -> Result<(), Fault> {
        let mut inner = self.inner();
        let forgotten = inner.forget(0, |job| job.session == session);
        let own = inner.jobs.values().filter(|job| job.session == session);
        let left: Vec<Arc<Job>> = own.map(Arc::clone).collect();
        drop(inner);
        for job in forgotten {
            self.scheduler.forget(&job);
        }
        let left = left.iter().filter(|_| cancel);
        // All of them are tried; the first fault is told.
        let faults: Vec<Fault> = left
            .filter_map(|job| self.scheduler.cancel(job).err())
            .collect();
        faults.into_iter().next().map_or(Ok(()), Err)
    }

    /// How many jobs have not ended.
    pub(crate) fn active(&self) -> usize {
        self.inner().active(|_| true)
    }

    /// Takes no more jobs and ends those that there are.
    pub(crate) fn stop(&self) {
        self.scheduler.stop();
    }

    fn job(&self, session: &str, id: &str) -> Result<Arc<Job>, Fault> {
        let number = id
            .strip_prefix("job-")
            .and_then(|number| number.parse().ok());
        let inner = self.inner();
        let job = number.and_then(|number: u64| inner.jobs.get(&number));
        // That of another session is as unknown as one that never was.
        let own = job.filter(|job| job.session == session && job.id == id);
        own.map(Arc::clone)
            .ok_or_else(|| Fault::Unknown(id.to_owned()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn active(&self, which: impl Fn(&Job) -> bool) -> usize {
        let active = |job: &&Arc<Job>| which(job) && !job.state().is_end();
        self.jobs.values().filter(active).count()
    }

    fn admit(&self, session: &str, most: &Most) -> Result<(), Fault> {
        for (what, most, found) in [
            (
                "the session",
                most.per_session,
                self.active(|job| job.session == session),
            ),
            ("the plugin", most.all, self.active(|_| true)),
        ] {
            if found >= most {
                return Err(Fault::TooMany { what, most });
            }
        }
        Ok(())
    }

    /// Takes out the oldest that have ended, up to `most` that stay.
    fn forget(&mut self, most: usize, which: impl Fn(&Job) -> bool) -> Vec<Arc<Job>> {
        let ended = self
            .jobs
            .iter()
            .filter(|(_, job)| which(job) && job.state().is_end());
        let ended: Vec<u64> = ended.map(|(&number, _)| number).collect();
        let over = ended.len().saturating_sub(most);
        let over = ended.into_iter().take(over);
        over.filter_map(|number| self.jobs.remove(&number))
            .collect()
    }
}

#[cfg(test)]
mod tests;
