//! What crosses between the plugins. Nobody writes these by hand.
#![expect(
    unsafe_code,
    clippy::mem_forget,
    non_local_definitions,
    reason = "StableAbi and sabi_trait expand to it"
)]

use crate::Metric;
use abi_stable::{
    StableAbi, sabi_trait,
    std_types::{RBox, RResult, RSlice, RStr, RString},
};
use plugin_api::Service;

/// A backend as it crosses. Each method may be called from any thread, several at once, and may
/// block for as long as it takes; none lets a panic out.
#[sabi_trait]
pub trait BackendContract: Send + Sync {
    /// Keeps numbers, in order: all of them or, on an error, the first `kept` of it, and the error is
    /// that of the next. When it returns they are kept.
    fn log_metrics(&self, metrics: RSlice<'_, Metric<'_>>) -> RResult<(), Fault>;

    /// Keeps parameters: the text of a JSON object. A name that is there gets the new value.
    fn log_params(&self, params: RStr<'_>) -> RResult<(), Fault>;

    /// Keeps a copy of a file under a relative path.
    fn log_artifact(&self, local_path: RStr<'_>, artifact_path: RStr<'_>) -> RResult<(), Fault>;

    /// How it does: the text of a JSON object, the caller's to free.
    #[sabi(last_prefix_field)]
    fn get_status(&self) -> RResult<RString, Fault>;
}

/// A collector as it crosses, with the same rules.
#[sabi_trait]
pub trait CollectorContract: Send + Sync {
    /// Measures: the text of a JSON object, the caller's to free.
    fn collect(&self) -> RResult<RString, Fault>;

    /// How often it wants to be asked, in milliseconds.
    fn interval_ms(&self) -> u64;

    /// How it does: the text of a JSON object, the caller's to free.
    #[sabi(last_prefix_field)]
    fn get_status(&self) -> RResult<RString, Fault>;
}

/// An owned backend: the service `tracking.backend`.
pub type BackendObject = BackendContract_TO<'static, RBox<()>>;
/// An owned collector: the service `tracking.collector`.
pub type CollectorObject = CollectorContract_TO<'static, RBox<()>>;

impl Service for BackendObject {
    const ID: &'static str = "tracking.backend";
    const VERSION: &'static str = "1.0.0";
}

impl Service for CollectorObject {
    const ID: &'static str = "tracking.collector";
    const VERSION: &'static str = "1.0.0";
}

/// An error on its way.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) message: RString,
    /// Of several numbers, how many of the first were kept all the same.
    pub(crate) kept: u64,
}

/// What sort of an error. No enum: another version may know more of them.
#[repr(transparent)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultKind(pub(crate) u32);

impl FaultKind {
    pub(crate) const FAILED: Self = Self(0);
    pub(crate) const INVALID: Self = Self(1);
    pub(crate) const UNAVAILABLE: Self = Self(2);
    pub(crate) const UNSUPPORTED: Self = Self(3);
    pub(crate) const PANICKED: Self = Self(4);
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Fault>() == 48 && align_of::<Fault>() == 8);
