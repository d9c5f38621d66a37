//! Files that were logged: copied whole, named by what is in them.

use plugin_api::{Error, Result};
use sha2::{Digest, Sha256};
use std::{
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

    /// Removes what a process that was killed left unfinished.
    pub(crate) fn tidy(&self) -> io::Result<()> {
        let experiments = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            experiments => experiments?,
        };
        for experiment in experiments {
            let experiment = experiment?;
            if !experiment.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(experiment.path())? {
                let file = file?;
                if file
                    .file_name()
                    .as_encoded_bytes()
                    .starts_with(UNFINISHED.as_bytes())
                {
                    fs::remove_file(file.path())?;
                }
            }
        }
        Ok(())
    }
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
    fn what_was_left_unfinished_is_removed() {
        let dir = TempDir::new().unwrap();
        let artifacts = Artifacts::new(dir.path().join("kept"), 3);
        artifacts.tidy().unwrap();
        fs::create_dir_all(dir.path().join("kept/7")).unwrap();
        let (left, kept) = (
            dir.path().join("kept/7/.unfinished-0"),
            dir.path().join("kept/7/abc"),
        );
        fs::write(&left, "a").unwrap();
        fs::write(&kept, "a").unwrap();
        artifacts.tidy().unwrap();
        assert!(!left.exists() && kept.exists());
    }
}
