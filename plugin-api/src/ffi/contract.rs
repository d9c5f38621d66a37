//! The contracts of the host's own services: plain Rust around what crosses.

use jackfield_abi::{
    BusObject, ClockObject, ConfigObject, StorageObject, TopologyObject,
    abi_stable::{
        StableAbi, abi_stability::get_static_equivalent::GetStaticEquivalent_,
        type_layout::TypeLayout, type_level::bools::False,
    },
};

/// A type that is one object of the boundary and nothing else, with the layout of that.
macro_rules! contract {
    ($(#[$doc:meta])* $name:ident, $object:ty) => {
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name(pub(crate) $object);

        // SAFETY: it is its own equivalent, since it borrows nothing.
        unsafe impl GetStaticEquivalent_ for $name {
            type StaticEquivalent = Self;
        }

        // SAFETY: it is transparent, so it is laid out as the object is; that it has no niche to
        // rely on is the careful answer.
        unsafe impl StableAbi for $name {
            type IsNonZeroType = False;
            const LAYOUT: &'static TypeLayout = <$object as StableAbi>::LAYOUT;
        }
    };
}

contract! {
    /// The host's service `bus`: events to others, and from them, as [`Context`](crate::Context)
    /// has them.
    BusService, BusObject
}
contract! {
    /// The host's service `clock`: what time it is, and waiting.
    Clock, ClockObject
}
contract! {
    /// The host's service `config`: this plugin's own configuration as it is now, and what of the
    /// host is open to every plugin.
    ConfigService, ConfigObject
}
contract! {
    /// The host's service `storage`: this plugin's own keys and values, as
    /// [`Context::storage`](crate::Context::storage) has them.
    StorageService, StorageObject
}
contract! {
    /// The host's service `topology`: which plugins there are, and where.
    Topology, TopologyObject
}
