use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How far somebody may go; each may do what those before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Read what the host tells of itself and its plugins, and hear events
    Read,
    /// Call plugins, and have sessions with them
    Use,
    /// Change the host, and read its audit log
    Admin,
}

impl Role {
    /// As it is written.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Use => "use",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
