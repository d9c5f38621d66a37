use super::BusService;
use crate::{Error, Result, Service, event::Subscription};
use serde::Serialize;

impl Service for BusService {
    const ID: &'static str = "bus";
    const VERSION: &'static str = "1.0.0";
}

impl BusService {
    /// As [`Context::publish`](crate::Context::publish).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn publish(&self, topic: &str, value: &impl Serialize) -> Result<()> {
        self.publish_bytes(topic, &serde_json::to_vec(value)?)
    }

    /// As [`Context::publish_bytes`](crate::Context::publish_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn publish_bytes(&self, topic: &str, payload: &[u8]) -> Result<()> {
        let published = self.0.publish(topic.into(), payload.into());
        published.into_result().map_err(Error::from_failure)
    }

    /// As [`Context::subscribe`](crate::Context::subscribe).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn subscribe(&self, pattern: &str) -> Result<Subscription> {
        let subscribed = self.0.subscribe(pattern.into()).into_result();
        subscribed.map(Subscription).map_err(Error::from_failure)
    }

    /// As [`Context::unsubscribe`](crate::Context::unsubscribe).
    pub fn unsubscribe(&self, subscription: Subscription) -> bool {
        self.0.unsubscribe(subscription.0)
    }
}
