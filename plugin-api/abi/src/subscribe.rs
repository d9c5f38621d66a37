use abi_stable::{
    StableAbi,
    std_types::{RString, RVec},
};

/// How a plugin subscribes, lent for the call of [`Host::subscribe`](crate::Host::subscribe).
/// `[crosses by reference, frozen; grows by flags]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Any of [`SUBSCRIBE_RETAINED`], [`SUBSCRIBE_QUICK`] and [`SUBSCRIBE_CAPACITY`]; one that the
    /// host does not know is `UNSUPPORTED`.
    pub flags: u32,
    /// What becomes of an event that finds the queue full.
    pub policy: QueuePolicy,
    /// Events that wait at most, 1 to 65,536; not used without [`SUBSCRIBE_CAPACITY`], where the host
    /// decides (1,024).
    pub capacity: u32,
    /// Not used: 0.
    pub reserved: u32,
    /// With [`QueuePolicy::BLOCK`], how long a publisher waits for room at most, in nanoseconds.
    pub wait_ns: u64,
}

/// What a host does with an event for which a subscription's queue has no room: an open set.
#[repr(transparent)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueuePolicy(pub u32);

impl QueuePolicy {
    /// Drops the oldest that waits, and counts it.
    pub const DROP_OLDEST: Self = Self(0);
    /// Drops the new one, and counts it.
    pub const DROP_NEWEST: Self = Self(1);
    /// The publisher waits for room; when none comes in time, the new one is dropped and counted.
    pub const BLOCK: Self = Self(2);
}

/// Of [`SubscribeOptions`]: the retained values of matching topics come first, in order of topic.
pub const SUBSCRIBE_RETAINED: u32 = 1;

/// Of [`SubscribeOptions`]: events of plugins are handed over at once, on the publisher's thread,
/// without a queue. Those of the host are queued all the same.
pub const SUBSCRIBE_QUICK: u32 = 2;

/// Of [`SubscribeOptions`]: `capacity` is meant.
pub const SUBSCRIBE_CAPACITY: u32 = 4;

/// Of [`Host::publish`](crate::Host::publish): the host keeps the event as its topic's last value.
pub const PUBLISH_RETAIN: u32 = 1;

/// A topic's retained value, given away. `[crosses by value, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, PartialEq, Eq)]
pub struct RetainedEvent {
    /// Id of the plugin that published it; empty for the host itself.
    pub publisher: RString,
    /// The payload.
    pub payload: RVec<u8>,
    /// As in [`Event`](crate::Event).
    pub sequence: u64,
    /// As in [`Event`](crate::Event).
    pub time_ns: u64,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<SubscribeOptions>() == 24);
    assert!(offset_of!(SubscribeOptions, capacity) == 8);
    assert!(offset_of!(SubscribeOptions, wait_ns) == 16);
    assert!(size_of::<RetainedEvent>() == 80);
    assert!(offset_of!(RetainedEvent, sequence) == 64);
};
