use super::{Store, StoreError};
use crate::ContentHash;
use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

/// How the name of a copy that is being written begins.
pub(super) const TEMPORARY: &str = ".new-";

/// Longer than any copy takes to be written.
const STALE: Duration = Duration::from_secs(3600);

/// What a clean-up removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Contents, and copies that were never finished.
    pub removed: usize,
    /// Bytes in them.
    pub bytes: u64,
}

impl Store {
    /// Removes every content that `keep` does not want, and copies that were given up. What keeps
    /// a content is an entry of the index or a plugin that is mapped from it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the store cannot be listed; what cannot be removed is left.
    pub fn sweep(&self, keep: impl Fn(&ContentHash) -> bool) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let entries = fs::read_dir(&self.root).map_err(StoreError::io("list files", &self.root))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = entry.path();
            let removed = match name.parse::<ContentHash>() {
                Ok(hash) if !keep(&hash) => remove_dir(&path),
                Err(_) if name.starts_with(TEMPORARY) && is_stale(&path) => remove(&path),
                _ => continue,
            };
            match removed {
                Ok(bytes) => {
                    swept.removed += 1;
                    swept.bytes += bytes;
                }
                Err(error) => log::warn!("{}: cannot be removed: {error}", path.display()),
            }
        }
        Ok(swept)
    }
}

fn remove(path: &Path) -> io::Result<u64> {
    if fs::symlink_metadata(path)?.is_dir() {
        return remove_dir(path);
    }
    remove_file(path)
}

fn remove_dir(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        bytes += remove_file(&entry?.path())?;
    }
    fs::remove_dir(dir)?;
    Ok(bytes)
}

fn remove_file(path: &Path) -> io::Result<u64> {
    let bytes = fs::symlink_metadata(path)?.len();
    fs::remove_file(path)?;
    Ok(bytes)
}

fn is_stale(path: &Path) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.map(|time| SystemTime::now().duration_since(time).unwrap_or_default());
    age.is_ok_and(|age| age > STALE)
}
