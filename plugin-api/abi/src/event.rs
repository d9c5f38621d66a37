use abi_stable::{
    StableAbi,
    std_types::{RSlice, RStr},
};

/// One event, lent to a subscriber for the time of the call. `[crosses by reference, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Dotted topic, such as `heartbeat.tick`.
    pub topic: RStr<'a>,
    /// Id of the plugin that published it, as the host knows it (a publisher cannot forge it);
    /// empty for the host itself.
    pub publisher: RStr<'a>,
    /// The payload. What it means is the publisher's to say; JSON in UTF-8 by convention.
    pub payload: RSlice<'a, u8>,
    /// Counts the publisher's events from 1, so that a gap can be seen.
    pub sequence: u64,
    /// When the host took it, in nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// The subscription, as [`Host::subscribe`](crate::Host::subscribe) returned it.
    pub subscription: u64,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(core::mem::size_of::<Event<'_>>() == 72);
    assert!(core::mem::offset_of!(Event<'_>, sequence) == 48);
};
