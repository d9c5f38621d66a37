use super::guard;
use crate::{Error, Result, Service};
use jackfield_abi::{
    ServiceLeaseObject, ServiceOffer, ServiceOfferObject,
    abi_stable::{StableAbi, type_layout::TypeLayout, type_level::downcasting::TD_Opaque},
};
use std::{fmt, ops::Deref, ptr::NonNull};

/// How a service's type is laid out in this image.
pub(crate) fn layout_of<T: Service>() -> &'static TypeLayout {
    <T as StableAbi>::LAYOUT
}

/// A service as the host takes it.
pub(crate) fn offer<T: Service>(service: T) -> ServiceOfferObject {
    // Boxed by the object, so that it has one place from now on.
    ServiceOfferObject::from_value(Offer(Some(service)), TD_Opaque)
}

/// `None` only while it is dropped.
struct Offer<T>(Option<T>);

impl<T: Service> ServiceOffer for Offer<T> {
    fn layout(&self) -> &'static TypeLayout {
        layout_of::<T>()
    }

    fn object(&self) -> *const () {
        let service = self.0.as_ref().expect("only drop takes the service out");
        std::ptr::from_ref(service).cast()
    }
}

impl<T> Drop for Offer<T> {
    fn drop(&mut self) {
        let service = self.0.take();
        // The hook has reported a panic; there is nobody left to hand it to.
        let _ = guard(|| drop(service));
    }
}

/// A service of another plugin, for as long as this is held. It keeps the provider's library mapped,
/// also beyond the provider's stop, so whoever keeps it too long keeps the provider from being
/// unloaded.
pub struct Lease<T: Service> {
    object: NonNull<T>,
    /// After the object, which is there for as long as this is held.
    lease: ServiceLeaseObject,
}

/// What the host gave, as the type that it was asked for.
pub(crate) fn lease<T: Service>(lease: ServiceLeaseObject) -> Result<Lease<T>> {
    let object = NonNull::new(lease.object().cast_mut().cast::<T>());
    let object = object.ok_or_else(|| Error::new("the host gave a service that is nowhere"))?;
    Ok(Lease { object, lease })
}

impl<T: Service> Lease<T> {
    /// Id of the plugin that provides it. No method, as [`version`](Lease::version) is none, so that
    /// it hides none of the service's.
    pub fn provider(this: &Self) -> &str {
        this.lease.provider().as_str()
    }

    /// The version in which it is provided.
    pub fn version(this: &Self) -> &str {
        this.lease.version().as_str()
    }
}

impl<T: Service> Deref for Lease<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it points to the provider's object, which `ServiceOffer` keeps at one place and
        // `ServiceLease` keeps alive while `self.lease` is held. It is of type `T`: the provider made
        // it as one whose layout the host compared with that of `T`, which `Context::require` gave.
        // Only shared references to it are ever made.
        unsafe { self.object.as_ref() }
    }
}

// SAFETY: it gives out shared references to a `T`, which is `Sync`; dropping it may drop the `T`
// on this thread, which is `Send`; the lease itself is both.
unsafe impl<T: Service> Send for Lease<T> {}
// SAFETY: as above.
unsafe impl<T: Service> Sync for Lease<T> {}

impl<T: Service> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("service", &T::ID)
            .field("provider", &Self::provider(self))
            .field("version", &Self::version(self))
            .finish_non_exhaustive()
    }
}
