use abi_stable::{sabi_trait, std_types::RBox, type_layout::TypeLayout};

/// A typed service that a plugin offers: the object itself, and what type it is.
///
/// The object is dropped with this, by the provider's code, which catches a panic there. The host
/// drops this before it unmaps the provider, and after every [`ServiceLease`](crate::ServiceLease)
/// on it.
#[sabi_trait]
pub trait ServiceOffer: Send + Sync {
    /// The layout of the object's type, in the provider's library.
    /// `[any thread, while it is held]`
    fn layout(&self) -> &'static TypeLayout;

    /// Where the object is: at one place, never null, and fit to be shared by threads, for as long
    /// as this is held. `[any thread, while it is held]`
    #[sabi(last_prefix_field)]
    fn object(&self) -> *const ();
}

/// An owned [`ServiceOffer`].
pub type ServiceOfferObject = ServiceOffer_TO<'static, RBox<()>>;
