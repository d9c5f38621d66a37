//! Who polls what plugins spawn: whatever the embedder brings, or threads.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
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
            until: later(duration),
            due: None,
        })
    }
}

/// A time that no clock has is one that nobody lives to see.
fn later(duration: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(duration)
        .unwrap_or_else(|| now + Duration::from_secs(100 * 365 * 24 * 3600))
}

/// When it is due, and a number to tell apart those that are due at the same time.
type Due = (Instant, u64);

struct Sleep {
    until: Instant,
    /// Present once the timer thread knows of it.
    due: Option<Due>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let due = *self.due.get_or_insert_with(|| timers().number(until));
        if Instant::now() >= until {
            return Poll::Ready(());
        }
        // Wakers are foreign code: they are cloned and dropped outside the lock.
        let waker = cx.waker().clone();
        drop(timers().set(due, waker));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(due) = self.due {
            drop(timers().remove(due));
        }
    }
}

/// Every sleep that is waited for, the next first.
#[derive(Default)]
struct Timers {
    waiting: Mutex<BTreeMap<Due, Waker>>,
    changed: Condvar,
    numbers: AtomicU64,
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
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Due, Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, until: Instant) -> Due {
        (until, self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Has that waker woken then; the one that was to be woken before, to be dropped.
    fn set(&self, due: Due, waker: Waker) -> Option<Waker> {
        let mut waiting = self.lock();
        let before = waiting.insert(due, waker);
        if waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first == due)
        {
            self.changed.notify_one();
        }
        before
    }

    fn remove(&self, due: Due) -> Option<Waker> {
        self.lock().remove(&due)
    }

    fn run(&self) {
        loop {
            // A waker is foreign code: no lock is held while it is called.
            self.next().wake();
        }
    }

    /// Waits until one is due.
    fn next(&self) -> Waker {
        let mut waiting = self.lock();
        loop {
            let left = match waiting.first_entry() {
                None => None,
                Some(first) => {
                    let left = first.key().0.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return first.remove();
                    }
                    Some(left)
                }
            };
            waiting = match left {
                None => self.changed.wait(waiting),
                Some(left) => Ok(match self.changed.wait_timeout(waiting, left) {
                    Ok((waiting, _)) => waiting,
                    Err(poisoned) => poisoned.into_inner().0,
                }),
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
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
        // Polled again, it has the newer waker only.
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

    #[test]
    fn dropped_sleeps_are_forgotten() {
        let mut context = Context::from_waker(Waker::noop());
        let timers = timers();
        let later = |due: &Due| due.0 > Instant::now() + Duration::from_secs(3600);
        let count = || timers.lock().keys().filter(|due| later(due)).count();
        for _ in 0..100 {
            let mut sleep = Threads.sleep(Duration::from_secs(7200));
            assert!(sleep.as_mut().poll(&mut context).is_pending());
            assert_eq!(count(), 1);
        }
        assert_eq!(count(), 0);
        // Nor does a time that cannot be told panic.
        let mut sleep = Threads.sleep(Duration::MAX);
        assert!(sleep.as_mut().poll(&mut context).is_pending());
    }
}
