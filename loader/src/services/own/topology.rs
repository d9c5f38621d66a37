use crate::{context::Room, ffi::guard, topology};
use jackfield_abi::{
    RString, Topology, TopologyObject, abi_stable::type_level::downcasting::TD_Opaque,
};
use std::sync::Arc;

/// The topology as plugins see it, all of them the same.
struct Side(Arc<Room>);

pub(super) fn object(room: &Arc<Room>) -> TopologyObject {
    TopologyObject::from_value(Side(Arc::clone(room)), TD_Opaque)
}

impl Topology for Side {
    fn edge(&self) -> RString {
        self.0.shared.facts.edge.as_str().into()
    }

    fn snapshot(&self) -> RString {
        let snapshot = guard(|| match self.0.far() {
            Some(far) => far.snapshot(),
            None => topology::snapshot(&self.0.shared).to_string(),
        });
        snapshot.map_or_else(|_| "{\"edges\":{}}".into(), RString::from)
    }
}
