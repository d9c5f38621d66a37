//! The blocking tasks of one plugin: so many at a time, the others in order.
//!
//! An executor has only so many threads on which something may block, for all plugins together. One
//! plugin that took them all would keep the events and tasks of every other waiting.

use crate::executor::{BoxFuture, Executor};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most blocking tasks of one plugin that run at the same time.
pub(crate) const MAX_BLOCKING: usize = 32;

#[derive(Default)]
pub(super) struct Lanes(Mutex<State>);

#[derive(Default)]
struct State {
    /// How many threads run tasks.
    running: usize,
    /// Never longer than a plugin may have tasks.
    queue: VecDeque<BoxFuture>,
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a task now, or when one that came before it has ended.
    pub(super) fn run(self: &Arc<Self>, executor: &dyn Executor, task: BoxFuture) {
        let mut state = self.lock();
        if state.running == MAX_BLOCKING {
            state.queue.push_back(task);
            return;
        }
        state.running += 1;
        drop(state);
        let lane = Lane(Some(Arc::clone(self)));
        executor.spawn_blocking(Box::new(move || lane.work(task)));
    }

    /// Lets go of all that have not begun. Their drop is plugin code, so it runs where it may block.
    pub(super) fn clear(&self, executor: &dyn Executor) {
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
        let next = state.queue.pop_front();
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
    use std::{
        sync::{Condvar, mpsc},
        time::Duration,
    };

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
