//! Runs jobs that wait for one another, on a bounded number of threads, with deadlines.
//!
//! A job begins the moment the last job that it waits for has ended: there is no barrier between
//! levels. But mapping a library takes a lock of the system's loader, and threads that only contend
//! for it cost more than they bring (measured: a quarter of the whole); so one thread runs jobs for
//! as long as none is stuck, and each job that has been inside one step for a [`TICK`] lets another
//! thread run beside it. Native code cannot be killed, so a job that is past its deadline is *abandoned*: its
//! thread is left to itself and replaced, and the job counts as ended.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

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

/// Does all jobs; returns when each has ended or was abandoned.
pub(crate) fn run(jobs: &[Job], threads: usize, work: &Arc<dyn Work>) {
    if jobs.is_empty() {
        return;
    }
    let shared = Arc::new(Shared::new(jobs));
    let mut threads = threads.clamp(1, jobs.len());
    start_thread(&shared, work);
    threads -= 1;
    let mut state = shared.lock();
    while state.unfinished > 0 {
        let now = Instant::now();
        if let Some(slot) = state.overdue(now) {
            let inside = state.abandon(slot);
            drop(state);
            work.overdue(inside.job, inside.step, inside.limit);
            start_thread(&shared, work);
            state = shared.lock();
            state.end(inside.job, &shared);
            // The thread that takes the abandoned one's place may be waiting already.
            shared.ready.notify_all();
            continue;
        }
        let more = state.look_for_stuck(threads, &shared);
        if more > 0 {
            drop(state);
            (0..more).for_each(|_| start_thread(&shared, work));
            threads -= more;
            state = shared.lock();
            continue;
        }
        state.watching = state.next_look();
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

fn start_thread(shared: &Arc<Shared>, work: &Arc<dyn Work>) {
    let (own, own_work) = (Arc::clone(shared), Arc::clone(work));
    let slot = {
        let mut state = shared.lock();
        state.slots.push(None);
        state.starting += 1;
        state.slots.len() - 1
    };
    let spawned = thread::Builder::new()
        .name("jackfield-plugin".to_owned())
        .spawn(move || worker(&own, slot, &*own_work));
    if let Err(error) = spawned {
        shared.lock().starting -= 1;
        log::error!("cannot start a thread, plugins start more slowly: {error}");
    }
}

fn worker(shared: &Shared, slot: usize, work: &dyn Work) {
    shared.lock().starting -= 1;
    while let Some(job) = shared.next(slot) {
        work.run(job, &Watch { shared, slot });
        let mut state = shared.lock();
        if state.slots[slot].take().is_none() {
            // Abandoned: the watchdog has ended the job and replaced this thread.
            drop(state);
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
            stuck: false,
        };
        let (deadline, stuck_at) = (inside.deadline, inside.stuck_at());
        let look = match stuck_at.filter(|_| !state.ready.is_empty()) {
            Some(stuck_at) => {
                deadline.map_or(Some(stuck_at), |deadline| Some(deadline.min(stuck_at)))
            }
            None => deadline,
        };
        let is_earlier = match (look, state.watching) {
            (Some(look), Some(watching)) => look < watching,
            (look, None) => look.is_some(),
            (None, _) => false,
        };
        if is_earlier {
            state.watching = look;
            self.shared.watchdog.notify_one();
        }
    }

    /// Ends the step; true when the job was abandoned meanwhile.
    pub(crate) fn abandoned(&self) -> bool {
        match &mut self.shared.lock().slots[self.slot] {
            None => true,
            Some(inside) => {
                inside.deadline = None;
                inside.stuck = false;
                false
            }
        }
    }
}

struct Shared {
    state: Mutex<State>,
    /// For threads that wait for a job.
    ready: Condvar,
    /// For the thread that watches deadlines.
    watchdog: Condvar,
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
    running: usize,
    running_alone: bool,
    /// Threads that wait for a job.
    idle: usize,
    /// Threads that have not asked for a job yet.
    starting: usize,
    unfinished: usize,
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
    /// It has been inside for so long that another thread may run beside it.
    stuck: bool,
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
            stuck: false,
        }
    }

    /// When it will count as stuck, if it may.
    fn stuck_at(&self) -> Option<Instant> {
        (self.deadline.is_some() && !self.holds_all && !self.stuck).then(|| self.since + TICK)
    }
}

impl Shared {
    fn new(jobs: &[Job]) -> Self {
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
                running: 0,
                running_alone: false,
                idle: 0,
                starting: 0,
                unfinished: jobs.len(),
            }),
            ready: Condvar::new(),
            watchdog: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job for the thread of this slot; waits for one. `None` when nothing more comes.
    fn next(&self, slot: usize) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.unfinished == 0 {
                return None;
            }
            if let Some(job) = state.take_ready() {
                state.slots[slot] = Some(Inside::new(job));
                return Some(job);
            }
            state.idle += 1;
            state = self
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

