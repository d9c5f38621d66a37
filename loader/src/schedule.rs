//! Runs jobs that wait for one another, on a bounded number of threads, with deadlines.
//!
//! A job begins the moment the last job that it waits for has ended: there is no barrier between
//! levels. But mapping a library takes a lock of the system's loader, and threads that only contend
//! for it cost more than they bring; so one thread runs jobs for as long as none is stuck, and each
//! job that has been inside one step for a while, or goes into one that takes others that long, lets
//! another thread run beside it.
//!
//! Native code cannot be killed, so a job that is past its deadline is *abandoned*: its thread is left
//! to itself and replaced, and the job counts as ended.

mod state;

use crate::hands::Hands;
use state::{Inside, State};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[cfg(test)]
mod tests;

/// How long a job may be inside one step before it counts as stuck, at the least: see
/// [`State::grace`].
const TICK: Duration = Duration::from_millis(1);

/// How long the first job waits for threads to come up: they do so in much less, or not at all.
const MUSTER: Duration = Duration::from_millis(100);

/// How long it is waited, where there is no thread at all, before another try to make one.
const RETRY: Duration = Duration::from_millis(50);

/// So many times it is tried in vain; then no thread came within [`NO_THREAD`].
const TRIES: u32 = 100;

/// How long it is tried to make a thread where there is none.
pub(crate) const NO_THREAD: Duration = RETRY.saturating_mul(TRIES);

/// One job: `waits_for` are the indices of others, without a cycle.
pub(crate) struct Job {
    pub(crate) waits_for: Vec<usize>,
    /// Of those that could begin, the smallest does.
    pub(crate) priority: i32,
    /// Nothing else runs while this does.
    pub(crate) alone: bool,
}

/// What the jobs do.
pub(crate) trait Work: Send + Sync + 'static {
    /// Does one job. Before each step that may hang it calls [`Watch::step`]; after it,
    /// [`Watch::abandoned`], and if that is so, cleans up and returns at once.
    fn run(&self, job: usize, watch: &Watch<'_>);

    /// A job was abandoned inside this step. Called on the thread that called [`run`].
    fn overdue(&self, job: usize, step: &'static str, limit: Duration);

    /// The thread of an abandoned job has come back after all.
    fn came_back(&self, job: usize);
}

/// Does all jobs, so many at a time; returns when each has ended or was abandoned.
///
/// One thread more than that is there before the first job begins, for the first that is abandoned:
/// while a constructor hangs inside the system's loader no thread comes up, because a new one
/// registers its destructors there. Where one hangs already, those that `hands` kept go on without.
///
/// It returns as well when it is time to give up, and where none is set, when there was no thread for
/// [`NO_THREAD`]; no further job begins then.
pub(crate) fn run(
    jobs: &[Job],
    threads: usize,
    work: &Arc<dyn Work>,
    hands: &Hands,
    give_up: Option<Instant>,
) {
    if jobs.is_empty() {
        return;
    }
    let limit = threads.clamp(1, jobs.len());
    let shared = Arc::new(Shared::new(jobs, limit));
    let threads = limit + usize::from(jobs.len() > 1);
    shared.lock().coming = threads;
    for _ in 0..threads {
        if !start_thread(&shared, work, hands) {
            shared.came();
        }
    }
    let mut tries = 0;
    let mut state = shared.lock();
    while state.unfinished > 0 {
        let now = Instant::now();
        if let Some(slot) = state.overdue(now) {
            shared.abandon(state, slot, &**work);
            start_thread(&shared, work, hands);
            state = shared.lock();
            continue;
        }
        let mut retry = None;
        if state.workers == 0 {
            drop(state);
            if try_thread(&shared, work, hands).is_err() {
                tries += 1;
                retry = Some(now + RETRY);
            } else {
                tries = 0;
            }
            state = shared.lock();
        }
        let is_vain = tries == TRIES && give_up.is_none();
        if is_vain || give_up.is_some_and(|give_up| give_up <= now) {
            state.given_up = true;
            shared.ready.notify_all();
            return;
        }
        if !state.ready.is_empty() && state.room() > 0 {
            shared.ready.notify_all();
        }
        let next = state.next_look().into_iter().chain(give_up).chain(retry);
        state.watching = next.min();
        state = match state.watching {
            None => shared
                .watchdog
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                shared
                    .watchdog
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
    }
}

/// Whether there is one more thread.
fn start_thread(shared: &Arc<Shared>, work: &Arc<dyn Work>, hands: &Hands) -> bool {
    let started = try_thread(shared, work, hands);
    if let Err(error) = &started {
        log::error!("cannot start a thread, plugins start more slowly: {error}");
    }
    started.is_ok()
}

fn try_thread(shared: &Arc<Shared>, work: &Arc<dyn Work>, hands: &Hands) -> io::Result<()> {
    let (own, own_work) = (Arc::clone(shared), Arc::clone(work));
    let slot = {
        let mut state = shared.lock();
        state.slots.push(None);
        state.workers += 1;
        state.slots.len() - 1
    };
    let spawned = hands.run(Box::new(move || worker(&own, slot, &*own_work)));
    if spawned.is_err() {
        shared.lock().workers -= 1;
    }
    spawned
}

fn worker(shared: &Shared, slot: usize, work: &dyn Work) {
    shared.came();
    while let Some(job) = shared.next(slot) {
        work.run(job, &Watch { shared, slot });
        let mut state = shared.lock();
        if state.slots[slot].take().is_none() {
            // Abandoned: the watchdog has ended the job and replaced this thread.
            drop(shared.wait_told(state, slot));
            work.came_back(job);
            return;
        }
        state.end(job, shared);
    }
}

/// A job's line to the watchdog.
pub(crate) struct Watch<'a> {
    shared: &'a Shared,
    slot: usize,
}

impl Watch<'_> {
    /// From now on the job is inside this step, for at most this time.
    pub(crate) fn step(&self, step: &'static str, limit: Duration) {
        self.enter(step, limit, false);
    }

    /// As [`step`](Watch::step), for one during which no other job could do the same: it is not
    /// worth another thread.
    pub(crate) fn step_that_holds_all(&self, step: &'static str, limit: Duration) {
        self.enter(step, limit, true);
    }

    fn enter(&self, step: &'static str, limit: Duration, holds_all: bool) {
        let mut state = self.shared.lock();
        let since = Instant::now();
        let Some(before) = state.slots[self.slot] else {
            return;
        };
        state.learn(&before, since);
        let is_slow = state.is_slow(step, since);
        let grace = if is_slow {
            Duration::ZERO
        } else {
            state.grace(since)
        };
        state.slots[self.slot] = Some(Inside {
            job: before.job,
            step,
            limit,
            deadline: since.checked_add(limit),
            since,
            stuck_at: (!holds_all).then(|| since + grace),
        });
        if is_slow {
            state.call(self.shared);
        }
        state.wake_watchdog(self.shared);
    }

    /// Ends the step; true when the job was abandoned meanwhile, and [`Work::overdue`] has returned.
    pub(crate) fn abandoned(&self) -> bool {
        let mut state = self.shared.lock();
        if let Some(before) = state.slots[self.slot] {
            state.learn(&before, Instant::now());
            state.slots[self.slot] = Some(Inside {
                deadline: None,
                stuck_at: None,
                ..before
            });
            return false;
        }
        drop(self.shared.wait_told(state, self.slot));
        true
    }
}

