use super::{Lease, Slot, Turn, slot};
use jackfield_abi::{
    ABI_VERSION, AbiMismatch, Failure, HostObject, PluginModuleRef, ROOT_MODULE_SYMBOL,
    abi_stable::{
        StableAbi,
        library::{AbiHeaderRef, LibHeader},
    },
    check_abi,
    layout::{LayoutMismatch, compatible},
};
use semver::Version;

/// A mapped library whose layout is known to fit.
///
/// The module points into the library, so the lease is the last field.
pub(crate) struct Module {
    module: PluginModuleRef,
    lease: Lease,
}

/// What is known of a library's type layout, for these bytes and this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayoutVerdict {
    /// Nothing yet: compare.
    Unknown,
    /// Compared before, and it fitted.
    Fits,
}

/// Why a mapped library is not used.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The library exports no root module.
    #[error(
        "it exports no root module: expected the symbol `{symbol}`, which \
         `plugin_api::export_plugin!` makes",
        symbol = ROOT_MODULE_SYMBOL.trim_end_matches('\0')
    )]
    NoRootModule,
    /// The library was built with another `abi_stable`, or another C ABI.
    #[error("its header is not one that this host can read: {0}: rebuild it with this host's SDK")]
    Header(String),
    /// The version that the code was built for.
    #[error(transparent)]
    Version(#[from] AbiMismatch),
    /// The plugin switched the layout check off.
    #[error(
        "it carries no type layout, so it cannot be checked: build it with \
         `plugin_api::export_plugin!`, without `unsafe_no_layout_constant`"
    )]
    NoLayout,
    /// Types are laid out differently on the two sides.
    #[error(
        "its types are laid out differently from this host's, although both say ABI {}: \
         rebuild it with this host's SDK",
        ABI_VERSION
    )]
    Layout(#[from] LayoutMismatch),
    /// The root module could not be made.
    #[error("its root module could not be made: {0}")]
    Module(String),
}

/// Where the root module of a mapped library stands; nothing of it was read yet.
///
/// The header lies in the library, so the lease is the last field.
pub(crate) struct Root {
    header: AbiHeaderRef,
    lease: Lease,
}

impl Root {
    /// Looks for it.
    pub(crate) fn find(lease: Lease, turn: &Turn) -> Result<Self, ModuleError> {
        let address = lease
            .symbol(ROOT_MODULE_SYMBOL, turn)
            .ok_or(ModuleError::NoRootModule)?;
        if address.is_null() || !address.cast::<usize>().is_aligned() {
            return Err(ModuleError::NoRootModule);
        }
        lease.set_root(address);
        // SAFETY: the symbol's name is mangled by `abi_stable` for a static that begins with an
        // `AbiHeader`; `AbiHeaderRef` is a transparent pointer to one, not null and aligned as
        // checked above, and the library stays mapped while the lease is held. What follows the
        // header is read only after `upgrade` has found the magic string and a fitting version.
        let header = unsafe { std::mem::transmute::<*const (), AbiHeaderRef>(address) };
        Ok(Self { header, lease })
    }
}

impl Module {
    /// Reads the root module of a mapped library and checks that it fits.
    pub(crate) fn open(root: Root, verdict: LayoutVerdict) -> Result<Self, ModuleError> {
        let Root { header, lease } = root;
        let header = header
            .upgrade()
            .map_err(|error| ModuleError::Header(first_line(&error.to_string())))?;
        if verdict == LayoutVerdict::Unknown {
            check_version(header)?;
            let layout = header.layout().ok_or(ModuleError::NoLayout)?;
            compatible(<PluginModuleRef as StableAbi>::LAYOUT, layout)?;
        }
        // SAFETY: version and layout of `PluginModuleRef` were compared just above, or, as the verdict
        // says, for the same bytes and the same build of this host before.
        let module = unsafe { header.unchecked_layout::<PluginModuleRef>() }
            .map_err(|error| ModuleError::Module(error.to_string()))?;
        Ok(Self { module, lease })
    }

    /// The id and version that the code says it has.
    pub(crate) fn identity(&self) -> (&str, &str) {
        let identity = self.module.identity();
        (identity.id.as_str(), identity.version.as_str())
    }

    /// Creates the plugin.
    pub(crate) fn create(&self, host: HostObject) -> Result<Slot, Failure> {
        let create = self.module.create();
        let object = create(host).into_result().map_err(slot::own)?;
        Ok(Slot::new(object, self.lease.clone()))
    }
}

fn check_version(header: &LibHeader) -> Result<(), ModuleError> {
    let text = header.version_strings();
    let plugin = Version::parse(text.version.as_str())
        .map_err(|error| ModuleError::Header(format!("its ABI version `{text}`: {error}")))?;
    check_abi(&plugin, &jackfield_abi::abi_version())?;
    Ok(())
}

fn first_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}
