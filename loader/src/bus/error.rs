use super::{
    Denied, MAX_DEPTH, MAX_PAYLOAD_LEN, MAX_QUEUE_LEN, MAX_RETAINED, MAX_RETAINED_BYTES,
    MAX_RETAINED_BYTES_OF_ONE, MAX_RETAINED_OF_ONE, MAX_SUBSCRIPTIONS, MAX_WAIT,
};
use jackfield_abi::{Failure, FailureCode};
use jackfield_manifest::{PatternError, TopicError};
use std::time::Duration;

/// Why an event or a subscription is not taken. Then nothing was published, nor anything changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The topic is not dotted names.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The pattern is neither a topic nor one with a wildcard at its end.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The payload is too large.
    #[error(
        "a payload has at most {MAX_PAYLOAD_LEN} bytes, this one has {0}: publish where it is to be \
         found, or in parts"
    )]
    TooLarge(usize),
    /// Too many subscriptions.
    #[error(
        "a plugin has at most {MAX_SUBSCRIPTIONS} subscriptions, and this one has them: end those \
         that it no longer needs, or subscribe once with a wildcard"
    )]
    Full,
    /// It may not.
    #[error(transparent)]
    Denied(#[from] Box<Denied>),
    /// The publisher has as much retained as one may have.
    #[error(
        "expected at most {MAX_RETAINED_OF_ONE} topics and {MAX_RETAINED_BYTES_OF_ONE} bytes \
         retained by one publisher, found {topics} topics and {bytes} bytes with this one: clear \
         what nobody asks for; nothing was published"
    )]
    RetainedOfOne {
        /// How many it would have.
        topics: usize,
        /// How many bytes they would take.
        bytes: usize,
    },
    /// The host has as much retained as it keeps.
    #[error(
        "expected at most {MAX_RETAINED} topics and {MAX_RETAINED_BYTES} bytes retained by all \
         together, found {topics} topics and {bytes} bytes with this one: clear what nobody asks \
         for; nothing was published"
    )]
    RetainedByAll {
        /// How many there would be.
        topics: usize,
        /// How many bytes they would take.
        bytes: usize,
    },
    /// Quick subscribers publish to quick subscribers without end.
    #[error(
        "published inside {MAX_DEPTH} events of quick subscriptions that are inside each other, and \
         there may be no more: do not publish in a ring, or let one of them have a queue"
    )]
    TooDeep,
    /// More would wait than may.
    #[error("a queue has 1 to {MAX_QUEUE_LEN} places, found {0}")]
    Capacity(u32),
    /// A publisher would wait for too long.
    #[error("a publisher waits for room for at most {MAX_WAIT:?}, found {0:?}")]
    Wait(Duration),
    /// There is no queue for the retained values to come through.
    #[error(
        "a quick subscription has no queue for retained values to come through: ask for the last \
         value of each topic, or subscribe without `quick`"
    )]
    QuickRetained,
    /// The plugin was built for a newer host.
    #[error("asks for {what} {number}, which this host does not know: update the host")]
    Unknown {
        /// What.
        what: &'static str,
        /// Which.
        number: u32,
    },
    /// The subscriber is stopping.
    #[error("the plugin is stopping, it hears nothing any more: subscribe while it starts or runs")]
    Stopping,
}

impl BusError {
    /// As a plugin is told of it.
    pub(crate) fn failure(&self) -> Failure {
        let code = match self {
            Self::Full
            | Self::RetainedOfOne { .. }
            | Self::RetainedByAll { .. }
            | Self::TooDeep => FailureCode::FULL,
            Self::Denied(_) => FailureCode::DENIED,
            Self::Unknown { .. } => FailureCode::UNSUPPORTED,
            Self::Stopping => FailureCode::UNAVAILABLE,
            Self::Topic(_)
            | Self::Pattern(_)
            | Self::TooLarge(_)
            | Self::Capacity(_)
            | Self::Wait(_)
            | Self::QuickRetained => FailureCode::INVALID,
        };
        Failure::new(code, self.to_string())
    }
}
