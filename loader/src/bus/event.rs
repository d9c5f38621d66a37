use jackfield_abi::RetainedEvent;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Bytes that an event takes beside its payload and topic, at most.
const OWN_COST: usize = 192;

/// An event as the host keeps it: once, for all who hear it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(Arc<Message>);

#[derive(Debug, PartialEq, Eq)]
struct Message {
    topic: Arc<str>,
    publisher: Arc<str>,
    payload: Box<[u8]>,
    sequence: u64,
    time_ns: u64,
    stamp: u64,
    is_echo: bool,
}

/// How an event is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// To those who hear it now.
    Passing,
    /// And it is kept as its topic's last value.
    Retained,
    /// As [`Passing`](Manner::Passing), and what is said while it is handed out must not be published
    /// in turn.
    Echo,
}

impl Event {
    /// As it is taken now. `stamp` says when it was retained; 0 for not at all.
    pub(super) fn new(
        topic: &Arc<str>,
        publisher: &Arc<str>,
        payload: &[u8],
        sequence: u64,
        stamp: u64,
    ) -> Self {
        Self(Arc::new(Message {
            topic: Arc::clone(topic),
            publisher: Arc::clone(publisher),
            payload: payload.into(),
            sequence,
            time_ns: now_ns(),
            stamp,
            is_echo: false,
        }))
    }

    /// The same as an echo.
    pub(super) fn echo(mut self) -> Self {
        // Nobody else has it yet.
        if let Some(message) = Arc::get_mut(&mut self.0) {
            message.is_echo = true;
        }
        self
    }

    pub(super) fn is_echo(&self) -> bool {
        self.0.is_echo
    }

    /// Dotted topic.
    pub fn topic(&self) -> &str {
        &self.0.topic
    }

    /// Id of the plugin that published it; empty for the host.
    pub fn publisher(&self) -> &str {
        &self.0.publisher
    }

    pub(super) fn publisher_arc(&self) -> &Arc<str> {
        &self.0.publisher
    }

    /// The payload as it was published.
    pub fn payload(&self) -> &[u8] {
        &self.0.payload
    }

    /// Counts the publisher's events from 1, anew each time that it is created.
    pub fn sequence(&self) -> u64 {
        self.0.sequence
    }

    /// When it was taken, in nanoseconds since the Unix epoch.
    pub fn time_ns(&self) -> u64 {
        self.0.time_ns
    }

    pub(super) fn stamp(&self) -> u64 {
        self.0.stamp
    }

    /// What it counts for where bytes are bounded.
    pub(super) fn cost(&self) -> usize {
        cost(self.topic(), self.payload())
    }

    /// As it is given away.
    pub(crate) fn to_abi(&self) -> RetainedEvent {
        RetainedEvent {
            publisher: self.publisher().into(),
            payload: self.payload().to_vec().into(),
            sequence: self.0.sequence,
            time_ns: self.0.time_ns,
        }
    }

    /// As it is lent.
    pub(super) fn lend(&self, subscription: u64) -> jackfield_abi::Event<'_> {
        jackfield_abi::Event {
            topic: self.topic().into(),
            publisher: self.publisher().into(),
            payload: self.payload().into(),
            sequence: self.0.sequence,
            time_ns: self.0.time_ns,
            subscription,
        }
    }
}

/// What an event counts for where bytes are bounded.
pub(super) fn cost(topic: &str, payload: &[u8]) -> usize {
    OWN_COST + topic.len() + payload.len()
}

fn now_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
