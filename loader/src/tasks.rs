//! The tasks of one plugin: counted, cancelled together, waited for.

mod lanes;

use self::lanes::Lanes;
use crate::{
    executor::{BoxFuture, Executor},
    ffi::{Lease, Leased, guard},
    inside::{Entry, Insides, What},
};
use futures_util::future::{AbortHandle, Abortable};
use jackfield_abi::{Failure, FailureCode, FfiFuture};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Instant,
};

/// The most tasks that one plugin may have at a time.
pub const MAX_TASKS: usize = 10_000;

/// Why a task is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// The plugin is stopping, or has stopped.
    #[error("the plugin is stopping, it takes no tasks: spawn them while it starts or runs")]
    Closed,
    /// It has [`MAX_TASKS`] already.
    #[error(
        "a plugin has at most {MAX_TASKS} tasks, and this one has them: let one do the work of \
         several, or wait until some have ended"
    )]
    Full,
}

impl SpawnError {
    /// As a plugin is told of it.
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::Closed => FailureCode::UNAVAILABLE,
            Self::Full => FailureCode::FULL,
        };
        Failure::new(code, self.to_string())
    }
}

#[derive(Default)]
pub(crate) struct Tasks {
    state: Mutex<State>,
    ended: Condvar,
    lanes: Arc<Lanes>,
}

#[derive(Default)]
struct State {
    closed: bool,
    last: u64,
    live: HashMap<u64, Live>,
}

struct Live {
    name: Arc<str>,
    abort: AbortHandle,
}

impl Tasks {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a task of the plugin and gives it to the executor.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        executor: &dyn Executor,
        name: Arc<str>,
        blocking: bool,
        future: FfiFuture<()>,
        lease: Lease,
        place: Place,
    ) -> Result<u64, SpawnError> {
        let (abort, registration) = AbortHandle::new_pair();
        let id = self.register(&name, abort)?;
        let done = Done {
            tasks: Arc::clone(self),
            id,
        };
        let leased = Abortable::new(Leased::new(future, lease), registration);
        let run: BoxFuture = Box::pin(Guarded {
            name,
            place,
            leased: Some(leased),
            _done: done,
        });
        if blocking {
            self.lanes.run(executor, run);
        } else {
            executor.spawn(run);
        }
        Ok(id)
    }

    fn register(&self, name: &Arc<str>, abort: AbortHandle) -> Result<u64, SpawnError> {
        let mut state = self.state();
        if state.closed {
            return Err(SpawnError::Closed);
        }
        if state.live.len() >= MAX_TASKS {
            return Err(SpawnError::Full);
        }
        state.last += 1;
        let id = state.last;
        state.live.insert(
            id,
            Live {
                name: Arc::clone(name),
                abort,
            },
        );
        Ok(id)
    }

    /// Cancels one; false when it has ended.
    pub(crate) fn cancel(&self, id: u64) -> bool {
        let abort = self.state().live.get(&id).map(|live| live.abort.clone());
        // Aborting wakes the task, which is foreign code: not under the lock.
        abort.map(|abort| abort.abort()).is_some()
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.state().live.is_empty()
    }

    /// Takes no more, and cancels all that there are.
    pub(crate) fn close(&self, executor: &dyn Executor) {
        let aborts: Vec<AbortHandle> = {
            let mut state = self.state();
            state.closed = true;
            state.live.values().map(|live| live.abort.clone()).collect()
        };
        for abort in aborts {
            abort.abort();
        }
        self.lanes.clear(executor);
    }

    /// Waits until all have ended; otherwise the names of those that had not at the deadline.
    pub(crate) fn wait(&self, deadline: Instant) -> Result<(), Vec<String>> {
        let mut state = self.state();
        while !state.live.is_empty() {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(names(&state));
            };
            state = self
                .ended
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        Ok(())
    }
}

/// The names of those that live, each once, with how many there are of it.
fn names(state: &State) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for live in state.live.values() {
        *counts.entry(&live.name).or_default() += 1;
    }
    let name = |(name, count)| match count {
        1 => String::from(name),
        count => format!("{name} ({count} times)"),
    };
    counts.into_iter().map(name).collect()
}

/// A task until it is done: then its future is dropped first, and its end told after.
struct Guarded {
    name: Arc<str>,
    place: Place,
    leased: Option<Abortable<Leased<FfiFuture<()>>>>,
    _done: Done,
}

impl std::future::Future for Guarded {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        use std::task::Poll;
        let _inside = Inside::enter(&self.name);
        let _place = self.place.enter();
        let Some(leased) = self.leased.as_mut() else {
            return Poll::Ready(());
        };
        // `Err` is a future of a plugin without the SDK that says it panicked.
        if let Ok(Poll::Pending) = guard(|| std::pin::Pin::new(leased).poll(cx)) {
            return Poll::Pending;
        }
        self.leased = None;
        Poll::Ready(())
    }
}

/// Where the polls of a task are entered.
pub(crate) struct Place {
    insides: Arc<Insides>,
    plugin: Arc<str>,
    what: What,
}

impl Place {
    pub(crate) fn new(insides: &Arc<Insides>, plugin: &Arc<str>, what: What) -> Self {
        Self {
            insides: Arc::clone(insides),
            plugin: Arc::clone(plugin),
            what,
        }
    }

    fn enter(&self) -> Entry {
        self.insides.enter(&self.plugin, self.what.clone())
    }
}

thread_local! {
    /// The task that is polled on this thread.
    static CURRENT: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// The name of the plugin's task whose poll is on this thread, if one is.
pub(crate) fn with_current<R>(body: impl FnOnce(Option<&str>) -> R) -> R {
    let current = CURRENT.with_borrow(Option::clone);
    body(current.as_deref())
}

/// While it lives, that task is the current one.
struct Inside(Option<Arc<str>>);

impl Inside {
    fn enter(name: &Arc<str>) -> Self {
        Self(CURRENT.replace(Some(Arc::clone(name))))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

struct Done {
    tasks: Arc<Tasks>,
    id: u64,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.tasks.state().live.remove(&self.id);
        self.tasks.ended.notify_all();
    }
}
