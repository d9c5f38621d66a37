//! Who polls what plugins spawn: whatever the embedder brings, or threads.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

/// An owned future of unknown type.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs futures, blocking functions and timers for plugins. The loader brings no runtime of its
/// own: a program that has one (tokio, say) gives it through this.
pub trait Executor: Send + Sync + 'static {
    /// Polls a future until it is done.
    fn spawn(&self, future: BoxFuture);

    /// Runs a function on a thread where blocking hurts nobody.
    fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>);

    /// Is ready after that time.
    fn sleep(&self, duration: Duration) -> BoxFuture;
}

/// The executor of a program that brings none: a thread for each task, one for all timers. Right
/// for a handful of tasks, and needs nothing.
#[derive(Debug, Default)]
pub struct Threads;

impl Executor for Threads {
    fn spawn(&self, future: BoxFuture) {
        self.spawn_blocking(Box::new(move || pollster::block_on(future)));
    }

    fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
        let spawned = thread::Builder::new()
            .name("jackfield-task".to_owned())
            .spawn(function);
        if let Err(error) = spawned {
            log::error!("cannot start a thread for a plugin's task, the task is dropped: {error}");
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        Box::pin(Sleep {
            until: Instant::now() + duration,
            shared: None,
        })
    }
}

/// What a sleeping future and the timer thread share.
#[derive(Default)]
struct Shared {
    state: Mutex<(bool, Option<Waker>)>,
}

struct Sleep {
    until: Instant,
    /// Present once the timer thread knows of it.
    shared: Option<Arc<Shared>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let shared = Arc::clone(self.shared.get_or_insert_with(|| timers().add(until)));
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let waker = shared
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .1
                .take();
            drop(waker);
        }
    }
}

#[derive(Default)]
struct Timers {
    queue: Mutex<BinaryHeap<Entry>>,
    changed: Condvar,
}

struct Entry {
    until: Reverse<Instant>,
    shared: Arc<Shared>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.until.cmp(&other.until)
    }
}

fn timers() -> &'static Timers {
    static TIMERS: OnceLock<Arc<Timers>> = OnceLock::new();
    TIMERS.get_or_init(|| {
        let timers = Arc::new(Timers::default());
        let own = Arc::clone(&timers);
        let spawned = thread::Builder::new()
            .name("jackfield-timer".to_owned())
            .spawn(move || own.run());
        if let Err(error) = spawned {
            log::error!("cannot start the timer thread, no timer will fire: {error}");
        }
        timers
    })
}

impl Timers {
    fn add(&self, until: Instant) -> Arc<Shared> {
        let shared = Arc::new(Shared::default());
        let entry = Entry {
            until: Reverse(until),
            shared: Arc::clone(&shared),
        };
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
        self.changed.notify_one();
        shared
    }

    fn run(&self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            let Some(first) = queue.peek() else {
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let until = first.until.0;
            if until > now {
                let wait = self.changed.wait_timeout(queue, until - now);
                queue = wait.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let due = queue.pop();
            // A waker is foreign code: no lock is held while it is called.
            drop(queue);
            if let Some(entry) = due {
                fire(&entry.shared);
            }
            queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn fire(shared: &Shared) {
    let waker = {
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        state.1.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn timers_fire_in_the_order_of_their_time() {
        let (sender, receiver) = mpsc::sync_channel(3);
        let threads = Arc::new(Threads);
        for millis in [30_u64, 10, 20] {
            let (sender, sleep) = (sender.clone(), threads.sleep(Duration::from_millis(millis)));
            threads.spawn(Box::pin(async move {
                sleep.await;
                sender.send(millis).unwrap();
            }));
        }
        let order: Vec<u64> = receiver.iter().take(3).collect();
        assert_eq!(order, [10, 20, 30]);
    }

    #[test]
    fn a_dropped_sleep_lets_its_waker_go() {
        struct Count;
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {}
        }
        let count = Arc::new(Count);
        let waker = Waker::from(Arc::clone(&count));
        let mut sleep = Threads.sleep(Duration::from_secs(3600));
        assert!(
            sleep
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(Arc::strong_count(&count), 3);
        drop(sleep);
        assert_eq!(Arc::strong_count(&count), 2);
    }
}
