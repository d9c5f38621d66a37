use abi_stable::{
    sabi_trait,
    std_types::{RBox, RString},
};
use async_ffi::FfiFuture;

/// The host's service `clock`: what time it is, and waiting.
#[sabi_trait]
pub trait Clock: Send + Sync {
    /// Nanoseconds since 1970 in UTC, by the system's clock: it may be set, also back.
    /// `[any thread, any state]`
    fn now_ns(&self) -> i64;

    /// Nanoseconds since the host's first use of it: never goes back, and may stand still while the
    /// machine sleeps. Comparable within one process. `[any thread, any state]`
    fn monotonic_ns(&self) -> u64;

    /// The IANA name of the system's time zone, such as `Europe/Berlin`; empty where it has none that
    /// is known. `[any thread, any state]`
    fn time_zone(&self) -> RString;

    /// Is ready after that many nanoseconds. The plugin owns the future. `[any thread, any state]`
    #[sabi(last_prefix_field)]
    fn sleep(&self, duration_ns: u64) -> FfiFuture<()>;
}

/// An owned [`Clock`].
pub type ClockObject = Clock_TO<'static, RBox<()>>;
