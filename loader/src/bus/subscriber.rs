use super::{Bus, Event, Inbox, batch::Batch, inbox::READ};
use std::{fmt, sync::Arc, time::Instant};

/// The embedding program's subscription, made by [`Loader::subscribe`](crate::Loader::subscribe). It
/// ends when this is dropped.
pub struct Subscriber {
    bus: Arc<Bus>,
    inbox: Arc<Inbox>,
    id: u64,
    /// Taken out, and not given out yet.
    batch: Batch,
}

impl Subscriber {
    pub(super) fn new(bus: Arc<Bus>, inbox: Arc<Inbox>, id: u64) -> Self {
        Self {
            bus,
            inbox,
            id,
            batch: Batch::default(),
        }
    }

    /// The next event; `None` when none comes before the deadline.
    pub fn next(&mut self, deadline: Instant) -> Option<Event> {
        if self.batch.is_empty() {
            self.inbox.wait(&mut self.batch, deadline);
        }
        self.taken()
    }

    /// The next event; `None` when there is none now.
    pub fn try_next(&mut self) -> Option<Event> {
        if self.batch.is_empty() {
            self.inbox.take(READ, &mut self.batch);
        }
        self.taken()
    }

    fn taken(&mut self) -> Option<Event> {
        let (event, _) = self.batch.next()?;
        Some(event)
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
