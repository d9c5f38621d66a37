//! Do the invariants of ARCHITECTURE.md that are absences hold in the source?
//!
//! Comments, strings and test modules of other crates are left out of account where a word is
//! looked for; clippy holds the rest (`clippy.toml`, `[workspace.lints]`).

pub(crate) mod code;
mod dependencies;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The repository.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_owned()
}

/// Every file below `folder` with that extension, by its path from the root, in order.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    let (root, mut found) = (root(), Vec::new());
    let mut open = vec![root.join(folder)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|have| have == extension) {
                let path = path.strip_prefix(&root).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no .{extension} file");
    found.sort_unstable();
    found
}

/// A file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
