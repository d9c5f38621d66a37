use super::{
    Event, Subscribed,
    batch::Batch,
    hand_out::{self, Pace},
    publisher::Patience,
    queue::{Offered, Queue},
    quiet::{HandingOut, quietly},
    route::Target,
};
use crate::{
    Executor,
    ffi::{Entered, Slot},
};
use jackfield_manifest::TopicPattern;
use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// How many events a reader takes out at once.
pub(super) const READ: usize = 64;

/// One subscriber: what it has subscribed to, what waits for it, and how it gets it.
pub(crate) struct Inbox {
    /// Whose; empty for the embedding program's.
    id: Box<str>,
    queue: Mutex<Queue>,
    /// How many events wait, as it was when the lock was last let go of: for who looks without it.
    waiting: AtomicUsize,
    /// There is room again.
    room: Condvar,
    /// Something came, for a reader; or enough, for who naps.
    arrived: Condvar,
    /// Who is called, once it runs. Its object owns the way to this inbox, so it is not owned here.
    callee: OnceLock<Weak<Slot>>,
    /// On which it is called; `None` for one that is read.
    executor: Option<Arc<dyn Executor>>,
}

impl Inbox {
    /// A plugin's: events are handed to it, once it is opened.
    pub(crate) fn plugin(id: &str, executor: &Arc<dyn Executor>) -> Arc<Self> {
        Self::new(id, Some(Arc::clone(executor)))
    }

    /// One that is read, and is open.
    pub(super) fn reader() -> Arc<Self> {
        let inbox = Self::new("", None);
        inbox.queue().open = true;
        inbox
    }

