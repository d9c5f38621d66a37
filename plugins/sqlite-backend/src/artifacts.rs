//! Files that were logged: copied whole, named by what is in them.

use plugin_api::{Error, Result};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// A copy under way begins with this.
const UNFINISHED: &str = ".unfinished-";

/// Where they lie: `<experiment>/<sha256>` below a directory.
pub(crate) struct Artifacts {
    root: PathBuf,
    limit: u64,
    copies: AtomicU64,
}

/// A file that is there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl Artifacts {
    /// Those below that directory, none larger than `limit` bytes.
    pub(crate) fn new(root: PathBuf, limit: u64) -> Self {
        Self {
            root,
            limit,
            copies: AtomicU64::new(0),
        }
    }

    fn directory(&self, experiment: i64) -> PathBuf {
        self.root.join(experiment.to_string())
    }

    /// Copies a file. When it returns, the copy is on the disk.
    ///
    /// # Errors
    ///
    /// 400 where it is no file that can be read, or is too large.
    pub(crate) fn put(&self, experiment: i64, from: &Path) -> Result<Stored> {
        let invalid = |what: String| Error::with_status(400, format!("{}: {what}", from.display()));
        // Before it is opened: opening a pipe waits for whoever writes to it.
        let about = fs::metadata(from).map_err(|error| invalid(error.to_string()))?;
        if !about.is_file() {
            return Err(invalid("expected a file, found something else".to_owned()));
        }
        let source = File::open(from).map_err(|error| invalid(error.to_string()))?;
        let directory = self.directory(experiment);
        fs::create_dir_all(&directory)?;
        let number = self.copies.fetch_add(1, Relaxed);
        let unfinished = Unfinished(directory.join(format!("{UNFINISHED}{number}")));
        let mut file = File::create(&unfinished.0)?;
        let mut digest = Sha256::new();
        // One byte more tells that there is more.
        let bytes = copy(&mut source.take(self.limit + 1), &mut file, &mut digest)?;
        if bytes > self.limit {
            let limit = self.limit;
            return Err(invalid(format!(
                "expected at most {limit} bytes (`artifact_limit_mb`), found more"
            )));
        }
        file.sync_all()?;
        let sha256 = hex(&digest.finalize());
        fs::rename(&unfinished.0, directory.join(&sha256))?;
        File::open(&directory)?.sync_all()?;
        Ok(Stored { bytes, sha256 })
    }

    /// Some of the bytes of one.
    pub(crate) fn get(
        &self,
        experiment: i64,
        sha256: &str,
        offset: u64,
        length: u64,
    ) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.directory(experiment).join(sha256))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Removes the bytes that nothing names any more.
    pub(crate) fn forget(&self, experiment: i64, sha256: &str) -> io::Result<()> {
        fs::remove_file(self.directory(experiment).join(sha256))
    }

    /// Removes all of an experiment.
    pub(crate) fn forget_all(&self, experiment: i64) -> io::Result<()> {
        match fs::remove_dir_all(self.directory(experiment)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes what a process that was killed left: copies that are unfinished or that no row names,
    /// and the directories in which nothing is left.
    pub(crate) fn tidy(&self, named: &HashSet<(i64, String)>) -> io::Result<()> {
        let experiments = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            experiments => experiments?,
        };
        for directory in experiments {
            let directory = directory?;
            let id = directory.file_name();
            // What is called otherwise is not ours.
            let id = id.to_str().and_then(|id| id.parse().ok());
            let (Some(id), true) = (id, directory.file_type()?.is_dir()) else {
                continue;
            };
            tidy_one(&directory.path(), |hash| {
                named.contains(&(id, hash.to_owned()))
            })?;
        }
        Ok(())
    }
}

fn tidy_one(directory: &Path, is_named: impl Fn(&str) -> bool) -> io::Result<()> {
    let mut empty = true;
    for file in fs::read_dir(directory)? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_str().unwrap_or_default();
        if name.starts_with(UNFINISHED) || (is_hash(name) && !is_named(name)) {
            fs::remove_file(file.path())?;
        } else {
            empty = false;
        }
    }
    match empty {
        true => fs::remove_dir(directory),
        false => Ok(()),
    }
}

/// A SHA-256 in hexadecimal, which is how a copy is called.
fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Gone with this, unless it was renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there any more, or removed at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

fn copy(from: &mut impl Read, to: &mut File, digest: &mut Sha256) -> io::Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; 128 << 10], 0);
    loop {
        let count = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            return Ok(bytes);
        }
        digest.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        bytes += u64::try_from(count).unwrap_or(0);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_file_is_copied_whole_and_nothing_is_left_beside_it() {
        let dir = TempDir::new().unwrap();
        let artifacts = Artifacts::new(dir.path().join("kept"), 3);
        let source = dir.path().join("a");
        fs::write(&source, "abc").unwrap();
        let stored = artifacts.put(7, &source).unwrap();
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = Stored {
            bytes: 3,
            sha256: sha256.to_owned(),
        };
        assert_eq!(stored, expected);
        assert_eq!(artifacts.get(7, sha256, 1, 9).unwrap(), b"bc");
        fs::write(&source, "abcd").unwrap();
        assert_eq!(
            artifacts.put(7, &source).unwrap_err().to_string(),
            format!(
                "{}: expected at most 3 bytes (`artifact_limit_mb`), found more",
                source.display()
            )
        );
        let error = artifacts.put(7, dir.path()).unwrap_err();
        assert_eq!(
            (error.status(), error.to_string()),
            (
                400,
                format!(
                    "{}: expected a file, found something else",
                    dir.path().display()
                )
            )
        );
        let names: Vec<_> = fs::read_dir(dir.path().join("kept/7")).unwrap().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn what_was_left_unfinished_or_is_named_by_nobody_is_removed() {
        let dir = TempDir::new().unwrap();
        let root = dir.path().join("kept");
        let artifacts = Artifacts::new(root.clone(), 3);
        let (kept, left) = ("a".repeat(64), "b".repeat(64));
        let named = HashSet::from([(7, kept.clone())]);
        artifacts.tidy(&named).unwrap();
        for directory in ["7", "8", "9", "notes"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        let write = |path: &str| fs::write(root.join(path), "a").unwrap();
        let paths = ["7/.unfinished-0", "7/a note", "notes/a"];
        paths.into_iter().for_each(write);
        for path in [
            format!("7/{kept}"),
            format!("7/{left}"),
            format!("8/{kept}"),
        ] {
            write(&path);
        }
        artifacts.tidy(&named).unwrap();
        let list = |path: &str| {
            let files = fs::read_dir(root.join(path)).unwrap();
            let mut names: Vec<String> = files
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(list(""), ["7", "notes"]);
        assert_eq!(list("7"), ["a note", &kept]);
        assert_eq!(list("notes"), ["a"]);
    }
}
