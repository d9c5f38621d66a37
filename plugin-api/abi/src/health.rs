use abi_stable::{StableAbi, std_types::RString};

/// What a plugin says of its own health. `[crosses by value, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The verdict.
    pub status: HealthStatus,
    /// For people; empty when there is nothing to say.
    pub message: RString,
    /// A JSON object with whatever the plugin wants shown, or empty.
    pub metadata: RString,
}

/// The verdict of a [`Health`]: an open set; an unknown one counts as [`HealthStatus::DEGRADED`].
#[repr(transparent)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HealthStatus(pub u32);

impl HealthStatus {
    /// Does what it is for.
    pub const HEALTHY: Self = Self(0);
    /// Works, with less than it should have.
    pub const DEGRADED: Self = Self(1);
    /// Does not work.
    pub const UNHEALTHY: Self = Self(2);
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<Health>() == 72);
