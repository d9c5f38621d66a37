//! What the tests share: a home, a temporary and a configured directory, and one outside.

use crate::roots::{Place, Roots};
use std::{fs, os::unix::fs::symlink, path::PathBuf};
use tempfile::TempDir;

pub(crate) struct Scene {
    root: TempDir,
    pub(crate) roots: Roots,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let root = TempDir::with_prefix("staging-").expect("the temporary directory is writable");
        let at = |name| root.path().join(name);
        for name in ["home", "temp", "data", "outside"] {
            fs::create_dir(at(name)).expect("a fresh directory is writable");
        }
        let roots = Roots::new(at("home"), &at("temp"), &[at("data")]).expect("all are there");
        Self { root, roots }
    }

    /// Where something lies below the directory of the test.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn file(&self, path: &str, content: &str) -> PathBuf {
        let path = self.at(path);
        fs::write(&path, content).expect("the directory is there");
        path
    }

    pub(crate) fn link(&self, path: &str, to: &str) -> PathBuf {
        let path = self.at(path);
        symlink(self.at(to), &path).expect("the directory is there");
        path
    }

    /// Where a file of the home directory is to be put.
    pub(crate) fn place(&self, path: &str) -> Place {
        self.roots.place(&self.at(path)).expect("it may be there")
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).expect("it is there")
    }

    /// The names in a directory.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(path)).expect("it is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("it can be read").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn pipe(&self, path: &str) -> PathBuf {
        let path = self.at(path);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo is there").success());
        path
    }
}
