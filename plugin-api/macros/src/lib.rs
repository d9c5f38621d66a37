//! `export_plugin!`: checks `plugin.toml` and makes a library a plugin. All that it knows of
//! manifests is in `jackfield_manifest::source`.

mod expand;
mod package;

use syn::{LitStr, Token, Type, parse::Parse, parse::ParseStream};

/// Makes the library a plugin: checks the `plugin.toml` beside its `Cargo.toml`, embeds it and the
/// module that it names, and exports the type, which implements `plugin_api::Plugin`.
///
/// ```ignore
/// plugin_api::export_plugin!(Greeter);
/// // With its manifest elsewhere, from where Cargo.toml lies:
/// plugin_api::export_plugin!(Greeter, "manifests/greeter.toml");
/// // The same, from where this source file lies, since the path begins with a dot:
/// plugin_api::export_plugin!(Greeter, "./greeter.toml");
/// ```
///
/// Call it once in a library. A mistake in the manifest is a compile error with file, line, column
/// and key. What it expands to holds no `unsafe` that a lint would see, so the crate can
/// `#![forbid(unsafe_code)]`.
#[proc_macro]
pub fn export_plugin(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let call = syn::parse_macro_input!(input as Call);
    expand::expand(&call).into()
}

/// What stands between the parentheses.
struct Call {
    plugin: Type,
    /// The manifest's path, where it is not `plugin.toml`.
    manifest: Option<LitStr>,
}

impl Parse for Call {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let plugin = input.parse()?;
        let comma: Option<Token![,]> = input.parse()?;
        let manifest = if comma.is_some() && !input.is_empty() {
            let path = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Some(path)
        } else {
            None
        };
        Ok(Self { plugin, manifest })
    }
}
