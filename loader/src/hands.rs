//! Threads for what may hang: a few stay when there is nothing to do.
//!
//! A new thread registers its destructors with the system's loader, so while a constructor hangs in
//! there none comes up. One that is there already can still stop other plugins.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// The most that stay.
const KEPT: usize = 2;

pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// Dropping it ends those that wait.
#[derive(Default)]
pub(crate) struct Hands(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// For threads that wait; each is counted in `idle` no more.
    tasks: VecDeque<Task>,
    idle: usize,
    is_closed: bool,
    /// How many more threads cannot be made.
    #[cfg(test)]
    refused: usize,
}

impl Hands {
    /// Runs a task on a thread that waits, or on a new one.
    pub(crate) fn run(&self, task: Task) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.idle > 0 {
            state.idle -= 1;
            state.tasks.push_back(task);
            self.0.changed.notify_one();
            return Ok(());
        }
        #[cfg(test)]
        if state.refused > 0 {
            state.refused -= 1;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        drop(state);
        let own = Arc::clone(&self.0);
        thread::Builder::new()
            .name("jackfield-plugin".to_owned())
            .spawn(move || own.work(task))
            .map(drop)
    }
}

#[cfg(test)]
impl Hands {
    /// As where the system has no threads left, for so many of them.
    pub(crate) fn refusing(threads: usize) -> Self {
        let hands = Self::default();
        hands.0.lock().refused = threads;
        hands
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, first: Task) {
        let mut next = Some(first);
        while let Some(task) = next {
            task();
            next = self.wait();
        }
    }

    /// The next task; `None` when there are enough that wait, or none will come.
    fn wait(&self) -> Option<Task> {
        let mut state = self.lock();
        if state.idle == KEPT {
            return None;
        }
        state.idle += 1;
        loop {
            if let Some(task) = state.tasks.pop_front() {
                return Some(task);
            }
            if state.is_closed {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{Barrier, mpsc},
        thread::ThreadId,
        time::{Duration, Instant},
    };

    /// Has that many threads inside at the same time, and tells which they were.
    fn occupy(hands: &Hands, count: usize) -> Vec<ThreadId> {
        let (sender, receiver) = mpsc::sync_channel(count);
        let barrier = Arc::new(Barrier::new(count));
        for _ in 0..count {
            let (sender, barrier) = (sender.clone(), Arc::clone(&barrier));
            let task = move || {
                barrier.wait();
                sender.send(thread::current().id()).unwrap();
            };
            hands.run(Box::new(task)).unwrap();
        }
        receiver.iter().take(count).collect()
    }

    fn until_idle(hands: &Hands, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while hands.0.lock().idle != count {
            assert!(Instant::now() < deadline, "{count} threads never wait");
            thread::yield_now();
        }
    }

    #[test]
    fn some_stay_and_are_used_again() {
        let hands = Hands::default();
        let first = occupy(&hands, 5);
        until_idle(&hands, KEPT);
        let second = occupy(&hands, KEPT);
        assert!(second.iter().all(|thread| first.contains(thread)));
        // One more than wait is a new one.
        until_idle(&hands, KEPT);
        assert_eq!(occupy(&hands, KEPT + 1).len(), KEPT + 1);
    }

    #[test]
    fn none_stays_when_it_is_dropped() {
        let hands = Hands::default();
        occupy(&hands, 3);
        until_idle(&hands, KEPT);
        let shared = Arc::downgrade(&hands.0);
        drop(hands);
        let deadline = Instant::now() + Duration::from_secs(30);
        while shared.strong_count() > 0 {
            assert!(Instant::now() < deadline, "a thread waits for ever");
            thread::yield_now();
        }
    }
}
