//! Threads for what may hang: a few stay when there is nothing to do.
//!
//! A new thread registers its destructors with the system's loader, so while a constructor hangs in
//! there none comes up. One that is there already can still stop other plugins: what waits for a new
//! thread is taken by whichever comes first.

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
    /// What no thread has come to, with its number.
    tasks: VecDeque<(u64, Task)>,
    last: u64,
    /// Threads that wait: each takes a task when it is woken.
    idle: usize,
    is_closed: bool,
    /// How many more threads cannot be made.
    #[cfg(test)]
    refused: usize,
    /// How many more are made and never come up.
    #[cfg(test)]
    stuck: usize,
}

impl Hands {
    /// Runs a task on a thread that waits, or on a new one.
    pub(crate) fn run(&self, task: Task) -> io::Result<()> {
        let mut state = self.0.lock();
        state.last += 1;
        let number = state.last;
        state.tasks.push_back((number, task));
        if state.idle >= state.tasks.len() {
            self.0.changed.notify_one();
            return Ok(());
        }
        drop(state);
        self.spawn().or_else(|error| {
            // Somebody may have come to it meanwhile.
            let mut state = self.0.lock();
            let place = state.tasks.iter().position(|(other, _)| *other == number);
            let taken_back = place.and_then(|place| state.tasks.remove(place));
            drop(state);
            taken_back.map_or(Ok(()), |_| Err(error))
        })
    }

    fn spawn(&self) -> io::Result<()> {
        #[cfg(test)]
        {
            let mut state = self.0.lock();
            if state.refused > 0 {
                state.refused -= 1;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if state.stuck > 0 {
                state.stuck -= 1;
                return Ok(());
            }
        }
        let own = Arc::clone(&self.0);
        let thread = thread::Builder::new().name("jackfield-plugin".to_owned());
        thread.spawn(move || own.work()).map(drop)
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

    fn work(&self) {
        while let Some(task) = self.next() {
            task();
        }
    }

    /// The next task; `None` when there are enough that wait, or none will come.
    fn next(&self) -> Option<Task> {
        let mut state = self.lock();
        if state.tasks.is_empty() && state.idle >= KEPT {
            return None;
        }
        state.idle += 1;
        let task = loop {
            if let Some((_, task)) = state.tasks.pop_front() {
                break Some(task);
            }
            if state.is_closed {
                break None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        };
        state.idle -= 1;
        task
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
    fn one_that_comes_back_takes_what_waits_for_another() {
        let hands = Hands::default();
        let (release, released) = mpsc::sync_channel::<()>(1);
        let (done, is_done) = mpsc::sync_channel(1);
        hands
            .run(Box::new(move || released.recv().unwrap()))
            .unwrap();
        hands.0.lock().stuck = 1;
        hands.run(Box::new(move || done.send(()).unwrap())).unwrap();
        release.send(()).unwrap();
        is_done.recv_timeout(Duration::from_secs(30)).unwrap();
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
