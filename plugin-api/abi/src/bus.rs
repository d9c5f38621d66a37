use crate::{Failure, RetainedEvent, SubscribeOptions};
use abi_stable::{
    sabi_trait,
    std_types::{RBox, ROption, RResult, RSlice, RStr},
};

/// The host's service `bus`: the same as [`Host`](crate::Host) has, for who wants nothing else of it.
#[sabi_trait]
pub trait Bus: Send + Sync {
    /// As [`Host::publish`](crate::Host::publish). `[any thread, initialized to stopping]`
    fn publish(&self, topic: RStr<'_>, payload: RSlice<'_, u8>, flags: u32)
    -> RResult<(), Failure>;

    /// As [`Host::last`](crate::Host::last). `[any thread, initialized to stopping]`
    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure>;

    /// As [`Host::clear_retained`](crate::Host::clear_retained).
    /// `[any thread, initialized to stopping]`
    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure>;

    /// As [`Host::subscribe`](crate::Host::subscribe). `[any thread, initialized to stopping]`
    fn subscribe(&self, pattern: RStr<'_>, options: &SubscribeOptions) -> RResult<u64, Failure>;

    /// As [`Host::dropped`](crate::Host::dropped). `[any thread, any state]`
    fn dropped(&self, subscription: u64) -> ROption<u64>;

    /// As [`Host::unsubscribe`](crate::Host::unsubscribe). `[any thread, any state]`
    #[sabi(last_prefix_field)]
    fn unsubscribe(&self, subscription: u64) -> bool;
}

/// An owned [`Bus`].
pub type BusObject = Bus_TO<'static, RBox<()>>;
