use crate::context::{HostSide, Room};
use jackfield_abi::{
    Bus, BusObject, Failure, Host, RResult, RSlice, RStr,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use std::sync::Arc;

/// The bus as one plugin sees it: what its context has, bound to the same plugin.
struct Side(HostSide);

pub(super) fn object(room: &Arc<Room>) -> BusObject {
    BusObject::from_value(Side(HostSide(Arc::clone(room))), TD_Opaque)
}

impl Bus for Side {
    fn publish(&self, topic: RStr<'_>, payload: RSlice<'_, u8>) -> RResult<(), Failure> {
        self.0.publish(topic, payload)
    }

    fn subscribe(&self, pattern: RStr<'_>) -> RResult<u64, Failure> {
        self.0.subscribe(pattern)
    }

    fn unsubscribe(&self, subscription: u64) -> bool {
        self.0.unsubscribe(subscription)
    }
}
