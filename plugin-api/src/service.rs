//! Typed services: an object of one plugin that others call as they would call a function.

use crate::{Context, Error, Lease, Result, ffi};
use jackfield_abi::abi_stable::StableAbi;

/// The contract of a service: a type that its provider and its users know from a crate that they
/// share, usually the object of a `#[sabi_trait]`, and under which name and version it goes.
///
/// The host compares how the type is laid out in the two plugins before it lets one use the other's
/// object. A contract grows as `docs/authors.md` says.
///
/// A panic that leaves a method of such an object ends the process: write the bodies of those that
/// can panic as [`guarded`].
pub trait Service: StableAbi + Send + Sync + 'static {
    /// The service's id, as it stands in `provides` and `requires` of a `plugin.toml`.
    const ID: &'static str;
    /// The version of the contract, as it stands in `provides`, such as `1.0.0`.
    const VERSION: &'static str;
}

/// Runs the body of a service's method: a panic in it, which the host is told of, becomes an error.
///
/// # Errors
///
/// When the body panicked, with the panic's message.
pub fn guarded<R>(body: impl FnOnce() -> R) -> Result<R> {
    ffi::guard(body).map_err(Error::from_failure)
}

impl Context {
    /// Offers a service, which this plugin's manifest has under `provides` in the version of the
    /// contract. Others can use it from when this plugin runs; it is taken back, and the object
    /// dropped, when the plugin stops or does not come to run.
    ///
    /// # Errors
    ///
    /// When the manifest does not have it, it is offered already, or the plugin is stopping.
    pub fn provide<T: Service>(&self, service: T) -> Result<()> {
        let host = &self.host().object;
        host.provide(T::ID.into(), T::VERSION.into(), ffi::offer(service))
            .into_result()
            .map_err(Error::from_failure)
    }

    /// The preferred provider's service of that type, in a version that is both in `range`, such
    /// as `^1.2`, and in the range that this plugin's manifest has for it under `requires`. Of
    /// several that run, that with the smaller priority is preferred, then the higher version of
    /// the service, then the plugin whose id comes first.
    ///
    /// A call of it costs what a call through a function pointer costs, so take it once, in
    /// `initialize`, and keep it. While it is kept, the provider's library stays mapped.
    ///
    /// # Errors
    ///
    /// When the manifest does not require it, or nobody who fits provides it now; the message says
    /// who could.
    pub fn require<T: Service>(&self, range: &str) -> Result<Lease<T>> {
        let mut leases = self.leases(range, false)?;
        leases
            .pop()
            .ok_or_else(|| Error::new("the host gave no service"))
    }

    /// The service of every provider that runs and fits, the preferred first, as
    /// [`require`](Context::require) chooses; perhaps none.
    ///
    /// # Errors
    ///
    /// When the manifest does not require it.
    pub fn require_all<T: Service>(&self, range: &str) -> Result<Vec<Lease<T>>> {
        self.leases(range, true)
    }

    fn leases<T: Service>(&self, range: &str, all: bool) -> Result<Vec<Lease<T>>> {
        let host = &self.host().object;
        let leases = host
            .require(T::ID.into(), range.into(), ffi::layout_of::<T>(), all)
            .into_result()
            .map_err(Error::from_failure)?;
        leases.into_iter().map(ffi::lease).collect()
    }
}
