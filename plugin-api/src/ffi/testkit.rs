//! What a test without a host does to a plugin's object, and this SDK alone can do.

use super::{Lease, bridge, layout_of, shell};
use crate::{Error, Health, Plugin, Response, Result, Service};
use jackfield_abi::{
    ByteStreamObject, Failure, FailureCode, HostObject, PluginObject, RBox, ServiceLeaseObject,
    ServiceOfferObject, abi_stable::type_layout::TypeLayout, layout::compatible,
};

/// Creates a plugin as a host does, by the same function.
///
/// # Errors
///
/// Those of the plugin's `initialize`.
pub fn create<T: Plugin>(host: HostObject) -> Result<PluginObject, Failure> {
    shell::create::<T>(host).into_result()
}

/// Makes this image's logger and panic hook those that lead to plugins' hosts, if they are not yet.
pub fn hook() {
    bridge::hook();
}

/// A service as a provider offers it.
pub fn offer<T: Service>(service: T) -> ServiceOfferObject {
    super::offer(service)
}

/// A lease on a service whose object has that layout.
///
/// # Errors
///
/// When the layout is not that of `T`.
pub fn lease<T: Service>(
    lease: ServiceLeaseObject,
    layout: &'static TypeLayout,
) -> Result<Lease<T>> {
    let unlike = |_| {
        let text = format!(
            "`{}` is provided as a type that is laid out differently: expected the one asked for",
            T::ID
        );
        Error::from_failure(Failure::new(FailureCode::UNSUPPORTED, text))
    };
    compatible(layout_of::<T>(), layout).map_err(unlike)?;
    super::lease(lease)
}

/// An error as a plugin is told of it by its host.
pub fn error(failure: Failure) -> Error {
    Error::from_failure(failure)
}

/// A plugin's answer.
pub fn response(response: RBox<jackfield_abi::Response>) -> Response {
    Response::from_abi(response)
}

/// The rest of an answer's body, where that comes in parts.
pub fn take_stream(response: &mut Response) -> Option<ByteStreamObject> {
    response.take_stream()
}

/// An answer as it crosses.
pub fn answer(response: Response) -> RBox<jackfield_abi::Response> {
    response.into_abi()
}

/// What a plugin says of its health.
///
/// # Errors
///
/// When what it shows beside the verdict is not a JSON object.
pub fn health(health: &jackfield_abi::Health) -> Result<Health> {
    Health::from_abi(health)
}
