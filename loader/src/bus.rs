//! Topics: who hears what, through queues with a bound.
//!
//! | room | what |
//! |---|---|
//! | `topic` of the manifest's crate | topics, patterns, which pattern covers which |
//! | `event`, `recycled` | an event, once for all who hear it; the memory of those before |
//! | `options` | how somebody subscribes |
//! | `table` | every subscription, by what it begins with |
//! | `route` | who hears one topic, remembered by who publishes there |
//! | `publisher` | the order of one publisher's events |
//! | `lane`, `queue`, `inbox` | what waits for one subscription, for one subscriber, and how it gets there |
//! | `batch` | what is taken out of it at once |
//! | `hand_out`, `quick` | how a plugin gets it: one after another, or at once |
//! | `subscriber`, `embed` | the embedding program as a subscriber and a publisher |
//! | `retained` | last values |
//! | `permit` | what a plugin may |
//!
//! Locks, in the order in which they may be taken: a publisher's own, one inbox's, then the table or
//! the retained values. None of them is held while a plugin is called.

mod batch;
mod embed;
mod error;
mod event;
mod hand_out;
mod inbox;
mod lane;
mod options;
mod permit;
mod publisher;
mod queue;
mod quick;
mod quiet;
mod recycled;
mod retained;
mod route;
mod subscriber;
mod table;

#[cfg(test)]
mod tests;

pub use embed::HostPublisher;
pub use error::BusError;
pub(crate) use event::Manner;
pub use event::{Event, cost};
pub(crate) use inbox::Inbox;
pub(crate) use options::retains;
pub use options::{MAX_QUEUE_LEN, MAX_WAIT, Policy, QUEUE_LEN, SubscribeOptions};
pub use permit::{Act, Denied, Permit};
pub(crate) use publisher::Publisher;
pub use queue::{MAX_QUEUE_BYTES, MAX_SUBSCRIPTIONS, Subscribed};
pub use quick::MAX_DEPTH;
pub use quiet::is_echoing;
pub use retained::{
    MAX_RETAINED, MAX_RETAINED_BYTES, MAX_RETAINED_BYTES_OF_ONE, MAX_RETAINED_OF_ONE,
};
pub use subscriber::Subscriber;

use jackfield_manifest::{TopicPattern, check_topic};
use retained::Retained;
use route::Target;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use table::Table;

/// The largest payload, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 1 << 20;

/// Everything that subscribers and publishers of one host share.
pub(crate) struct Bus {
    table: Mutex<Table>,
    /// Changes with the table, so that a route that was found out before is known for old.
    generation: AtomicU64,
    next_subscription: AtomicU64,
    retained: Retained,
    host: Publisher,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            table: Mutex::default(),
            generation: AtomicU64::new(0),
            next_subscription: AtomicU64::new(0),
            retained: Retained::default(),
            host: Publisher::host(),
        }
    }
}

impl Bus {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From when this returns, every event that is published and matches comes to the inbox.
    pub(crate) fn subscribe(
        &self,
        inbox: &Arc<Inbox>,
        pattern: TopicPattern,
        options: SubscribeOptions,
    ) -> Result<u64, BusError> {
        let id = self.next_subscription.fetch_add(1, Ordering::Relaxed) + 1;
        // Held until the retained values are in, so that nothing newer comes before them.
        let mut queue = inbox.queue();
        let lane = queue.add(id, pattern.clone(), options)?;
        let target = Target {
            inbox: Arc::clone(inbox),
            id,
            lane,
        };
        let mut table = self.table();
        table.insert(&pattern, target, options.quick);
        self.generation.fetch_add(1, Ordering::Release);
        drop(table);
        if options.retained {
            let (values, stamp) = self.retained.matching(&pattern);
            queue.prime(lane, id, &values, stamp);
        }
        inbox.wake_if_needed(queue);
        Ok(id)
    }

    /// Ends a subscription; false when there is none of that number.
    pub(crate) fn unsubscribe(&self, inbox: &Inbox, id: u64) -> bool {
        // Its events are dropped after the lock.
        let removed = inbox.remove(id);
        let Some((pattern, _events)) = removed else {
            return false;
        };
        self.remove(&[(id, pattern)]);
        true
    }

    /// Ends all of an inbox's subscriptions, for good, and forgets what waits in it.
    pub(crate) fn detach(&self, inbox: &Inbox) {
        let (subscriptions, _events) = inbox.close();
        self.remove(&subscriptions);
    }

    fn remove(&self, subscriptions: &[(u64, TopicPattern)]) {
        let mut table = self.table();
        for (id, pattern) in subscriptions {
            table.remove(pattern, *id);
        }
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Publishes for the host itself.
    pub(crate) fn publish_host(
        &self,
        topic: &str,
        payload: &[u8],
        manner: Manner,
    ) -> Result<(), BusError> {
        if quiet::is_quiet() {
            return Ok(());
        }
        self.host.publish(self, topic, payload, manner)
    }

    /// Whether somebody has subscribed to that topic.
    pub(crate) fn is_heard(&self, topic: &str) -> bool {
        self.table().is_heard(topic)
    }

    /// The retained value of a topic.
    pub(crate) fn last(&self, topic: &str) -> Result<Option<Event>, BusError> {
        check_topic(topic)?;
        Ok(self.retained.last(topic))
    }

    /// Forgets it; false when there was none.
    pub(crate) fn clear_retained(&self, topic: &str) -> Result<bool, BusError> {
        check_topic(topic)?;
        Ok(self.retained.clear(topic))
    }
}