struct Shared {
    state: Mutex<State>,
    /// For threads that wait for a job.
    ready: Condvar,
    /// For the thread that watches deadlines.
    watchdog: Condvar,
    /// For a thread that comes back while it is being told that it is overdue.
    told: Condvar,
}

impl Shared {
    fn new(jobs: &[Job], limit: usize) -> Self {
        Self {
            state: Mutex::new(State::new(jobs, limit)),
            ready: Condvar::new(),
            watchdog: Condvar::new(),
            told: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more thread has come up, or never will.
    fn came(&self) {
        let mut state = self.lock();
        // A replacement is not waited for.
        state.coming = state.coming.saturating_sub(1);
        if state.coming == 0 {
            self.ready.notify_all();
        }
    }

    /// Ends the job of a thread that is overdue, and leaves the thread to itself.
    fn abandon(&self, mut state: MutexGuard<'_, State>, slot: usize, work: &dyn Work) {
        let inside = state.abandon(slot);
        drop(state);
        work.overdue(inside.job, inside.step, inside.limit);
        let mut state = self.lock();
        state.telling = None;
        self.told.notify_all();
        state.end(inside.job, self);
        // The thread that takes the abandoned one's place waits already.
        self.ready.notify_all();
    }

    /// Waits until the watchdog has told that this slot is overdue: what the thread says of itself
    /// comes after that.
    fn wait_told<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        slot: usize,
    ) -> MutexGuard<'s, State> {
        while state.telling == Some(slot) {
            state = self
                .told
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// The next job for the thread of this slot; waits for one. `None` when nothing more comes.
    fn next(&self, slot: usize) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.unfinished == 0 || state.given_up {
                return None;
            }
            if let Some(job) = state.take_ready() {
                state.slots[slot] = Some(Inside::new(job));
                state.call(self);
                return Some(job);
            }
            if !state.ready.is_empty() {
                state.wake_watchdog(self);
            }
            state = self
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
