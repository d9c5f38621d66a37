use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// First path segments that belong to the host, so no plugin may have them as its id.
pub const RESERVED: [&str; 14] = [
    "api",
    "bridge",
    "docs",
    "edge",
    "edges",
    "events",
    "health",
    "healthz",
    "menu",
    "metrics",
    "openapi.json",
    "plugins",
    "status",
    "ui",
];

/// The longest id, in bytes.
pub const MAX_ID_LEN: usize = 128;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("an id must not be empty")]
    Empty,
    /// Longer than [`MAX_ID_LEN`] bytes.
    #[error("an id has at most {MAX_ID_LEN} bytes, this one has {0}")]
    TooLong(usize),
    /// A character outside `[A-Za-z0-9_.-]`, or `.`/`-` at the beginning.
    #[error(
        "`{id}` is no id: {character:?} at byte {at} is not allowed: an id matches [A-Za-z0-9_][A-Za-z0-9_.-]*"
    )]
    Character {
        /// The text.
        id: String,
        /// What stands there.
        character: char,
        /// Where, in bytes from 0.
        at: usize,
    },
    /// Two dots in a row.
    #[error("`{0}` is no id: `..` is not allowed")]
    DotDot(String),
    /// One of [`RESERVED`].
    #[error("`{0}` is reserved for the host: choose another id")]
    Reserved(String),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_LEN {
        return Err(IdError::TooLong(text.len()));
    }
    let allowed = |at: usize, c: char| {
        c.is_ascii_alphanumeric() || c == '_' || (at > 0 && (c == '.' || c == '-'))
    };
    if let Some((at, character)) = text.char_indices().find(|&(at, c)| !allowed(at, c)) {
        return Err(IdError::Character {
            id: text.to_owned(),
            character,
            at,
        });
    }
    if text.contains("..") {
        return Err(IdError::DotDot(text.to_owned()));
    }
    Ok(())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, reserved: $reserved:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and makes it an id.
            ///
            /// # Errors
            ///
            /// [`IdError`] when it is none.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text)?;
                if $reserved.contains(&text) {
                    return Err(IdError::Reserved(text.to_owned()));
                }
                Ok(Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an id")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::new(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

id_type! {
    /// A plugin's id: `[A-Za-z0-9_][A-Za-z0-9_.-]*`, without `..`, not [`RESERVED`].
    PluginId, reserved: RESERVED
}
id_type! {
    /// A service's id: as a plugin's, with nothing reserved.
    ServiceId, reserved: [""; 0]
}
