//! Comparing type layouts, in the direction that lets both sides age.

use abi_stable::{
    abi_stability::abi_checking::{CheckingGlobals, check_layout_compatibility_with_globals},
    type_layout::TypeLayout,
};

/// Two layouts that fit in neither direction. The texts are long (hundreds of lines): for a debug
/// log, not for a person who only wants to know what to rebuild.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the type layouts of plugin and host differ")]
pub struct LayoutMismatch {
    /// What is wrong when the host's layout is taken as the interface.
    pub host_as_interface: String,
    /// What is wrong when the plugin's layout is taken as the interface.
    pub plugin_as_interface: String,
}

/// Whether values of the host's type and of the plugin's type may stand for each other.
///
/// `abi_stable`'s own check takes one side as the interface, and refuses an implementation that is
/// older than it; that is the direction which users of an old plugin in a new host need. So it is
/// done with each side as the interface, and one success is enough: then one side's vtables and
/// prefix types are a prefix of the other's, and calling what is missing gives the default. A change
/// to anything that crosses by value fails both ways.
///
/// Fresh [`CheckingGlobals`] are used each time: the process-wide ones would keep pointers into the
/// plugin after it is unloaded.
///
/// # Errors
///
/// [`LayoutMismatch`] with the reasons of both directions.
pub fn compatible(
    host: &'static TypeLayout,
    plugin: &'static TypeLayout,
) -> Result<(), LayoutMismatch> {
    let Err(forward) =
        check_layout_compatibility_with_globals(host, plugin, &CheckingGlobals::new())
    else {
        return Ok(());
    };
    let Err(backward) =
        check_layout_compatibility_with_globals(plugin, host, &CheckingGlobals::new())
    else {
        return Ok(());
    };
    Err(LayoutMismatch {
        host_as_interface: forward.to_string(),
        plugin_as_interface: backward.to_string(),
    })
}