impl State {
    fn take_ready(&mut self) -> Option<usize> {
        let &Reverse((_, job)) = self.ready.peek()?;
        if self.room() == 0 || self.running_alone || (self.alone[job] && self.running > 0) {
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

    fn stuck(&self) -> usize {
        self.slots
            .iter()
            .flatten()
            .filter(|inside| inside.stuck)
            .count()
    }

    /// How many more threads may take a job: as many run as are stuck, and at least one.
    fn room(&self) -> usize {
        let stuck = self.stuck();
        stuck
            .max(1)
            .saturating_sub(self.running.saturating_sub(stuck))
    }

    /// Finds out which jobs are stuck, lets waiting threads take jobs beside them, and says how
    /// many threads more are wanted, of those that may yet be started.
    fn look_for_stuck(&mut self, startable: usize, shared: &Shared) -> usize {
        if self.ready.is_empty() || self.running_alone {
            return 0;
        }
        let now = Instant::now();
        for inside in self.slots.iter_mut().flatten() {
            inside.stuck |= inside.stuck_at().is_some_and(|stuck_at| stuck_at <= now);
        }
        let wanted = self.room().min(self.ready.len());
        if wanted > 0 && self.idle > 0 {
            shared.ready.notify_all();
        }
        wanted
            .saturating_sub(self.idle + self.starting)
            .min(startable)
    }

    /// When the watchdog has to look again.
    fn next_look(&self) -> Option<Instant> {
        let stuck = self
            .slots
            .iter()
            .flatten()
            .filter_map(Inside::stuck_at)
            .min();
        let stuck = stuck.filter(|_| !self.ready.is_empty() && !self.running_alone);
        match (self.nearest_deadline(), stuck) {
            (Some(deadline), Some(stuck)) => Some(deadline.min(stuck)),
            (deadline, stuck) => deadline.or(stuck),
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
        self.slots[slot]
            .take()
            .expect("`overdue` gave a slot with a job inside")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    fn job(waits_for: &[usize], priority: i32) -> Job {
        Job {
            waits_for: waits_for.to_vec(),
            priority,
            alone: false,
        }
    }

    /// Records what runs; a job may be told to wait for something.
    struct Recorder<F> {
        order: Mutex<Vec<usize>>,
        overdue: Mutex<Vec<(usize, &'static str)>>,
        back: mpsc::SyncSender<usize>,
        body: F,
    }

    impl<F: Fn(usize, &Watch<'_>) + Send + Sync + 'static> Work for Recorder<F> {
        fn run(&self, job: usize, watch: &Watch<'_>) {
            (self.body)(job, watch);
            self.order.lock().unwrap().push(job);
        }
        fn overdue(&self, job: usize, step: &'static str, _limit: Duration) {
            self.overdue.lock().unwrap().push((job, step));
        }
        fn came_back(&self, job: usize) {
            self.back.send(job).unwrap();
        }
    }

    fn recorder<F: Fn(usize, &Watch<'_>) + Send + Sync + 'static>(
        body: F,
    ) -> (Arc<Recorder<F>>, mpsc::Receiver<usize>) {
        let (back, receiver) = mpsc::sync_channel(8);
        let recorder = Recorder {
            order: Mutex::default(),
            overdue: Mutex::default(),
            back,
            body,
        };
        (Arc::new(recorder), receiver)
    }

    #[test]
    fn on_one_thread_dependencies_come_first_and_then_priority() {
        let (work, _) = recorder(|_, _| {});
        let jobs = [job(&[2], 0), job(&[], 50), job(&[], 40), job(&[0, 1], -9)];
        run(&jobs, 1, &(Arc::clone(&work) as Arc<dyn Work>));
        assert_eq!(*work.order.lock().unwrap(), [2, 0, 1, 3]);
    }

    #[test]
    fn independent_jobs_run_at_the_same_time() {
        let barrier = Barrier::new(2);
        let (work, _) = recorder(move |_, watch| {
            watch.step("start", Duration::from_secs(10));
            barrier.wait();
        });
        run(&[job(&[], 0), job(&[], 0)], 2, &(work as Arc<dyn Work>));
    }

    #[test]
    fn a_job_that_is_to_run_alone_does() {
        let inside = AtomicUsize::new(0);
        let (work, _) = recorder(move |job, _| {
            let others = inside.fetch_add(1, Ordering::SeqCst);
            assert!(job != 1 || others == 0);
            inside.fetch_sub(1, Ordering::SeqCst);
        });
        let mut jobs: Vec<Job> = (0..50).map(|_| job(&[], 0)).collect();
        jobs[1].alone = true;
        run(&jobs, 4, &(Arc::clone(&work) as Arc<dyn Work>));
        assert_eq!(work.order.lock().unwrap().len(), 50);
    }

    #[test]
    fn a_job_that_hangs_is_abandoned_and_the_rest_goes_on() {
        let (release, held) = mpsc::sync_channel::<()>(1);
        let held = Mutex::new(held);
        let (work, back) = recorder(move |job, watch| {
            if job == 0 {
                watch.step("initialize", Duration::from_millis(20));
                held.lock().unwrap().recv().unwrap();
                assert!(watch.abandoned());
            }
        });
        let jobs = [job(&[], 0), job(&[0], 0), job(&[], 0)];
        run(&jobs, 1, &(Arc::clone(&work) as Arc<dyn Work>));
        assert_eq!(*work.overdue.lock().unwrap(), [(0, "initialize")]);
        let mut order = work.order.lock().unwrap().clone();
        order.sort_unstable();
        assert_eq!(order, [1, 2]);
        release.send(()).unwrap();
        assert_eq!(back.recv_timeout(Duration::from_secs(10)), Ok(0));
    }
}
