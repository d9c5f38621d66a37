//! The executor: polls when the test says so, on the test's thread, first come first served. What
//! may block has a thread of its own, and comes one at a time, in order.

use crate::{
    inside,
    stage::{Stage, lock},
};
use jackfield_abi::Failure;
use jackfield_loader::testkit::{MAX_TASKS, SpawnError};
use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    mem,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{SyncSender, sync_channel},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Instant,
};

/// Polls between two moments of the clock; a task that needs more wakes itself without end.
const MOST_POLLS: usize = 100_000;

pub(crate) type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;
type Function = Box<dyn FnOnce() + Send>;

/// The tasks of one run of a plugin.
pub(crate) struct Tasks {
    stage: Arc<Stage>,
    state: Mutex<State>,
    changed: Condvar,
    /// To the thread for jobs.
    hand: Mutex<Option<SyncSender<Given>>>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    last: u64,
    live: BTreeMap<u64, Live>,
    ready: VecDeque<u64>,
    jobs: VecDeque<Job>,
    /// The job that is under way.
    busy: Option<Arc<str>>,
}

struct Live {
    name: Arc<str>,
    /// `None` while it is polled, and for what blocks.
    future: Option<BoxFuture>,
    is_ready: bool,
    is_cancelled: bool,
    /// A request to the plugin, which is no task of its own.
    is_call: bool,
}

/// A job, and whose it is.
type Given = (Arc<Tasks>, Job);

/// Something that may block.
struct Job {
    name: Arc<str>,
    /// The task that it is.
    task: Option<u64>,
    run: Function,
}

struct TaskWaker {
    tasks: Weak<Tasks>,
    id: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if let Some(tasks) = self.tasks.upgrade() {
            tasks.state().make_ready(self.id);
            tasks.changed.notify_all();
        }
    }
}

impl State {
    fn make_ready(&mut self, id: u64) {
        if let Some(live) = self.live.get_mut(&id)
            && !mem::replace(&mut live.is_ready, true)
        {
            self.ready.push_back(id);
        }
    }

    fn enter(&mut self, name: &str, future: Option<BoxFuture>) -> Result<u64, Failure> {
        if self.is_closed {
            return Err(SpawnError::Closed.failure());
        }
        if self.live.len() >= MAX_TASKS {
            return Err(SpawnError::Full.failure());
        }
        self.last += 1;
        let live = Live {
            name: name.into(),
            future,
            is_ready: false,
            is_cancelled: false,
            is_call: false,
        };
        self.live.insert(self.last, live);
        Ok(self.last)
    }
}

