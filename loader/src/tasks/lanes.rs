//! The blocking tasks of one plugin: so many at a time, the others in order.
//!
//! An executor has only so many threads on which something may block, for all plugins together. One
//! plugin that took them all would keep the events and tasks of every other waiting.

use crate::executor::{BoxFuture, Executor};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// The most blocking tasks of one plugin that run at the same time.
pub(crate) const MAX_BLOCKING: usize = 32;

/// So long a thread that has nothing more to do stays awake for the next task. To wake one takes some
/// microseconds of whoever does, and as many until it runs: more than most tasks take.
const LINGER: Duration = Duration::from_micros(50);

/// So many do so at a time.
const MOST_LINGERING: usize = 2;

pub(super) struct Lanes {
    state: Mutex<State>,
    linger: Duration,
    /// No more comes.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct State {
    /// How many threads run tasks, or linger.
    running: usize,
    /// How many linger: each takes one of the queue as soon as it looks.
    lingering: usize,
    /// Never longer than a plugin may have tasks.
    queue: VecDeque<BoxFuture>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            linger: LINGER,
            is_closed: AtomicBool::new(false),
        }
    }
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a task now, or when one that came before it has ended.
    pub(super) fn run(self: &Arc<Self>, executor: &dyn Executor, task: BoxFuture) {
        let mut state = self.lock();
        let is_awaited = state.lingering > state.queue.len();
        if is_awaited || state.running == MAX_BLOCKING {
            state.queue.push_back(task);
            return;
        }
        state.running += 1;
        drop(state);
        let lane = Lane(Some(Arc::clone(self)));
        executor.spawn_blocking(Box::new(move || lane.work(task)));
    }

    /// Waits for a task, for a little while, and lets others run meanwhile.
    fn linger(&self) {
        let end = Instant::now() + self.linger;
        while Instant::now() < end && !self.is_closed.load(Relaxed) {
            thread::yield_now();
            if !self.lock().queue.is_empty() {
                return;
            }
        }
    }

    /// Lets go of all that have not begun. Their drop is plugin code, so it runs where it may block.
    pub(super) fn clear(&self, executor: &dyn Executor) {
        self.is_closed.store(true, Relaxed);
        let queue = std::mem::take(&mut self.lock().queue);
        if !queue.is_empty() {
            executor.spawn_blocking(Box::new(move || drop(queue)));
        }
    }
}

/// A thread that runs tasks, one after another.
struct Lane(Option<Arc<Lanes>>);

impl Lane {
    fn work(mut self, first: BoxFuture) {
        let mut next = Some(first);
        while let Some(task) = next {
            pollster::block_on(task);
            next = self.next();
        }
    }

    fn next(&mut self) -> Option<BoxFuture> {
        let lanes = self.0.as_ref()?;
        let mut state = lanes.lock();
        let mut next = state.queue.pop_front();
        if next.is_none() && state.lingering < MOST_LINGERING {
            state.lingering += 1;
            drop(state);
            lanes.linger();
            state = lanes.lock();
            state.lingering -= 1;
            next = state.queue.pop_front();
        }
        if next.is_none() {
            state.running -= 1;
            drop(state);
            self.0 = None;
        }
        next
    }
}

