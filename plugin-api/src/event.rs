use crate::Result;
use jackfield_abi::RetainedEvent;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime};

/// One event of a topic that the plugin subscribed to, lent for the time of the call.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    raw: &'a jackfield_abi::Event<'a>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(raw: &'a jackfield_abi::Event<'a>) -> Self {
        Self { raw }
    }

    /// The topic, such as `heartbeat.tick`.
    pub fn topic(&self) -> &'a str {
        self.raw.topic.as_str()
    }

    /// Id of the plugin that published it, as the host knows it; empty for the host itself.
    pub fn publisher(&self) -> &'a str {
        self.raw.publisher.as_str()
    }

    /// The payload as it came.
    pub fn payload(&self) -> &'a [u8] {
        self.raw.payload.as_slice()
    }

    /// The payload, read as JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or not of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(self.payload())?)
    }

    /// Counts its publisher's events from 1, anew each time that the publisher is created.
    pub fn sequence(&self) -> u64 {
        self.raw.sequence
    }

    /// When the host took it.
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.raw.time_ns)
    }

    /// The subscription that it came through.
    pub fn subscription(&self) -> Subscription {
        Subscription(self.raw.subscription)
    }
}

/// Names one subscription of this plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subscription(pub(crate) u64);

/// A topic's last value, as [`Context::last`](crate::Context::last) gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    raw: RetainedEvent,
}

impl Retained {
    pub(crate) fn new(raw: RetainedEvent) -> Self {
        Self { raw }
    }

    /// Id of the plugin that published it, as the host knows it; empty for the host itself.
    pub fn publisher(&self) -> &str {
        self.raw.publisher.as_str()
    }

    /// The payload as it came.
    pub fn payload(&self) -> &[u8] {
        self.raw.payload.as_slice()
    }

    /// The payload, read as JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or not of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(self.payload())?)
    }

    /// Counts its publisher's events from 1.
    pub fn sequence(&self) -> u64 {
        self.raw.sequence
    }

    /// When the host took it.
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.raw.time_ns)
    }
}
