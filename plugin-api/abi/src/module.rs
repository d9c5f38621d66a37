use crate::{Failure, HostObject, PluginObject};
use abi_stable::{
    StableAbi,
    library::RootModule,
    package_version_strings,
    sabi_types::VersionStrings,
    std_types::{RResult, RStr},
};

/// The symbol under which a library exports its root module, NUL-terminated: `abi_stable`'s own.
pub const ROOT_MODULE_SYMBOL: &str = abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL;

/// What a plugin library exports. It stays this small for ever.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
pub struct PluginModule {
    /// What the code says of itself. The loader compares it with the manifest before it calls
    /// anything, and refuses the library when they differ.
    pub identity: Identity,

    /// Creates the plugin: initializes it and returns its object. `[one thread, loaded]`
    ///
    /// The plugin takes the host object and drops it with its own. A failure leaves nothing behind,
    /// and `create` may then be called again.
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(host: HostObject) -> RResult<PluginObject, Failure>,
}

/// A plugin's id and version, in the library's own memory. `[crosses by value, frozen]`
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The plugin's id.
    pub id: RStr<'static>,
    /// The plugin's version, as semver writes it.
    pub version: RStr<'static>,
}

impl RootModule for PluginModuleRef {
    abi_stable::declare_root_module_statics! {PluginModuleRef}

    const BASE_NAME: &'static str = "jackfield-plugin";
    const NAME: &'static str = "jackfield-plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<Identity>() == 32);
