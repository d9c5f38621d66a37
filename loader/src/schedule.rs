//! Runs jobs that wait for one another, on a bounded number of threads, with deadlines.
//!
//! A job begins the moment the last job that it waits for has ended: there is no barrier between
//! levels. But mapping a library takes a lock of the system's loader, and threads that only contend
//! for it cost more than they bring; so one thread runs jobs for as long as none is stuck, and each
//! job that has been inside one step for a [`TICK`] lets another thread run beside it. Native code cannot be killed, so a job that is past its deadline is *abandoned*: its
//! thread is left to itself and replaced, and the job counts as ended.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

#[cfg(test)]
mod tests;

/// How long a job may be inside one step before it counts as stuck.
const TICK: Duration = Duration::from_micros(200);

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
/// registers its destructors there.
///
/// It returns as well when it is time to give up; no further job begins then.
pub(crate) fn run(jobs: &[Job], threads: usize, work: &Arc<dyn Work>, give_up: Option<Instant>) {
    if jobs.is_empty() {
        return;
    }
    let limit = threads.clamp(1, jobs.len());
    let shared = Arc::new(Shared::new(jobs, limit));
    let threads = limit + usize::from(jobs.len() > 1);
    shared.lock().coming = threads;
    for _ in 0..threads {
        if !start_thread(&shared, work) {
            shared.came();
        }
    }
    let mut state = shared.lock();
    while state.unfinished > 0 {
        let now = Instant::now();
        if let Some(slot) = state.overdue(now) {
            let inside = state.abandon(slot);
            drop(state);
            work.overdue(inside.job, inside.step, inside.limit);
            state = shared.lock();
            state.telling = None;
            shared.told.notify_all();
            state.end(inside.job, &shared);
            // The thread that takes the abandoned one's place waits already.
            shared.ready.notify_all();
            drop(state);
            start_thread(&shared, work);
            state = shared.lock();
            continue;
        }
        if give_up.is_some_and(|give_up| give_up <= now) {
            state.given_up = true;
            shared.ready.notify_all();
            return;
        }
        if !state.ready.is_empty() && state.room() > 0 {
            shared.ready.notify_all();
        }
        state.watching = state.next_look().into_iter().chain(give_up).min();
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
fn start_thread(shared: &Arc<Shared>, work: &Arc<dyn Work>) -> bool {
    let (own, own_work) = (Arc::clone(shared), Arc::clone(work));
    let slot = {
        let mut state = shared.lock();
        state.slots.push(None);
        state.slots.len() - 1
    };
    let spawned = thread::Builder::new()
        .name("jackfield-plugin".to_owned())
        .spawn(move || worker(&own, slot, &*own_work));
    if let Err(error) = &spawned {
        log::error!("cannot start a thread, plugins start more slowly: {error}");
    }
    spawned.is_ok()
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
        let Some(inside) = &mut state.slots[self.slot] else {
            return;
        };
        *inside = Inside {
            job: inside.job,
            step,
            limit,
            deadline: since.checked_add(limit),
            since,
            holds_all,
        };
        state.wake_watchdog(self.shared);
    }

    /// Ends the step; true when the job was abandoned meanwhile, and [`Work::overdue`] has returned.
    pub(crate) fn abandoned(&self) -> bool {
        let mut state = self.shared.lock();
        if let Some(inside) = &mut state.slots[self.slot] {
            inside.deadline = None;
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

struct State {
    ready: BinaryHeap<Reverse<(i32, usize)>>,
    /// For each job, how many it still waits for.
    missing: Vec<usize>,
    /// For each job, who waits for it.
    dependents: Vec<Vec<usize>>,
    priority: Vec<i32>,
    alone: Vec<bool>,
    /// One for each thread: the job that it is inside. `None` when there is none, or it was
    /// abandoned.
    slots: Vec<Option<Inside>>,
    /// The deadline that the watchdog waits for.
    watching: Option<Instant>,
    /// The slot that is being told of as overdue.
    telling: Option<usize>,
    /// How many of the first threads have not come up.
    coming: usize,
    running: usize,
    /// The most that run at a time: there is one thread more, see [`run`].
    limit: usize,
    running_alone: bool,
    unfinished: usize,
    given_up: bool,
}

#[derive(Clone, Copy)]
struct Inside {
    job: usize,
    step: &'static str,
    limit: Duration,
    deadline: Option<Instant>,
    /// Since when.
    since: Instant,
    /// Nobody else could do anything meanwhile, so it never counts as stuck.
    holds_all: bool,
}

impl Inside {
    fn new(job: usize) -> Self {
        Self {
            job,
            step: "",
            limit: Duration::ZERO,
            deadline: None,
            since: Instant::now(),
            holds_all: false,
        }
    }

    /// From when on it counts as stuck, if it may.
    fn stuck_at(&self) -> Option<Instant> {
        (self.deadline.is_some() && !self.holds_all).then(|| self.since + TICK)
    }
}

impl Shared {
    fn new(jobs: &[Job], limit: usize) -> Self {
        let mut dependents = vec![Vec::new(); jobs.len()];
        for (index, job) in jobs.iter().enumerate() {
            for &before in &job.waits_for {
                dependents[before].push(index);
            }
        }
        let missing: Vec<usize> = jobs.iter().map(|job| job.waits_for.len()).collect();
        let ready = (0..jobs.len())
            .filter(|&job| missing[job] == 0)
            .map(|job| Reverse((jobs[job].priority, job)))
            .collect();
        Self {
            state: Mutex::new(State {
                ready,
                missing,
                dependents,
                priority: jobs.iter().map(|job| job.priority).collect(),
                alone: jobs.iter().map(|job| job.alone).collect(),
                slots: Vec::new(),
                watching: None,
                telling: None,
                coming: 0,
                running: 0,
                limit,
                running_alone: false,
                unfinished: jobs.len(),
                given_up: false,
            }),
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

impl State {
    fn take_ready(&mut self) -> Option<usize> {
        let &Reverse((_, job)) = self.ready.peek()?;
        if self.coming > 0
            || self.room() == 0
            || self.running == self.limit
            || self.running_alone
            || (self.alone[job] && self.running > 0)
        {
            return None;
        }
        self.ready.pop();
        self.running += 1;
        self.running_alone = self.alone[job];
        Some(job)
    }

    fn end(&mut self, job: usize, shared: &Shared) {
        self.running -= 1;
        self.running_alone = false;
        self.unfinished -= 1;
        for dependent in std::mem::take(&mut self.dependents[job]) {
            self.missing[dependent] -= 1;
            if self.missing[dependent] == 0 {
                self.ready
                    .push(Reverse((self.priority[dependent], dependent)));
            }
        }
        // The thread that ended this job takes the next one itself.
        if self.unfinished == 0 || (!self.ready.is_empty() && self.room() > 1) {
            shared.ready.notify_all();
        }
        if self.unfinished == 0 {
            shared.watchdog.notify_one();
        }
    }

    /// How many more threads may take a job: as many run as are stuck, and at least one.
    fn room(&self) -> usize {
        let now = Instant::now();
        let inside = self.slots.iter().flatten().filter_map(Inside::stuck_at);
        let stuck = inside.filter(|&stuck_at| stuck_at <= now).count();
        stuck
            .max(1)
            .saturating_sub(self.running.saturating_sub(stuck))
    }

    /// When the watchdog has to look again: at the nearest deadline, or when a job that others could
    /// run beside becomes stuck.
    fn next_look(&self) -> Option<Instant> {
        let now = Instant::now();
        let inside = self.slots.iter().flatten().filter_map(Inside::stuck_at);
        let stuck = inside.filter(|&stuck_at| stuck_at > now).min();
        let stuck = stuck.filter(|_| !self.ready.is_empty() && !self.running_alone);
        self.nearest_deadline().into_iter().chain(stuck).min()
    }

    /// Has the watchdog look again earlier than it would, where that is needed.
    fn wake_watchdog(&mut self, shared: &Shared) {
        let look = self.next_look();
        let is_earlier = match (look, self.watching) {
            (Some(look), Some(watching)) => look < watching,
            (look, None) => look.is_some(),
            (None, _) => false,
        };
        if is_earlier {
            self.watching = look;
            shared.watchdog.notify_one();
        }
    }

    fn overdue(&self, now: Instant) -> Option<usize> {
        self.slots.iter().position(|slot| {
            slot.is_some_and(|inside| inside.deadline.is_some_and(|deadline| deadline <= now))
        })
    }

    fn nearest_deadline(&self) -> Option<Instant> {
        self.slots
            .iter()
            .flatten()
            .filter_map(|inside| inside.deadline)
            .min()
    }

    fn abandon(&mut self, slot: usize) -> Inside {
        self.telling = Some(slot);
        self.slots[slot]
            .take()
            .expect("`overdue` gave a slot with a job inside")
    }
}
