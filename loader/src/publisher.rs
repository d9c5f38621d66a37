//! The host's own voice on the bus, for whoever must not keep the loader.

use crate::{bus::BusError, context::Shared};
use std::sync::Arc;

/// Publishes as the host. Cheap to clone; may outlive the loader, and then nobody hears it.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

impl Publisher {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
        }
    }

    /// Whether somebody has subscribed to that topic: for sparing oneself what nobody hears. Does
    /// not log.
    pub fn is_heard(&self, topic: &str) -> bool {
        self.shared.bus.is_heard(topic)
    }

    /// Publishes an event as the host itself.
    ///
    /// # Errors
    ///
    /// [`BusError`] for a topic that is none, or too large a payload.
    pub fn publish(&self, topic: &str, payload: &[u8]) -> Result<(), BusError> {
        self.shared.bus.publish_host(topic, payload)
    }

    /// Whether there is a plugin of that id, running or not.
    pub fn knows(&self, id: &str) -> bool {
        self.shared.registry.state(id).is_some()
    }
}
