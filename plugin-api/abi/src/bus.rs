use crate::Failure;
use abi_stable::{
    sabi_trait,
    std_types::{RBox, RResult, RSlice, RStr},
};

/// The host's service `bus`: the same as [`Host`](crate::Host) has, for who wants nothing else of it.
#[sabi_trait]
pub trait Bus: Send + Sync {
    /// As [`Host::publish`](crate::Host::publish). `[any thread, initialized to stopping]`
    fn publish(&self, topic: RStr<'_>, payload: RSlice<'_, u8>) -> RResult<(), Failure>;

    /// As [`Host::subscribe`](crate::Host::subscribe). `[any thread, initialized to stopping]`
    fn subscribe(&self, pattern: RStr<'_>) -> RResult<u64, Failure>;

    /// As [`Host::unsubscribe`](crate::Host::unsubscribe). `[any thread, any state]`
    #[sabi(last_prefix_field)]
    fn unsubscribe(&self, subscription: u64) -> bool;
}

/// An owned [`Bus`].
pub type BusObject = Bus_TO<'static, RBox<()>>;
