use super::{
    Event, SubscribeOptions, Subscribed,
    batch::{Batch, Waiting},
};
use jackfield_manifest::TopicPattern;
use std::collections::VecDeque;

/// An empty lane that was longer gives its memory back.
const KEPT: usize = 1024;

/// What waits for one subscription, each with its place in the order of all that waits for its
/// subscriber.
pub(super) struct Lane {
    pub(super) id: u64,
    pub(super) pattern: TopicPattern,
    pub(super) options: SubscribeOptions,
    /// Retained values up to this stamp are in already.
    pub(super) primed: u64,
    pub(super) dropped: u64,
    /// A publisher has waited for room in vain, and nothing was taken since.
    pub(super) is_stalled: bool,
    events: VecDeque<Waiting>,
    /// What all that waits costs.
    bytes: usize,
}

impl Lane {
    pub(super) fn new(id: u64, pattern: TopicPattern, options: SubscribeOptions) -> Self {
        Self {
            id,
            pattern,
            options,
            primed: 0,
            dropped: 0,
            is_stalled: false,
            events: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Whether it has as many as it may have.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.options.capacity as usize
    }

    /// Whether it has half as many.
    pub(super) fn is_half_full(&self) -> bool {
        self.len() >= self.options.capacity.div_ceil(2) as usize
    }

    pub(super) fn put(&mut self, place: u64, event: Event, cost: usize) {
        self.bytes += cost;
        self.events.push_back((event, place));
    }

    /// Place of the oldest.
    pub(super) fn first(&self) -> Option<u64> {
        self.events.front().map(|(_, place)| *place)
    }

    /// Moves the oldest of those whose place comes before that one into a batch, until that has so
    /// many, or so many bytes were moved; how many bytes.
    pub(super) fn take(
        &mut self,
        before: u64,
        most: usize,
        bytes: usize,
        batch: &mut Batch,
    ) -> usize {
        self.is_stalled = false;
        let last = self.events.back().map_or(0, |(_, place)| *place);
        if batch.is_empty() && last < before && self.len() <= most && self.bytes <= bytes {
            // Whoever publishes would have to wait while they are moved one by one.
            std::mem::swap(&mut self.events, &mut batch.events);
            batch.stretch(batch.len(), self.id);
            return std::mem::take(&mut self.bytes);
        }
        let (mut moved, len) = (0, batch.len());
        while batch.len() < most
            && moved < bytes
            && let Some(waiting) = self.events.pop_front_if(|(_, place)| *place < before)
        {
            moved += waiting.0.cost();
            batch.events.push_back(waiting);
        }
        batch.stretch(batch.len() - len, self.id);
        self.bytes -= moved;
        moved
    }

    /// Drops the oldest; what it cost.
    pub(super) fn drop_oldest(&mut self) -> Option<usize> {
        let cost = self.events.pop_front()?.0.cost();
        self.bytes -= cost;
        Some(cost)
    }

    /// After some were taken.
    pub(super) fn shrink(&mut self) {
        if self.events.is_empty() && self.events.capacity() > KEPT {
            self.events = VecDeque::new();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn describe(&self) -> Subscribed {
        Subscribed {
            pattern: self.pattern.clone(),
            is_quick: self.options.quick,
            waiting: u32::try_from(self.len()).unwrap_or(u32::MAX),
            dropped: self.dropped,
        }
    }
}
