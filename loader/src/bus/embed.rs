//! The embedding program on the bus.

use super::{BusError, Event, Inbox, Manner, SubscribeOptions, Subscribed, Subscriber};
use crate::{Loader, context::Shared};
use jackfield_manifest::TopicPattern;
use std::sync::Arc;

/// Publishes as the host what the host hears, such as its log, for whoever must not keep the loader:
/// see [`is_echoing`](crate::is_echoing). Cheap to clone; may outlive the loader, and then nobody
/// hears it.
#[derive(Clone)]
pub struct HostPublisher {
    shared: Arc<Shared>,
}

impl HostPublisher {
    /// Whether somebody has subscribed to that topic: for sparing oneself what nobody hears. Does
    /// not log.
    pub fn is_heard(&self, topic: &str) -> bool {
        self.shared.bus.is_heard(topic)
    }

    /// Publishes an event, as [`Loader::publish`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Loader::publish`].
    pub fn publish(&self, topic: &str, payload: &[u8]) -> Result<(), BusError> {
        self.shared.bus.publish_host(topic, payload, Manner::Echo)
    }

    /// Whether there is a plugin of that id, running or not.
    pub fn knows(&self, id: &str) -> bool {
        self.shared.registry.state(id).is_some()
    }
}

impl Loader {
    /// Publishes an event as the host itself. It never waits: where a subscription would have a
    /// publisher wait for room, the event is dropped and counted, and one that is quick gets it
    /// through a queue.
    ///
    /// Does nothing when it is called by whoever takes the log, for a record that the bus itself has
    /// written: so a host may publish its log.
    ///
    /// # Errors
    ///
    /// [`BusError`] for a topic that is none, or too large a payload. Then nothing was published.
    pub fn publish(&self, topic: &str, payload: &[u8]) -> Result<(), BusError> {
        self.core
            .crew
            .shared
            .bus
            .publish_host(topic, payload, Manner::Passing)
    }

    /// The same, and the event is kept as its topic's last value, until another is or the loader is
    /// dropped.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Loader::publish), and [`BusError::RetainedOfOne`] and
    /// [`BusError::RetainedByAll`] when no more is kept.
    pub fn publish_retained(&self, topic: &str, payload: &[u8]) -> Result<(), BusError> {
        self.core
            .crew
            .shared
            .bus
            .publish_host(topic, payload, Manner::Retained)
    }

    /// What publishes, as the host itself, what the host hears; may be kept longer than the loader.
    pub fn publisher(&self) -> HostPublisher {
        HostPublisher {
            shared: Arc::clone(&self.core.crew.shared),
        }
    }

    /// Subscribes for the embedding program, from when this returns.
    ///
    /// # Errors
    ///
    /// [`BusError::Pattern`] for what is no pattern, [`BusError::Capacity`] and [`BusError::Wait`] for
    /// options beyond their bounds.
    pub fn subscribe(
        &self,
        pattern: &str,
        options: SubscribeOptions,
    ) -> Result<Subscriber, BusError> {
        let pattern = TopicPattern::new(pattern)?;
        let (bus, inbox) = (&self.core.crew.shared.bus, Inbox::reader());
        let id = bus.subscribe(&inbox, pattern, options)?;
        Ok(Subscriber::new(Arc::clone(bus), inbox, id))
    }

    /// A topic's retained value.
    ///
    /// # Errors
    ///
    /// [`BusError::Topic`] for what is no topic.
    pub fn last(&self, topic: &str) -> Result<Option<Event>, BusError> {
        self.core.crew.shared.bus.last(topic)
    }

    /// Forgets a topic's retained value; false when it had none.
    ///
    /// # Errors
    ///
    /// [`BusError::Topic`] for what is no topic.
    pub fn clear_retained(&self, topic: &str) -> Result<bool, BusError> {
        self.core.crew.shared.bus.clear_retained(topic)
    }

    /// What a running plugin has subscribed to, and what came of it; `None` when it does not run.
    pub fn subscriptions(&self, id: &str) -> Option<Vec<Subscribed>> {
        let running = self.core.crew.running();
        let of = |running: &&crate::crew::Running| running.vetted.manifest.id.as_str() == id;
        let inbox = Arc::clone(&running.iter().find(of)?.instance.room.inbox);
        drop(running);
        Some(inbox.subscribed())
    }
}
