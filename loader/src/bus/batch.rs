use super::Event;
use std::collections::VecDeque;

/// An event and its place. Small: whoever publishes writes where another processor has just read.
pub(super) type Waiting = (Event, u64);

/// What was taken out at once, in its order.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) events: VecDeque<Waiting>,
    /// How many of them, one after another, are for which subscription.
    stretches: VecDeque<(usize, u64)>,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.stretches.clear();
    }

    /// The last so many are for that subscription.
    pub(super) fn stretch(&mut self, len: usize, subscription: u64) {
        if len > 0 {
            self.stretches.push_back((len, subscription));
        }
    }
}

/// Each event with its subscription, as it is taken out of the batch.
impl Iterator for Batch {
    type Item = (Event, u64);

    fn next(&mut self) -> Option<Self::Item> {
        let (event, _) = self.events.pop_front()?;
        let (left, subscription) = self.stretches.front_mut()?;
        let subscription = *subscription;
        *left -= 1;
        if *left == 0 {
            self.stretches.pop_front();
        }
        Some((event, subscription))
    }
}
