use super::{
    BusError, Event,
    event::{Origin, Told, cost},
};
use jackfield_manifest::{Reach, TopicPattern};
use rustc_hash::FxHashMap;
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most topics with a retained value.
pub const MAX_RETAINED: usize = 4096;
/// The most bytes that these take: payloads, topics, and 192 for each.
pub const MAX_RETAINED_BYTES: usize = 64 << 20;
/// The most topics with a value of one publisher.
pub const MAX_RETAINED_OF_ONE: usize = 1024;
/// The most bytes that these take.
pub const MAX_RETAINED_BYTES_OF_ONE: usize = 16 << 20;

/// The last values of topics. They outlive whoever published them.
#[derive(Default)]
pub(super) struct Retained(Mutex<Values>);

#[derive(Default)]
struct Values {
    topics: BTreeMap<Arc<str>, Event>,
    bytes: usize,
    by_publisher: FxHashMap<Arc<str>, Share>,
    /// Counts the values.
    stamp: u64,
}

/// What one publisher has retained.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    topics: usize,
    bytes: usize,
}

impl Retained {
    fn values(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an event, and keeps it in place of the one before.
    pub(super) fn keep(
        &self,
        origin: &Arc<Origin>,
        payload: &[u8],
        sequence: u64,
    ) -> Result<Event, BusError> {
        let (topic, publisher) = (&origin.topic, &origin.publisher);
        let mut values = self.values();
        values.check(topic, publisher, cost(topic, payload))?;
        values.stamp += 1;
        let told = Told {
            sequence,
            stamp: values.stamp,
            is_echo: false,
        };
        let event = Event::new(origin, payload, told);
        let old = values.remove(topic);
        let share = values
            .by_publisher
            .entry(Arc::clone(publisher))
            .or_default();
        share.topics += 1;
        share.bytes += event.cost();
        values.bytes += event.cost();
        values.topics.insert(Arc::clone(topic), event.clone());
        drop(values);
        drop(old);
        Ok(event)
    }

    pub(super) fn last(&self, topic: &str) -> Option<Event> {
        self.values().topics.get(topic).cloned()
    }

    pub(super) fn clear(&self, topic: &str) -> bool {
        // Dropped after the lock.
        let old = self.values().remove(topic);
        old.is_some()
    }

    /// The values of all topics that a pattern matches, in the order of the topics, and the stamp of
    /// the newest value that there is.
    pub(super) fn matching(&self, pattern: &TopicPattern) -> (Vec<Event>, u64) {
        let values = self.values();
        let stem = pattern.stem();
        let found = match pattern.reach() {
            Reach::Exact => values.topics.get(stem).cloned().into_iter().collect(),
            Reach::One | Reach::Any => {
                let from = (Bound::Included(stem), Bound::Unbounded);
                let below = values.topics.range::<str, _>(from);
                below
                    .take_while(|(topic, _)| topic.starts_with(stem))
                    .filter(|(topic, _)| pattern.matches(topic))
                    .map(|(_, event)| event.clone())
                    .collect()
            }
        };
        (found, values.stamp)
    }
}

impl Values {
    /// Whether there is room for another value of a topic.
    fn check(&self, topic: &str, publisher: &str, cost: usize) -> Result<(), BusError> {
        let old = self.topics.get(topic);
        let count = |topics: usize, bytes: usize, old: Option<&Event>| {
            let freed = old.map_or(0, Event::cost);
            (
                topics + 1 - usize::from(old.is_some()),
                bytes + cost - freed,
            )
        };
        let own = self
            .by_publisher
            .get(publisher)
            .copied()
            .unwrap_or_default();
        let own_old = old.filter(|old| old.publisher() == publisher);
        let (topics, bytes) = count(own.topics, own.bytes, own_old);
        if topics > MAX_RETAINED_OF_ONE || bytes > MAX_RETAINED_BYTES_OF_ONE {
            return Err(BusError::RetainedOfOne { topics, bytes });
        }
        let (topics, bytes) = count(self.topics.len(), self.bytes, old);
        if topics > MAX_RETAINED || bytes > MAX_RETAINED_BYTES {
            return Err(BusError::RetainedByAll { topics, bytes });
        }
        Ok(())
    }

    fn remove(&mut self, topic: &str) -> Option<Event> {
        let old = self.topics.remove(topic)?;
        self.bytes -= old.cost();
        let publisher = old.publisher();
        if let Some(share) = self.by_publisher.get_mut(publisher) {
            share.topics -= 1;
            share.bytes -= old.cost();
            if share.topics == 0 {
                self.by_publisher.remove(publisher);
            }
        }
        Some(old)
    }
}