impl Tasks {
    pub(crate) fn new(stage: &Arc<Stage>) -> Arc<Self> {
        Arc::new(Self {
            stage: Arc::clone(stage),
            state: Mutex::default(),
            changed: Condvar::new(),
            hand: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn spawn(&self, name: &str, future: BoxFuture) -> Result<u64, Failure> {
        let mut state = self.state();
        let id = state.enter(name, Some(future))?;
        state.make_ready(id);
        drop(state);
        self.changed.notify_all();
        Ok(id)
    }

    /// The same for a request to the plugin.
    pub(crate) fn spawn_call(&self, name: &str, future: BoxFuture) -> Result<u64, Failure> {
        let id = self.spawn(name, future)?;
        if let Some(live) = self.state().live.get_mut(&id) {
            live.is_call = true;
        }
        Ok(id)
    }

    pub(crate) fn spawn_blocking(
        self: &Arc<Self>,
        name: &str,
        future: BoxFuture,
    ) -> Result<u64, Failure> {
        let mut state = self.state();
        let id = state.enter(name, None)?;
        let tasks = Arc::downgrade(self);
        let run = move || {
            let is_wanted = |tasks: Arc<Self>| {
                let state = tasks.state();
                state.live.get(&id).is_some_and(|live| !live.is_cancelled)
            };
            if tasks.upgrade().is_some_and(is_wanted) {
                pollster::block_on(future);
            }
        };
        state.jobs.push_back(Job {
            name: name.into(),
            task: Some(id),
            run: Box::new(run),
        });
        drop(state);
        self.changed.notify_all();
        Ok(id)
    }

    /// Has a function run when it is its turn.
    pub(crate) fn queue(&self, name: &str, run: impl FnOnce() + Send + 'static) {
        self.state().jobs.push_back(Job {
            name: name.into(),
            task: None,
            run: Box::new(run),
        });
        self.changed.notify_all();
    }

    /// Cancels one; false when it has ended.
    pub(crate) fn cancel(&self, id: u64) -> bool {
        let mut state = self.state();
        let Some(live) = state.live.get_mut(&id) else {
            return false;
        };
        live.is_cancelled = true;
        state.make_ready(id);
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Takes no more, and cancels all that there are.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let ids: Vec<u64> = state.live.keys().copied().collect();
        for id in ids {
            if let Some(live) = state.live.get_mut(&id) {
                live.is_cancelled = true;
            }
            state.make_ready(id);
        }
    }

    /// Names of those that have not ended, in the order in which they began.
    pub(crate) fn names(&self) -> Vec<String> {
        let state = self.state();
        let own = state.live.values().filter(|live| !live.is_call);
        own.map(|live| live.name.to_string()).collect()
    }

    /// Runs all that can go on without the clock.
    ///
    /// # Panics
    ///
    /// When something that blocks does not end within the test's patience, or a task wakes itself
    /// without end.
    pub(crate) fn run(self: &Arc<Self>) {
        let mut polls = 0;
        loop {
            let mut state = self.state();
            if let Some(id) = state.ready.pop_front() {
                polls += 1;
                let name = state.live.get(&id).map(|live| Arc::clone(&live.name));
                drop(state);
                assert!(
                    polls < MOST_POLLS,
                    "task `{}` wakes itself without end: expected it to wait for something",
                    name.unwrap_or_default()
                );
                self.poll(id);
                self.stage.fail();
            } else if state.busy.is_none() {
                let Some(job) = state.jobs.pop_front() else {
                    return;
                };
                state.busy = Some(Arc::clone(&job.name));
                drop(state);
                self.begin(job);
            } else {
                self.wait(state);
                self.stage.fail();
            }
        }
    }

    fn poll(self: &Arc<Self>, id: u64) {
        let mut state = self.state();
        let Some(live) = state.live.get_mut(&id) else {
            return;
        };
        live.is_ready = false;
        let (name, is_call) = (Arc::clone(&live.name), live.is_call);
        let is_cancelled = live.is_cancelled;
        let Some(mut future) = live.future.take() else {
            return;
        };
        drop(state);
        let waker = Waker::from(Arc::new(TaskWaker {
            tasks: Arc::downgrade(self),
            id,
        }));
        let call = inside::enter(&self.stage, Some(&name).filter(|_| !is_call));
        let pending = !is_cancelled
            && future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending;
        if pending {
            drop(call);
            if let Some(live) = self.state().live.get_mut(&id) {
                live.future = Some(future);
            }
            return;
        }
        drop(future);
        drop(call);
        self.state().live.remove(&id);
    }

    /// Gives a job to the thread for such, which is there from the first on.
    fn begin(self: &Arc<Self>, job: Job) {
        let job = (Arc::clone(self), job);
        let mut hand = lock(&self.hand);
        let hand = hand.get_or_insert_with(|| {
            let (sender, jobs) = sync_channel(1);
            let thread = thread::Builder::new().name("kit::hand".to_owned());
            let begun = thread.spawn(move || jobs.into_iter().for_each(work));
            begun.expect("the test can start a thread");
            sender
        });
        // It ends when this is dropped, and not before.
        hand.send(job).expect("the thread for jobs is there");
    }

    /// Waits until the job is done, or something can be polled.
    fn wait(&self, state: MutexGuard<'_, State>) {
        let patience = self.stage.patience;
        let until = Instant::now() + patience;
        let mut state = state;
        while state.busy.is_some() && state.ready.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let name = state.busy.clone().unwrap_or_default();
            if left.is_zero() {
                drop(state);
                panic!(
                    "`{name}` has not returned within {} s: expected what blocks to end; where it \
                     waits for the clock, it has to be async",
                    patience.as_secs_f64()
                );
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn work((tasks, job): Given) {
    let Job { name, task, run } = job;
    let done = Done { tasks, task };
    let call = inside::enter(&done.tasks.stage, task.map(|_| &name));
    run();
    drop(call);
}

/// Tells that a job is done, however it ends.
struct Done {
    tasks: Arc<Tasks>,
    task: Option<u64>,
}

impl Drop for Done {
    fn drop(&mut self) {
        let mut state = self.tasks.state();
        state.busy = None;
        if let Some(id) = self.task {
            state.live.remove(&id);
        }
        drop(state);
        self.tasks.changed.notify_all();
    }
}
