use abi_stable::{
    sabi_trait,
    std_types::{RBox, RStr},
};

/// The right to use a typed service of another plugin: while it is held, the object is there and
/// the provider's library stays mapped, also beyond the provider's stop.
#[sabi_trait]
pub trait ServiceLease: Send + Sync {
    /// Id of the plugin that provides it. `[any thread, while it is held]`
    fn provider(&self) -> RStr<'_>;

    /// The version in which it is provided, as semver writes it. `[any thread, while it is held]`
    fn version(&self) -> RStr<'_>;

    /// The provider's object, of the type whose layout was given to
    /// [`Host::require`](crate::Host::require): the host has compared the two sides' layouts. It
    /// may be used, also by several threads, until this is dropped.
    /// `[any thread, while it is held]`
    #[sabi(last_prefix_field)]
    fn object(&self) -> *const ();
}

/// An owned [`ServiceLease`].
pub type ServiceLeaseObject = ServiceLease_TO<'static, RBox<()>>;
