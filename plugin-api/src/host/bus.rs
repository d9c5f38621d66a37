use super::BusService;
use crate::{
    Error, Result, Service, Subscribe,
    event::{Retained, Subscription},
};
use jackfield_abi::PUBLISH_RETAIN;
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
        let published = self.0.publish(topic.into(), payload.into(), 0);
        published.into_result().map_err(Error::from_failure)
    }

    /// As [`Context::publish_retained`](crate::Context::publish_retained).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn publish_retained(&self, topic: &str, value: &impl Serialize) -> Result<()> {
        let payload = serde_json::to_vec(value)?;
        let published = self
            .0
            .publish(topic.into(), payload.as_slice().into(), PUBLISH_RETAIN);
        published.into_result().map_err(Error::from_failure)
    }

    /// As [`Context::last`](crate::Context::last).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn last(&self, topic: &str) -> Result<Option<Retained>> {
        let last = self.0.last(topic.into()).into_result();
        let last = last.map_err(Error::from_failure)?.into_option();
        Ok(last.map(Retained::new))
    }

    /// As [`Context::clear_retained`](crate::Context::clear_retained).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn clear_retained(&self, topic: &str) -> Result<bool> {
        let cleared = self.0.clear_retained(topic.into());
        cleared.into_result().map_err(Error::from_failure)
    }

    /// As [`Context::subscribe`](crate::Context::subscribe).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn subscribe(&self, pattern: &str) -> Result<Subscription> {
        self.subscribe_with(pattern, &Subscribe::new())
    }

    /// As [`Context::subscribe_with`](crate::Context::subscribe_with).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn subscribe_with(&self, pattern: &str, options: &Subscribe) -> Result<Subscription> {
        let subscribed = self.0.subscribe(pattern.into(), &options.to_abi());
        let subscribed = subscribed.into_result();
        subscribed.map(Subscription).map_err(Error::from_failure)
    }

    /// As [`Context::dropped`](crate::Context::dropped).
    pub fn dropped(&self, subscription: Subscription) -> Option<u64> {
        self.0.dropped(subscription.0).into_option()
    }

    /// As [`Context::unsubscribe`](crate::Context::unsubscribe).
    pub fn unsubscribe(&self, subscription: Subscription) -> bool {
        self.0.unsubscribe(subscription.0)
    }
}
