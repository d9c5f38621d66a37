use abi_stable::{StableAbi, std_types::RString};

/// Why a call across the boundary did not do what it was asked. `[crosses by value, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is. Readers treat a code that they do not know as
    /// [`FailureCode::ERROR`].
    pub code: FailureCode,
    /// For people: lower case, no full stop.
    pub message: RString,
}

impl Failure {
    /// A failure of the given kind.
    pub fn new(code: FailureCode, message: impl Into<RString>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The kind of a [`Failure`]: an open set, so that a newer side may use codes that an older one
/// does not know.
#[repr(transparent)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FailureCode(pub u32);

impl FailureCode {
    /// The callee returned an error.
    pub const ERROR: Self = Self(1);
    /// The callee panicked; the panic was caught on its own side, and reported through
    /// [`Host::panicked`](crate::Host::panicked) when it was the plugin's.
    pub const PANIC: Self = Self(2);
    /// This side does not have what was asked for.
    pub const UNSUPPORTED: Self = Self(3);
    /// The plugin, topic, task or service named does not exist.
    pub const NOT_FOUND: Self = Self(4);
    /// The target exists and cannot be used now (it is not running).
    pub const UNAVAILABLE: Self = Self(5);
    /// It was not done in the time allowed.
    pub const DEADLINE: Self = Self(6);
    /// It was cancelled.
    pub const CANCELLED: Self = Self(7);
    /// It is not permitted.
    pub const DENIED: Self = Self(8);
    /// A bound was reached.
    pub const FULL: Self = Self(9);
    /// What the caller gave is not valid: a name, a pattern, a configuration.
    pub const INVALID: Self = Self(10);
    /// The process in which the callee ran ended before it had answered.
    pub const ENDED: Self = Self(11);
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(core::mem::size_of::<Failure>() == 40);
    assert!(core::mem::offset_of!(Failure, message) == 8);
};
