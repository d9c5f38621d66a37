use crate::context::{HostSide, Room};
use jackfield_abi::{
    Bus, BusObject, Failure, Host, ROption, RResult, RSlice, RStr, RetainedEvent, SubscribeOptions,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use std::sync::Arc;

/// The bus as one plugin sees it: what its context has, bound to the same plugin.
struct BusOf<H>(H);

pub(super) fn object(room: &Arc<Room>) -> BusObject {
    bus_of(HostSide(Arc::clone(room)))
}

/// The bus of whatever stands for the host.
pub fn bus_of(host: impl Host + 'static) -> BusObject {
    BusObject::from_value(BusOf(host), TD_Opaque)
}

impl<H: Host> Bus for BusOf<H> {
    fn publish(
        &self,
        topic: RStr<'_>,
        payload: RSlice<'_, u8>,
        flags: u32,
    ) -> RResult<(), Failure> {
        self.0.publish(topic, payload, flags)
    }

    fn last(&self, topic: RStr<'_>) -> RResult<ROption<RetainedEvent>, Failure> {
        self.0.last(topic)
    }

    fn clear_retained(&self, topic: RStr<'_>) -> RResult<bool, Failure> {
        self.0.clear_retained(topic)
    }

    fn subscribe(&self, pattern: RStr<'_>, options: &SubscribeOptions) -> RResult<u64, Failure> {
        self.0.subscribe(pattern, options)
    }

    fn dropped(&self, subscription: u64) -> ROption<u64> {
        self.0.dropped(subscription)
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        self.0.unsubscribe(subscription)
    }
}
