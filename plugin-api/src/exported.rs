use crate::Plugin;

/// A type that [`export_plugin!`](crate::export_plugin) exports, with its manifest: so that a test in
/// the plugin's own crate has both.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not exported as a plugin",
    note = "expected `plugin_api::export_plugin!` for it in this crate"
)]
pub trait Exported: Plugin {
    /// The manifest's text without its first line.
    const BODY: &'static str;
}