    fn new(id: &str, executor: Option<Arc<dyn Executor>>) -> Arc<Self> {
        Arc::new(Self {
            id: id.into(),
            queue: Mutex::default(),
            waiting: AtomicUsize::new(0),
            room: Condvar::new(),
            arrived: Condvar::new(),
            callee: OnceLock::new(),
            executor,
        })
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on events are handed to the plugin.
    pub(crate) fn open(self: &Arc<Self>, slot: &Arc<Slot>) {
        let mut queue = self.queue();
        if queue.closed || self.callee.set(Arc::downgrade(slot)).is_err() {
            return;
        }
        queue.open = true;
        self.wake_if_needed(queue);
    }

    /// Ends a subscription: what it heard, and the events that waited for it, to be dropped.
    pub(super) fn remove(&self, id: u64) -> Option<(TopicPattern, impl Sized + use<>)> {
        let removed = self.queue().remove(id);
        // Whoever waits for room there waits for nothing now.
        self.room.notify_all();
        removed
    }

    /// Hands out nothing any more: what was subscribed to, and what waited, to be dropped.
    pub(super) fn close(&self) -> (Vec<(u64, TopicPattern)>, impl Sized) {
        let cleared = self.queue().clear();
        // Whoever waits for room waits for nothing now.
        self.room.notify_all();
        cleared
    }

    /// Queues an event. Waits for room, where the subscription wants that and `patience` lets it.
    pub(super) fn push(
        self: &Arc<Self>,
        target: &Target,
        event: &Event,
        mut patience: Option<&mut Patience>,
    ) {
        let (mut has_looked, mut has_woken) = (false, false);
        let mut queue = self.queue();
        while let Offered::Full(limit) = queue.offer(target.lane, target.id, event) {
            // Once: who was woken may never come.
            if !has_woken && queue.start_draining() {
                has_woken = true;
                drop(queue);
                self.wake();
                queue = self.queue();
                continue;
            }
            let left = patience.as_mut().and_then(|p| p.left(limit));
            let Some(left) = left else {
                // Whoever was waited for in vain is not waited for again before it takes something.
                queue.give_up(target.lane, target.id, has_looked);
                break;
            };
            if !has_looked {
                // Most often there is room before a thread that sleeps would wake.
                has_looked = true;
                self.note(&queue);
                drop(queue);
                self.look_for_room();
                queue = self.queue();
                continue;
            }
            queue.waiting += 1;
            let waited = self.room.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.waiting -= 1;
        }
        self.wake_if_needed(queue);
    }

    /// After something was put in.
    pub(super) fn wake_if_needed(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>) {
        let wake = queue.start_draining();
        let rouse = queue.take_rouse();
        self.note(&queue);
        drop(queue);
        if rouse {
            self.arrived.notify_one();
        }
        if wake {
            self.wake();
        }
    }

    /// Somebody is to empty it. What the executor logs of that is no event.
    pub(super) fn wake(self: &Arc<Self>) {
        self.wake_at(Pace::new());
    }

    /// The same, at the pace of whoever emptied it just now.
    pub(super) fn wake_at(self: &Arc<Self>, pace: Pace) {
        match &self.executor {
            Some(executor) => quietly(|| hand_out::begin(self, &**executor, pace)),
            None => self.arrived.notify_one(),
        }
    }

    /// As [`take`](Inbox::take), but looks a few times before it says that there are none, or naps
    /// where many come.
    pub(super) fn linger(&self, naps: bool, most: usize, batch: &mut Batch) -> bool {
        let is_empty = || self.waiting.load(Ordering::Relaxed) == 0;
        if naps {
            if is_empty() {
                self.nap();
            }
        } else {
            let mut looks = 0..hand_out::LOOKS;
            while is_empty() && looks.next().is_some() {
                thread::yield_now();
            }
        }
        self.take(most, batch)
    }

    /// Waits a little for events, where there are none.
    fn nap(&self) {
        let mut queue = self.queue();
        if queue.nap() {
            let waited = self.arrived.wait_timeout(queue, hand_out::NAP);
            waited.unwrap_or_else(PoisonError::into_inner).0.wake_up();
        }
    }

    /// Waits a little until fewer wait than now, letting others run.
    fn look_for_room(&self) {
        let before = self.waiting.load(Ordering::Relaxed);
        for _ in 0..hand_out::LOOKS {
            thread::yield_now();
            if self.waiting.load(Ordering::Relaxed) < before {
                break;
            }
        }
    }

    fn note(&self, queue: &Queue) {
        self.waiting.store(queue.len(), Ordering::Relaxed);
    }

    /// The next events for whoever was woken, `most` of them at most; after false it must not ask
    /// again until woken again.
    pub(super) fn take(&self, most: usize, batch: &mut Batch) -> bool {
        let mut queue = self.queue();
        let taken = queue.take(most, batch);
        let waited_for = queue.waiting > 0;
        self.note(&queue);
        drop(queue);
        if waited_for {
            self.room.notify_all();
        }
        taken
    }

    /// The next events for a reader, which waits for them until the deadline.
    pub(super) fn wait(&self, batch: &mut Batch, deadline: Instant) -> bool {
        loop {
            if self.take(READ, batch) {
                return true;
            }
            let queue = self.queue();
            if queue.draining {
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.arrived.wait_timeout(queue, left);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Whoever was to empty it never came: the next event wakes another.
    pub(super) fn forsaken(&self) {
        self.queue().draining = false;
    }

    /// Who is called; `None` before it runs.
    pub(super) fn callee(&self) -> Option<Arc<Slot>> {
        self.callee.get()?.upgrade()
    }

    /// Hands an event to the plugin.
    pub(super) fn call(&self, plugin: &Entered<'_>, event: &Event, subscription: u64) {
        let _handing_out = HandingOut::new(event);
        if let Err(failure) = plugin.event(&event.lend(subscription)) {
            let (id, topic, publisher) = (&self.id, event.topic(), event.publisher());
            let message = failure.message;
            quietly(|| log::warn!("{id}: event {topic} of {publisher}: {message}"));
        }
    }

    /// How many events were dropped because there was no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.queue().dropped()
    }

    /// The same of one subscription.
    pub(crate) fn dropped_of(&self, subscription: u64) -> Option<u64> {
        self.queue().dropped_of(subscription)
    }

    pub(super) fn subscribed(&self) -> Vec<Subscribed> {
        self.queue().subscribed()
    }
}
