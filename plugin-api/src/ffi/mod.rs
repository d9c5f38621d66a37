//! The plugin's side of the boundary: the only place in the SDK that knows it, and the only one
//! with `unsafe`.
#![expect(
    unsafe_code,
    reason = "LibHeader::from_constructor has to be told what it transmutes, a service comes as a \
              pointer, its contract has the layout of what is in it, and the unwinder is C"
)]

mod bridge;
mod contract;
mod frames;
mod guard;
mod service;
mod shell;
mod stream;
pub(crate) mod testkit;

pub use jackfield_abi::abi_stable::library::LibHeader;

pub(crate) use bridge::Hosted;
pub use contract::{BusService, Clock, ConfigService, StorageService, Topology};
pub(crate) use guard::{Opening, go_on, guard, guarded, guarded_task};
pub use service::Lease;
pub(crate) use service::{layout_of, lease, offer};
pub(crate) use stream::{held, stream};

use crate::Plugin;
use jackfield_abi::{
    Identity, PluginModule, PluginModuleRef, RResult,
    abi_stable::{
        library::{CheckTypeLayout, RootModuleResult},
        prefix_type::{PrefixRefTrait, WithMetadata},
        staticref,
    },
};
use std::marker::PhantomData;

/// What the macro knows of the plugin.
pub trait Meta: 'static {
    /// The plugin's id.
    const ID: &'static str;
    /// The plugin's version.
    const VERSION: &'static str;
}

/// The header that a plugin's library exports under `ROOT_MODULE_SYMBOL`.
pub const fn header<T: Plugin, M: Meta>() -> LibHeader {
    // SAFETY: `module::<T, M>` returns a `PrefixRef<ErasedPrefix>` that was cast from the
    // `PluginModuleRef` in `Module::<T, M>::REF`, as `from_constructor::<PluginModuleRef>` asks.
    unsafe { LibHeader::from_constructor::<PluginModuleRef>(module::<T, M>, CheckTypeLayout::Yes) }
}

extern "C" fn module<T: Plugin, M: Meta>() -> RootModuleResult {
    let module = Module::<T, M>::REF.to_prefix_ref();
    // SAFETY: erasing is what `RootModuleResult` is defined for; the loader casts back to
    // `PluginModuleRef` after it has checked the layout that `header` put beside this function.
    let erased = unsafe { module.cast() };
    RResult::ROk(erased)
}

/// The root module as a constant, so that loading a library allocates nothing in it.
struct Module<T, M>(PhantomData<(T, M)>);

impl<T: Plugin, M: Meta> Module<T, M> {
    staticref! {
        const WITH_METADATA: WithMetadata<PluginModule> = WithMetadata::new(PluginModule {
            identity: Identity {
                id: jackfield_abi::RStr::from_str(M::ID),
                version: jackfield_abi::RStr::from_str(M::VERSION),
            },
            create: shell::create::<T>,
        });
    }
    const REF: PluginModuleRef = PluginModuleRef(Self::WITH_METADATA.as_prefix());
}
