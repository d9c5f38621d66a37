use crate::{Call, package};
use jackfield_manifest::source::{self, Compiled};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use std::{
    fs,
    io::ErrorKind,
    iter,
    path::{Path, PathBuf},
};
use syn::{LitStr, Type};

/// Where a manifest lies that the author gives no path of.
const MANIFEST: &str = "plugin.toml";

pub(crate) fn expand(call: &Call) -> TokenStream {
    let path = call.manifest.as_ref().map(LitStr::value);
    let name = path.as_deref().unwrap_or(MANIFEST);
    let Some(directory) = directory(call, name) else {
        return error(&format!(
            "{name}: where it lies is not known, expected cargo to say it in CARGO_MANIFEST_DIR"
        ));
    };
    match compile(&directory, name) {
        Ok(compiled) => {
            let others = compiled.files.iter().map(|file| beside(name, file));
            let files = iter::once(name.to_owned()).chain(others);
            let dependencies = files.map(|file| dependency(&directory.join(file)));
            let plugin = plugin(&call.plugin, &compiled);
            let assets = compiled.module.as_deref().map(assets);
            quote! { #(#dependencies)* #plugin #assets }
        }
        Err(mistakes) => mistakes.iter().map(|mistake| error(mistake)).collect(),
    }
}

/// From where the manifest's path goes: the package, or, where it begins with a dot, the source
/// file with the call.
fn directory(call: &Call, name: &str) -> Option<PathBuf> {
    let directory = match &call.manifest {
        Some(path) if name.starts_with('.') => {
            let source = path.span().unwrap().local_file()?;
            source.parent()?.to_owned()
        }
        _ => package::directory()?,
    };
    std::path::absolute(directory).ok()
}

fn compile(directory: &Path, name: &str) -> Result<Compiled, Vec<String>> {
    let text = fs::read_to_string(directory.join(name)).map_err(|error| {
        vec![match error.kind() {
            ErrorKind::NotFound => {
                format!(
                    "{name}: not found, expected the plugin's manifest: create it, empty will do"
                )
            }
            _ => format!("{name}: cannot be read: {error}"),
        }]
    })?;
    let mut open = |file: &str| fs::read_to_string(directory.join(beside(name, file)));
    source::compile(name, &text, &package::package(), &mut open)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

/// The path of a file that the manifest names.
fn beside(manifest: &str, file: &str) -> String {
    let folder = Path::new(manifest).parent().unwrap_or(Path::new(""));
    folder.join(file).to_string_lossy().into_owned()
}

fn error(text: &str) -> TokenStream {
    quote_spanned! { Span::call_site() => ::core::compile_error! { #text } }
}

/// Has the compiler run again when the file changes. The bytes are not used, so they are not kept.
fn dependency(path: &Path) -> TokenStream {
    let path = path.to_string_lossy();
    quote! { const _: &[u8] = ::core::include_bytes!(#path); }
}

/// The module, in a section of its own: the note stays small, and the linker leaves it in the first
/// page. These are the bytes whose hash is in the manifest, whatever becomes of the file meanwhile.
fn assets(module: &str) -> TokenStream {
    let (len, bytes) = (module.len(), Literal::byte_string(module.as_bytes()));
    quote! {
        const _: () = {
            #[used]
            #[cfg_attr(windows, unsafe(link_section = ".jfasset"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__jfassets"))]
            #[cfg_attr(
                not(any(windows, target_vendor = "apple")),
                unsafe(link_section = ".jackfield.assets")
            )]
            static __JACKFIELD_ASSETS: [u8; #len] = *#bytes;
        };
    }
}

/// The note and the root module. Spans are those of the call, so that lints, `unsafe_code` above
/// all, take this for what it is: another crate's macro.
fn plugin(plugin: &Type, compiled: &Compiled) -> TokenStream {
    let id = compiled.manifest.id.as_str();
    let version = compiled.manifest.version.to_string();
    let body = &compiled.body;
    quote! {
        const _: () = {
            struct __JackfieldMeta;

            impl ::plugin_api::__private::Meta for __JackfieldMeta {
                const ID: &'static str = #id;
                const VERSION: &'static str = #version;
            }

            impl ::plugin_api::__private::Exported for #plugin {
                const BODY: &'static str = __JACKFIELD_BODY;
            }

            const __JACKFIELD_ABORTS: bool = ::core::cfg!(panic = "abort");
            const __JACKFIELD_BODY: &str = #body;

            #[used]
            #[cfg_attr(windows, unsafe(link_section = ".jackfld"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__TEXT,__jackfield"))]
            #[cfg_attr(
                not(any(windows, target_vendor = "apple")),
                unsafe(link_section = ".note.jackfield")
            )]
            static __JACKFIELD_NOTE: ::plugin_api::__private::Note<
                { ::plugin_api::__private::padded_len(__JACKFIELD_ABORTS, __JACKFIELD_BODY) },
            > = ::plugin_api::__private::Note::new(__JACKFIELD_ABORTS, __JACKFIELD_BODY);

            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static __JACKFIELD_ROOT: ::plugin_api::__private::LibHeader =
                ::plugin_api::__private::header::<#plugin, __JackfieldMeta>();
        };
    }
}
