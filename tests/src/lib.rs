//! What the integration tests and benchmarks share: where the fixtures' libraries are, and places
//! to put them.

mod broken;
pub mod made;

pub use broken::broken;

use memchr::memmem;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The library of a fixture or a plugin: cargo puts it beside the test binary.
///
/// # Panics
///
/// When it is not there: it is no dev-dependency of this package.
pub fn library(name: &str) -> PathBuf {
    let beside = env::current_exe().expect("a test runs from a file");
    let file = format!(
        "{}{name}{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    );
    let path = beside.with_file_name(file);
    assert!(
        path.is_file(),
        "{} is not there: is it a dev-dependency of tests/?",
        path.display()
    );
    path
}

/// A plugins directory and a state directory, gone with the test.
pub struct Site {
    root: TempDir,
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// With no plugins.
    ///
    /// # Panics
    ///
    /// When the temporary directory cannot be written, as in all that follow.
    pub fn new() -> Self {
        let root = TempDir::with_prefix("jackfield-").expect("the temporary directory is writable");
        fs::create_dir(root.path().join("plugins")).expect("a fresh directory is writable");
        Self { root }
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The plugins directory.
    pub fn plugins(&self) -> PathBuf {
        self.root.path().join("plugins")
    }

    /// The state directory, which the loader makes.
    pub fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    /// Puts a fixture's library into the plugins directory.
    pub fn add(&self, name: &str) -> PathBuf {
        let from = library(name);
        let to = self
            .plugins()
            .join(from.file_name().expect("a library has a name"));
        fs::copy(&from, &to).expect("a fixture can be copied");
        to
    }

    /// Puts a fixture's library there under a file name, with texts in it written over by others of
    /// the same length.
    pub fn add_patched(&self, name: &str, file: &str, texts: &[(&str, &str)]) -> PathBuf {
        let to = self.plugins().join(file);
        let bytes = fs::read(library(name)).expect("a fixture can be read");
        write_new(&to, &patched(bytes, texts)).expect("the plugins directory is writable");
        to
    }
}

/// Bytes with each text in them written over by another of the same length.
///
/// # Panics
///
/// When the lengths differ, or a text does not occur.
pub fn patched(mut bytes: Vec<u8>, texts: &[(&str, &str)]) -> Vec<u8> {
    for (old, new) in texts {
        assert_eq!(
            old.len(),
            new.len(),
            "{old} and {new} must be of one length"
        );
        let places: Vec<usize> = memmem::find_iter(&bytes, old).collect();
        assert!(!places.is_empty(), "{old} does not occur");
        for place in places {
            bytes[place..place + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    bytes
}

/// Writes a file under another name and renames it, as a careful installer does.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, bytes)?;
    fs::rename(&new, path)
}
