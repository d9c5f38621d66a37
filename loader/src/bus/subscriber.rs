use super::{Bus, Event, Inbox};
use std::{collections::VecDeque, fmt, sync::Arc, time::Instant};

/// The embedding program's subscription, made by [`Loader::subscribe`](crate::Loader::subscribe). It
/// ends when this is dropped.
pub struct Subscriber {
    bus: Arc<Bus>,
    inbox: Arc<Inbox>,
    id: u64,
    /// Taken out, and not given out yet.
    next: VecDeque<Event>,
    batch: Vec<(Event, u64)>,
}

impl Subscriber {
    pub(super) fn new(bus: Arc<Bus>, inbox: Arc<Inbox>, id: u64) -> Self {
        Self {
            bus,
            inbox,
            id,
            next: VecDeque::new(),
            batch: Vec::new(),
        }
    }

    /// The next event; `None` when none comes before the deadline.
    pub fn next(&mut self, deadline: Instant) -> Option<Event> {
        if self.next.is_empty() && self.inbox.wait(&mut self.batch, deadline) {
            self.next
                .extend(self.batch.drain(..).map(|(event, _)| event));
        }
        self.next.pop_front()
    }

    /// The next event; `None` when there is none now.
    pub fn try_next(&mut self) -> Option<Event> {
        if self.next.is_empty() && self.inbox.take(&mut self.batch) {
            self.next
                .extend(self.batch.drain(..).map(|(event, _)| event));
        }
        self.next.pop_front()
    }

    /// How many events it did not get because there was no room.
    pub fn dropped(&self) -> u64 {
        self.inbox.dropped_of(self.id).unwrap_or_default()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.bus.detach(&self.inbox);
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("subscribed", &self.inbox.subscribed())
            .finish_non_exhaustive()
    }
}
