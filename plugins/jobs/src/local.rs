//! Runs jobs here, each as a group of processes.

mod begin;

use crate::{
    fault::Fault,
    job::{Ended, Job, State},
    process::{Cause, Control, Outputs, Patience, Process},
    scheduler::{Output, Scheduler, Stream},
};
use std::{
    collections::{HashMap, VecDeque},
    mem,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// How much may run.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Jobs that run at once.
    pub(crate) running: usize,
    /// Of one session.
    pub(crate) running_per_session: usize,
    /// Jobs that wait.
    pub(crate) queue: usize,
    pub(crate) grace: Duration,
    /// Bytes of each output that are kept.
    pub(crate) output: usize,
    /// Where scripts lie while they run.
    pub(crate) scripts: PathBuf,
}

/// The scheduler of this machine.
pub(crate) struct Local(Arc<Shared>);

struct Shared {
    bounds: Bounds,
    inner: Mutex<Inner>,
    /// A job has ended.
    ended: Condvar,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Arc<Job>>,
    running: HashMap<String, Running>,
    outputs: HashMap<String, Arc<Outputs>>,
    /// Threads that have nothing more to do than to end. None of them waits for another of them, so
    /// whoever submits or stops does.
    done: Vec<JoinHandle<()>>,
    stopping: bool,
}

#[derive(Default)]
struct Running {
    session: String,
    /// Absent until its process is there.
    control: Option<Control>,
    thread: Option<JoinHandle<()>>,
    cancelled: bool,
}

impl Local {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            bounds,
            inner: Mutex::default(),
            ended: Condvar::new(),
        }))
    }
}

impl Scheduler for Local {
    fn submit(&self, job: &Arc<Job>) -> Result<(), Fault> {
        let mut inner = self.0.inner();
        if inner.stopping {
            return Err(Fault::Stopping);
        }
        if job.is_cancelled() {
            return Ok(());
        }
        let most = self.0.bounds.queue;
        if inner.waiting.len() >= most {
            let what = "the queue";
            return Err(Fault::TooMany { what, most });
        }
        inner.waiting.push_back(Arc::clone(job));
        let done = mem::take(&mut inner.done);
        drop(inner);
        join(done);
        self.0.fill();
        Ok(())
    }

    fn cancel(&self, job: &Arc<Job>) -> Result<(), Fault> {
        let mut inner = self.0.inner();
        job.mark_cancelled();
        if let Some(running) = inner.running.get_mut(&job.id) {
            running.cancelled = true;
            if let Some(control) = &running.control {
                control.cancel();
            }
            return Ok(());
        }
        inner.waiting.retain(|waiting| waiting.id != job.id);
        drop(inner);
        // Where it has ended meanwhile, that stands.
        job.change(State::Cancelled, Ended::default());
        Ok(())
    }

    fn output(&self, job: &Job, stream: Stream) -> Result<Output, Fault> {
        let outputs = self.0.inner().outputs.get(&job.id).map(Arc::clone);
        let Some(outputs) = outputs else {
            return Ok(Output::default());
        };
        let kept = match stream {
            Stream::Out => &outputs.0[0],
            Stream::Err => &outputs.0[1],
        };
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Output::from(&*kept))
    }

    fn forget(&self, job: &Job) {
        self.0.inner().outputs.remove(&job.id);
    }

    fn stop(&self) {
        let mut inner = self.0.inner();
        inner.stopping = true;
        let waiting = mem::take(&mut inner.waiting);
        for running in inner.running.values_mut() {
            running.cancelled = true;
            if let Some(control) = &running.control {
                control.cancel();
            }
        }
        drop(inner);
        for job in waiting {
            job.change(State::Cancelled, Ended::default());
        }
        let inner = self.0.inner();
        let inner = self
            .0
            .ended
            .wait_while(inner, |inner| !inner.running.is_empty());
        let done = mem::take(&mut inner.unwrap_or_else(PoisonError::into_inner).done);
        join(done);
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins jobs that wait, as many as may run.
    fn fill(self: &Arc<Self>) {
        while let Some(job) = self.take() {
            self.run(job);
        }
    }

    /// The first that waits whose session may have one more run. From here on it counts as running.
    fn take(&self) -> Option<Arc<Job>> {
        let mut inner = self.inner();
        if inner.stopping || inner.running.len() >= self.bounds.running {
            return None;
        }
        let may = |job: &Arc<Job>| {
            let of_session = inner
                .running
                .values()
                .filter(|running| running.session == job.session);
            of_session.count() < self.bounds.running_per_session
        };
        let next = inner.waiting.iter().position(may)?;
        let job = inner.waiting.remove(next)?;
        let running = Running {
            session: job.session.clone(),
            ..Running::default()
        };
        inner.running.insert(job.id.clone(), running);
        Some(job)
    }

    /// Begins a job and has a thread watch it. The place of one that cannot begin is free again, for the
    /// caller to fill: were that done here, those that wait would fill the stack.
    fn run(self: &Arc<Self>, job: Arc<Job>) {
        let Some(spec) = job.take_spec() else {
            // It has ended meanwhile.
            return self.leave(&job);
        };
        let outputs = Arc::new(Outputs::new(self.bounds.output));
        let begun = begin::command(&job.id, spec, &self.bounds.scripts)
            .and_then(|command| Process::start(command, Arc::clone(&outputs)));
        let (process, control) = match begun {
            Ok(begun) => begun,
            Err(fault) => {
                begin::tidy(&job.id, &self.bounds.scripts);
                job.did_not_begin(&fault);
                return self.leave(&job);
            }
        };
        // Told before the thread is there that tells of the end.
        job.change(State::Running, Ended::default());
        let (shared, own) = (Arc::clone(self), control.clone());
        let watched = Arc::clone(&job);
        let watch = move || shared.watch(&watched, process, &own);
        let mut inner = self.inner();
        inner.outputs.insert(job.id.clone(), outputs);
        // Under the lock, so that the thread finds its own handle.
        let thread = thread::Builder::new().name("job".to_owned()).spawn(watch);
        let Some(running) = inner.running.get_mut(&job.id) else {
            return;
        };
        match thread {
            Ok(thread) => {
                if running.cancelled {
                    control.cancel();
                }
                running.control = Some(control);
                running.thread = Some(thread);
            }
            // The process was dropped with the closure, which has ended it.
            Err(source) => {
                drop(inner);
                begin::tidy(&job.id, &self.bounds.scripts);
                let what = "a thread";
                job.did_not_begin(&Fault::System { what, source });
                self.leave(&job);
            }
        }
    }

    fn watch(self: &Arc<Self>, job: &Arc<Job>, process: Process, control: &Control) {
        let patience = Patience {
            wall: job.wall,
            grace: self.bounds.grace,
        };
        let (ended, cause) = process.watch(patience, control);
        begin::tidy(&job.id, &self.bounds.scripts);
        let state = match cause {
            Cause::Cancelled => State::Cancelled,
            Cause::TimedOut => State::TimedOut,
            Cause::Itself if ended.exit_code == Some(0) => State::Completed,
            Cause::Itself => State::Failed,
        };
        job.change(state, ended);
        self.leave(job);
        self.fill();
    }

    /// Takes a job off those that run.
    fn leave(&self, job: &Job) {
        let mut inner = self.inner();
        if let Some(thread) = inner
            .running
            .remove(&job.id)
            .and_then(|running| running.thread)
        {
            inner.done.push(thread);
        }
        drop(inner);
        self.ended.notify_all();
    }
}

fn join(done: Vec<JoinHandle<()>>) {
    for thread in done {
        // It panicked, which its panic hook has told.
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests;
