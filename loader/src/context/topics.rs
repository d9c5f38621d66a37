//! What a plugin does on the bus, within what it may.

use super::Room;
use crate::bus::{BusError, Event, Manner, SubscribeOptions, retains};
use jackfield_manifest::TopicPattern;

impl Room {
    pub(super) fn publish(&self, topic: &str, payload: &[u8], flags: u32) -> Result<(), BusError> {
        let manner = match retains(flags)? {
            true => Manner::Retained,
            false => Manner::Passing,
        };
        self.publisher
            .publish(&self.shared.bus, topic, payload, manner)
    }

    pub(super) fn subscribe(
        &self,
        pattern: &str,
        options: SubscribeOptions,
    ) -> Result<u64, BusError> {
        let pattern = TopicPattern::new(pattern)?;
        if let Some(permit) = self.publisher.permit() {
            permit.subscribe(&pattern)?;
        }
        self.shared.bus.subscribe(&self.inbox, pattern, options)
    }

    pub(super) fn last(&self, topic: &str) -> Result<Option<Event>, BusError> {
        if let Some(permit) = self.publisher.permit() {
            permit.hear(topic)?;
        }
        self.shared.bus.last(topic)
    }

    pub(super) fn clear_retained(&self, topic: &str) -> Result<bool, BusError> {
        if let Some(permit) = self.publisher.permit() {
            permit.publish(topic)?;
        }
        self.shared.bus.clear_retained(topic)
    }
}
