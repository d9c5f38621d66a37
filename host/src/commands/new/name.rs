use jackfield_manifest::{IdError, PluginId};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

/// What is a word of Rust's, a crate that every plugin has already, or something that cargo keeps
/// for itself.
const TAKEN: [&str; 58] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "log",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "plugin_api",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
];

/// The name of a new plugin: an id that is also the name of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) id: String,
}

/// Why a text is no name for a plugin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    /// No id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// An id, and no name of a package.
    #[error(
        "`{0}` cannot be the name of a package: expected a letter or `_`, then letters, digits, \
         `-` and `_` (the id in plugin.toml may be changed later)"
    )]
    Package(String),
    /// Somebody else's.
    #[error("`{0}` cannot be the name of a package, it is taken: choose another")]
    Taken(String),
}

impl Name {
    /// Checks a text.
    pub(super) fn new(text: &str) -> Result<Self, NameError> {
        PluginId::new(text)?;
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !text.chars().all(letters) || text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(NameError::Package(text.to_owned()));
        }
        let name = Self {
            id: text.to_owned(),
        };
        if TAKEN.contains(&&*name.library()) || text.chars().all(|c| c == '_') {
            return Err(NameError::Taken(text.to_owned()));
        }
        Ok(name)
    }

    /// As the name of a library.
    fn library(&self) -> String {
        self.id.replace('-', "_")
    }

    /// The file that cargo makes.
    pub(super) fn file(&self) -> String {
        format!("{DLL_PREFIX}{}{DLL_SUFFIX}", self.library())
    }

    /// As the name of a type: `my-plugin` becomes `MyPlugin`.
    pub(super) fn type_name(&self) -> String {
        let words = self.id.split(['-', '_']);
        let words = words.filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?.to_ascii_uppercase();
            Some(std::iter::once(first).chain(letters).collect::<String>())
        });
        let name: String = words.collect();
        match name.as_str() {
            // What the prelude brings.
            "Config" | "Context" | "Error" | "Event" | "Health" | "NoConfig" | "Plugin"
            | "Request" | "Response" | "Result" | "Routes" | "Deserialize" | "Serialize"
            | "Self" | "String" => format!("{name}Plugin"),
            _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("Plugin{name}"),
            _ => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_are_names() {
        let type_name = |text| Name::new(text).unwrap().type_name();
        assert_eq!(type_name("my-plugin"), "MyPlugin");
        assert_eq!(type_name("_2nd"), "Plugin2nd");
        assert_eq!(type_name("request"), "RequestPlugin");
        assert_eq!(type_name("fooBar__x"), "FooBarX");
    }

    #[test]
    fn what_cannot_be_a_name_is_told() {
        let error = |text| Name::new(text).unwrap_err().to_string();
        assert_eq!(
            error("api"),
            "`api` is reserved for the host: choose another id"
        );
        assert_eq!(
            error("serde"),
            "`serde` cannot be the name of a package, it is taken: choose another"
        );
        assert_eq!(
            error("a.b"),
            "`a.b` cannot be the name of a package: expected a letter or `_`, then letters, \
             digits, `-` and `_` (the id in plugin.toml may be changed later)"
        );
        assert!(error("../x").contains("is no id"));
        assert!(error("2nd").contains("expected a letter"));
    }
}
