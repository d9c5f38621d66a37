use super::{Job, MUSTER, Shared, TICK};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

/// Who waits, who is inside, and who may go next. Whether somebody has to be woken is decided here.
pub(super) struct State {
    pub(super) ready: BinaryHeap<Reverse<(i32, usize)>>,
    /// For each job, how many it still waits for.
    pub(super) missing: Vec<usize>,
    /// For each job, who waits for it.
    pub(super) dependents: Vec<Vec<usize>>,
    pub(super) priority: Vec<i32>,
    pub(super) alone: Vec<bool>,
    /// One for each thread: the job that it is inside. `None` when there is none, or it was
    /// abandoned.
    pub(super) slots: Vec<Option<Inside>>,
    /// The deadline that the watchdog waits for.
    pub(super) watching: Option<Instant>,
    /// Steps of which the last that ended took longer than a [`TICK`].
    pub(super) slow: Vec<&'static str>,
    /// The slot that is being told of as overdue.
    pub(super) telling: Option<usize>,
    /// How many of the first threads have not come up.
    pub(super) coming: usize,
    /// How many threads take jobs, those that are inside one included.
    pub(super) workers: usize,
    /// Until when the first job waits for them.
    pub(super) muster: Instant,
    pub(super) began: Instant,
    pub(super) running: usize,
    /// The most that run at a time: there is one thread more, see [`run`](super::run).
    pub(super) limit: usize,
    pub(super) running_alone: bool,
    pub(super) unfinished: usize,
    pub(super) given_up: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Inside {
    pub(super) job: usize,
    pub(super) step: &'static str,
    pub(super) limit: Duration,
    pub(super) deadline: Option<Instant>,
    /// Since when.
    pub(super) since: Instant,
    /// From when on it counts as stuck; never, where nobody else could do anything meanwhile.
    pub(super) stuck_at: Option<Instant>,
}

impl Inside {
    pub(super) fn new(job: usize) -> Self {
        Self {
            job,
            step: "",
            limit: Duration::ZERO,
            deadline: None,
            since: Instant::now(),
            stuck_at: None,
        }
    }
}

impl State {
    pub(super) fn new(jobs: &[Job], limit: usize) -> Self {
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
            ready,
            missing,
            dependents,
            priority: jobs.iter().map(|job| job.priority).collect(),
            alone: jobs.iter().map(|job| job.alone).collect(),
            slots: Vec::new(),
            watching: None,
            slow: Vec::new(),
            telling: None,
            coming: 0,
            workers: 0,
            muster: Instant::now() + MUSTER,
            began: Instant::now(),
            running: 0,
            limit,
            running_alone: false,
            unfinished: jobs.len(),
            given_up: false,
        }
    }

    pub(super) fn take_ready(&mut self) -> Option<usize> {
        let &Reverse((_, job)) = self.ready.peek()?;
        if self.musters()
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

    pub(super) fn end(&mut self, job: usize, shared: &Shared) {
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
        if self.unfinished == 0 {
            shared.ready.notify_all();
            shared.watchdog.notify_one();
        }
    }

    /// Wakes as many threads as may take a job.
    pub(super) fn call(&self, shared: &Shared) {
        if self.ready.is_empty() {
            return;
        }
        for _ in 0..self.room().min(self.ready.len()) {
            shared.ready.notify_one();
        }
    }

    /// How long a job that goes into a step now may be inside before it counts as stuck.
    ///
    /// While jobs wait, the watching thread wakes so often, and each time takes a processor from
    /// its sleep: once a millisecond, that was a twelfth of a warm start. So where all went well
    /// for long, it looks more rarely; what that may cost is a quarter of the time passed already.
    pub(super) fn grace(&self, now: Instant) -> Duration {
        TICK.max(now.saturating_duration_since(self.began) / 4)
    }

    /// A step is over: whether to expect of the next one by that name that it takes long. Then
    /// another thread goes on at once, which is wasted on a step that does not.
    pub(super) fn learn(&mut self, ended: &Inside, now: Instant) {
        if ended.stuck_at.is_none() {
            return;
        }
        let is_slow = now.saturating_duration_since(ended.since) >= TICK;
        let known = self.slow.iter().position(|&step| step == ended.step);
        match (is_slow, known) {
            (true, None) => self.slow.push(ended.step),
            (false, Some(at)) => {
                self.slow.swap_remove(at);
            }
            _ => {}
        }
    }

    /// Whether a step of that name takes long: the last that ended did, or one that has not does.
    pub(super) fn is_slow(&self, step: &'static str, now: Instant) -> bool {
        let stuck = |inside: &Inside| {
            inside.step == step && inside.stuck_at.is_some_and(|stuck_at| stuck_at <= now)
        };
        self.slow.contains(&step) || self.slots.iter().flatten().any(stuck)
    }

    /// Whether the first job waits for more threads.
    pub(super) fn musters(&self) -> bool {
        self.coming > 0 && Instant::now() < self.muster
    }

    /// From when on those that are inside count as stuck.
    fn stuck_times(&self) -> impl Iterator<Item = Instant> {
        let inside = self.slots.iter().flatten();
        inside.filter_map(|inside| inside.stuck_at)
    }

    /// How many more threads may take a job: as many run as are stuck, and at least one.
    pub(super) fn room(&self) -> usize {
        let now = Instant::now();
        let stuck = self
            .stuck_times()
            .filter(|&stuck_at| stuck_at <= now)
            .count();
        stuck
            .max(1)
            .saturating_sub(self.running.saturating_sub(stuck))
    }

    /// When the watchdog has to look again: at the nearest deadline, or when a job that others could
    /// run beside becomes stuck.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let now = Instant::now();
        let stuck = self.stuck_times().filter(|&stuck_at| stuck_at > now).min();
        let stuck = stuck.filter(|_| !self.ready.is_empty() && !self.running_alone);
        let muster = self.musters().then_some(self.muster);
        let deadline = self.nearest_deadline();
        [deadline, stuck, muster].into_iter().flatten().min()
    }

    /// Has the watchdog look again earlier than it would, where that is needed.
    pub(super) fn wake_watchdog(&mut self, shared: &Shared) {
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

    pub(super) fn overdue(&self, now: Instant) -> Option<usize> {
        self.slots.iter().position(|slot| {
            slot.is_some_and(|inside| inside.deadline.is_some_and(|deadline| deadline <= now))
        })
    }

    pub(super) fn nearest_deadline(&self) -> Option<Instant> {
        self.slots
            .iter()
            .flatten()
            .filter_map(|inside| inside.deadline)
            .min()
    }

    pub(super) fn abandon(&mut self, slot: usize) -> Inside {
        self.telling = Some(slot);
        self.workers -= 1;
        self.slots[slot]
            .take()
            .expect("`overdue` gave a slot with a job inside")
    }
}
