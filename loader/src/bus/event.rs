use jackfield_abi::RetainedEvent;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use triomphe::ThinArc;

/// Bytes that an event takes beside its payload and topic, at most.
const OWN_COST: usize = 192;

/// An event as the host keeps it: once, for all who hear it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(ThinArc<Head, u8>);

/// What an event has beside its payload, with which it is in one piece of memory.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    origin: Arc<Origin>,
    time_ns: u64,
    told: Told,
}

/// What its publisher says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) sequence: u64,
    /// When it was retained; 0 for not at all.
    pub(super) stamp: u64,
    pub(super) is_echo: bool,
}

/// Where events come from: what those that one publisher publishes on one topic have in common.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) topic: Arc<str>,
    pub(super) publisher: Arc<str>,
}

impl Origin {
    pub(super) fn is_of_host(&self) -> bool {
        self.publisher.is_empty()
    }
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
    /// As it is taken now.
    pub(super) fn new(origin: &Arc<Origin>, payload: &[u8], told: Told) -> Self {
        let head = Head {
            origin: Arc::clone(origin),
            time_ns: now_ns(),
            told,
        };
        Self(ThinArc::from_header_and_slice(head, payload))
    }

    /// The same in the memory of one that nobody else has, if it is as long.
    pub(super) fn renewed(
        mut self,
        origin: &Arc<Origin>,
        payload: &[u8],
        told: Told,
    ) -> Option<Self> {
        let renewed = self.0.with_arc_mut(|arc| {
            let event = triomphe::Arc::get_mut(arc)?;
            if event.slice().len() != payload.len() {
                return None;
            }
            event.slice_mut().copy_from_slice(payload);
            let head = event.header_mut();
            if !Arc::ptr_eq(&head.origin, origin) {
                head.origin = Arc::clone(origin);
            }
            (head.time_ns, head.told) = (now_ns(), told);
            Some(())
        });
        renewed.map(|()| self)
    }

    /// Whether nobody else has it.
    pub(super) fn is_unique(&self) -> bool {
        self.0.with_arc(|arc| arc.is_unique())
    }

    fn head(&self) -> &Head {
        &self.0.header.header
    }

    pub(super) fn is_echo(&self) -> bool {
        self.head().told.is_echo
    }

    /// Dotted topic.
    pub fn topic(&self) -> &str {
        &self.head().origin.topic
    }

    /// Id of the plugin that published it; empty for the host.
    pub fn publisher(&self) -> &str {
        &self.head().origin.publisher
    }

    /// The payload as it was published.
    pub fn payload(&self) -> &[u8] {
        &self.0.slice
    }

    /// Counts the publisher's events from 1, anew each time that it is created.
    pub fn sequence(&self) -> u64 {
        self.head().told.sequence
    }

    /// When it was taken, in nanoseconds since the Unix epoch.
    pub fn time_ns(&self) -> u64 {
        self.head().time_ns
    }

    pub(super) fn stamp(&self) -> u64 {
        self.head().told.stamp
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
            sequence: self.head().told.sequence,
            time_ns: self.head().time_ns,
        }
    }

    /// As it is lent.
    pub(super) fn lend(&self, subscription: u64) -> jackfield_abi::Event<'_> {
        jackfield_abi::Event {
            topic: self.topic().into(),
            publisher: self.publisher().into(),
            payload: self.payload().into(),
            sequence: self.head().told.sequence,
            time_ns: self.head().time_ns,
            subscription,
        }
    }
}

/// What an event counts for where bytes are bounded.
pub fn cost(topic: &str, payload: &[u8]) -> usize {
    OWN_COST + topic.len() + payload.len()
}

fn now_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
