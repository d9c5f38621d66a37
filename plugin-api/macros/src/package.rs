//! What Cargo tells a compiler about the package.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a macro about the package by its environment"
)]

use jackfield_manifest::source::Package;
use std::{env, path::PathBuf};

/// Where its Cargo.toml lies; `None` where no Cargo runs the compiler.
pub(crate) fn directory() -> Option<PathBuf> {
    env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// What it says of itself.
pub(crate) fn package() -> Package {
    let get = |name| env::var(name).unwrap_or_default();
    Package {
        name: get("CARGO_PKG_NAME"),
        version: get("CARGO_PKG_VERSION"),
        description: get("CARGO_PKG_DESCRIPTION"),
        authors: get("CARGO_PKG_AUTHORS"),
        license: get("CARGO_PKG_LICENSE"),
    }
}