impl Drop for Lane {
    /// Something to do only where the executor let go of it before it had run.
    fn drop(&mut self) {
        let Some(lanes) = self.0.take() else { return };
        let mut state = lanes.lock();
        state.running -= 1;
        // Nobody is left to come to them.
        let lost = (state.running == 0).then(|| std::mem::take(&mut state.queue));
        drop(state);
        drop(lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Threads;
    use std::sync::{Condvar, atomic::AtomicUsize, mpsc};

    /// Holds whoever comes until it is opened.
    #[derive(Default)]
    struct Gate(Mutex<bool>, Condvar);

    impl Gate {
        fn pass(&self) {
            let mut open = self.0.lock().unwrap();
            while !*open {
                open = self.1.wait(open).unwrap();
            }
        }

        fn open(&self) {
            *self.0.lock().unwrap() = true;
            self.1.notify_all();
        }
    }

    /// Lets go of what it is given.
    struct Broken;

    impl Executor for Broken {
        fn spawn(&self, _: BoxFuture) {}
        fn spawn_blocking(&self, _: Box<dyn FnOnce() + Send>) {}
        fn sleep(&self, _: Duration) -> BoxFuture {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn so_many_run_at_a_time_and_the_others_in_order() {
        let (lanes, gate) = (Arc::new(Lanes::default()), Arc::new(Gate::default()));
        let (sender, receiver) = mpsc::sync_channel(MAX_BLOCKING * 3);
        for number in 0..MAX_BLOCKING * 3 {
            let (sender, gate) = (sender.clone(), Arc::clone(&gate));
            let task = async move {
                sender.send(number).unwrap();
                gate.pass();
            };
            lanes.run(&Threads, Box::pin(task));
        }
        let begun: usize = receiver.iter().take(MAX_BLOCKING).sum();
        assert_eq!(begun, (0..MAX_BLOCKING).sum::<usize>());
        assert_eq!(lanes.lock().queue.len(), MAX_BLOCKING * 2);
        assert!(receiver.try_recv().is_err());
        gate.open();
        assert_eq!(
            receiver.iter().take(MAX_BLOCKING * 2).count(),
            MAX_BLOCKING * 2
        );
    }

    /// Counts the threads that are asked for.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Executor for Counting {
        fn spawn(&self, _: BoxFuture) {}
        fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
            self.0.fetch_add(1, Relaxed);
            Threads.spawn_blocking(function);
        }
        fn sleep(&self, _: Duration) -> BoxFuture {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn a_thread_that_lingers_takes_the_next_and_one_only() {
        let lanes = Arc::new(Lanes {
            linger: Duration::from_secs(3600),
            ..Lanes::default()
        });
        let (executor, gate) = (Counting::default(), Arc::new(Gate::default()));
        let (sender, receiver) = mpsc::sync_channel(3);
        let task = |number: usize| -> BoxFuture {
            let (sender, gate) = (sender.clone(), Arc::clone(&gate));
            Box::pin(async move {
                sender.send(number).unwrap();
                if number > 0 {
                    gate.pass();
                }
            })
        };
        lanes.run(&executor, task(0));
        while lanes.lock().lingering == 0 {
            thread::yield_now();
        }
        // The first is awaited; the second would wait for as long as that takes.
        lanes.run(&executor, task(1));
        lanes.run(&executor, task(2));
        let mut begun: Vec<usize> = receiver.iter().take(3).collect();
        begun.sort_unstable();
        assert_eq!((begun, executor.0.load(Relaxed)), (vec![0, 1, 2], 2));
        gate.open();
        lanes.clear(&executor);
        while lanes.lock().running > 0 {
            thread::yield_now();
        }
        assert_eq!(lanes.lock().lingering, 0);
    }

    #[test]
    fn what_waits_is_let_go_of_when_it_is_cleared() {
        let (lanes, gate) = (Arc::new(Lanes::default()), Arc::new(Gate::default()));
        let held = Arc::new(());
        for _ in 0..=MAX_BLOCKING {
            let (gate, held) = (Arc::clone(&gate), Arc::clone(&held));
            let task = async move {
                gate.pass();
                drop(held);
            };
            lanes.run(&Threads, Box::pin(task));
        }
        lanes.clear(&Threads);
        while Arc::strong_count(&held) > MAX_BLOCKING + 1 {
            std::thread::yield_now();
        }
        gate.open();
        while Arc::strong_count(&held) > 1 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn an_executor_that_runs_nothing_loses_no_count() {
        let lanes = Arc::new(Lanes::default());
        for _ in 0..MAX_BLOCKING * 2 {
            lanes.run(&Broken, Box::pin(async {}));
        }
        assert_eq!(lanes.lock().running, 0);
    }
}
