use super::BusError;
use jackfield_abi::{
    PUBLISH_RETAIN, QueuePolicy, SUBSCRIBE_CAPACITY, SUBSCRIBE_QUICK, SUBSCRIBE_RETAINED,
};
use std::time::Duration;

/// How many events wait for a subscription that does not say otherwise.
pub const QUEUE_LEN: u32 = 1024;
/// The most that it may ask for.
pub const MAX_QUEUE_LEN: u32 = 65_536;
/// The longest that a publisher may be made to wait for room.
pub const MAX_WAIT: Duration = Duration::from_secs(1);

/// How somebody subscribes: by default with a queue of [`QUEUE_LEN`] that drops its oldest event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscribeOptions {
    pub(crate) capacity: u32,
    pub(crate) policy: Policy,
    pub(crate) retained: bool,
    pub(super) quick: bool,
}

/// What becomes of an event for which a queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The oldest that waits is dropped and counted.
    #[default]
    DropOldest,
    /// The new one is dropped and counted.
    DropNewest,
    /// The publisher waits for room, at most for this long and never longer than [`MAX_WAIT`]; then
    /// the new one is dropped and counted. Nobody waits for himself, nor for who does not run yet,
    /// and the host itself never waits.
    Block(Duration),
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self {
            capacity: QUEUE_LEN,
            policy: Policy::default(),
            retained: false,
            quick: false,
        }
    }
}

impl SubscribeOptions {
    /// As by default.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many events wait at most: 1 to [`MAX_QUEUE_LEN`].
    pub fn capacity(self, capacity: u32) -> Self {
        Self { capacity, ..self }
    }

    /// What becomes of an event that finds the queue full.
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The last values of matching topics come first, in the order of their topics.
    pub fn retained(self) -> Self {
        let retained = true;
        Self { retained, ..self }
    }

    /// As a plugin says it.
    pub(crate) fn from_abi(options: &jackfield_abi::SubscribeOptions) -> Result<Self, BusError> {
        let unknown = |what, number| BusError::Unknown { what, number };
        let rest = options.flags & !(SUBSCRIBE_QUICK | SUBSCRIBE_RETAINED | SUBSCRIBE_CAPACITY);
        if rest != 0 {
            return Err(unknown("subscription flags", rest));
        }
        let policy = match options.policy {
            QueuePolicy::DROP_OLDEST => Policy::DropOldest,
            QueuePolicy::DROP_NEWEST => Policy::DropNewest,
            QueuePolicy::BLOCK => Policy::Block(Duration::from_nanos(options.wait_ns)),
            QueuePolicy(other) => return Err(unknown("queue policy", other)),
        };
        Ok(Self {
            capacity: match options.flags & SUBSCRIBE_CAPACITY {
                0 => QUEUE_LEN,
                _ => options.capacity,
            },
            policy,
            retained: options.flags & SUBSCRIBE_RETAINED != 0,
            quick: options.flags & SUBSCRIBE_QUICK != 0,
        })
    }

    /// Whether all of it can be had.
    pub(crate) fn check(&self) -> Result<(), BusError> {
        if !(1..=MAX_QUEUE_LEN).contains(&self.capacity) {
            return Err(BusError::Capacity(self.capacity));
        }
        match self.policy {
            Policy::Block(wait) if wait > MAX_WAIT => Err(BusError::Wait(wait)),
            _ if self.quick && self.retained => Err(BusError::QuickRetained),
            _ => Ok(()),
        }
    }
}

/// What a plugin's flags of publishing say: whether the event is to be retained.
pub(crate) fn retains(flags: u32) -> Result<bool, BusError> {
    match flags & !PUBLISH_RETAIN {
        0 => Ok(flags & PUBLISH_RETAIN != 0),
        number => Err(BusError::Unknown {
            what: "publishing flags",
            number,
        }),
    }
}
