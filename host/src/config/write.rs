//! A file is replaced by another version of itself: all of it, or nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

/// Why a file is not written. It is as it was, but for [`WriteError::Directory`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// It cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has written it meanwhile.
    #[error("{}: changed while it was edited: try again", .0.display())]
    Changed(PathBuf),
    /// The new version cannot be put in its place.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is written, and may be as it was after a power cut.
    #[error("{}: written, but its directory cannot be synced", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct Draft {
    /// With symbolic links followed.
    path: PathBuf,
    text: String,
}

impl Draft {
    /// Reads a file; it has to be there.
    pub(crate) fn read(path: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError::Read {
            path: path.to_owned(),
            source,
        };
        let path = path.canonicalize().map_err(failed)?;
        let text = fs::read_to_string(&path).map_err(failed)?;
        Ok(Self { path, text })
    }

    /// What stood in it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Puts another text in its place, with the same permissions and owner. A reader sees the one or
    /// the other, also after a power cut. Refused where the file is not as it was read.
    pub(crate) fn write(&self, text: &str) -> Result<(), WriteError> {
        let failed = |source| WriteError::Write {
            path: self.path.clone(),
            source,
        };
        let temporary = Temporary::beside(&self.path).map_err(failed)?;
        temporary.fill(text, &self.path).map_err(failed)?;
        let now = fs::read(&self.path).map_err(failed)?;
        if now != self.text.as_bytes() {
            return Err(WriteError::Changed(self.path.clone()));
        }
        fs::rename(&temporary.path, &self.path).map_err(failed)?;
        sync_directory(&self.path).map_err(|source| WriteError::Directory {
            path: self.path.clone(),
            source,
        })
    }
}

/// A file that is gone when it is dropped, unless it was renamed.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn beside(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path = path.with_file_name(format!(".{name}.{}.new", process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        private(&mut options);
        let file = options.open(&path)?;
        Ok(Self { path, file })
    }

    fn fill(&self, text: &str, model: &Path) -> io::Result<()> {
        let metadata = fs::metadata(model)?;
        (&self.file).write_all(text.as_bytes())?;
        own(&self.file, &metadata)?;
        // After the owner: changing that may take permissions away.
        self.file.set_permissions(metadata.permissions())?;
        self.file.sync_all()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Where it was renamed there is none of that name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Nobody else can read it before it has its permissions.
#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

#[cfg(unix)]
fn own(file: &File, model: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (model.uid(), model.gid()) {
        return Ok(());
    }
    fchown(file, Some(model.uid()), Some(model.gid()))
}

#[cfg(not(unix))]
fn own(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::{
        fs::Permissions,
        os::unix::fs::{PermissionsExt, symlink},
    };

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_link_stays_one_and_permissions_stay() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        fs::write(&real, "a").unwrap();
        symlink("real", &link).unwrap();
        for mode in [0o600, 0o644, 0o440] {
            fs::set_permissions(&real, Permissions::from_mode(mode)).unwrap();
            Draft::read(&link).unwrap().write("b").unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&real).unwrap(), "b");
            assert_eq!(
                fs::metadata(&real).unwrap().permissions().mode() & 0o777,
                mode
            );
        }
        assert_eq!(names(directory.path()), ["link", "real"]);
    }

    #[test]
    fn what_changed_meanwhile_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "a").unwrap();
        let draft = Draft::read(&path).unwrap();
        fs::write(&path, "other").unwrap();
        let error = draft.write("b").unwrap_err();
        let real = path.canonicalize().unwrap();
        assert_eq!(
            error.to_string(),
            format!("{}: changed while it was edited: try again", real.display())
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
        assert_eq!(names(directory.path()), ["file"]);
    }

    #[test]
    fn what_cannot_be_written_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "a").unwrap();
        let draft = Draft::read(&path).unwrap();
        // The name that the new version would have is taken.
        let taken = directory
            .path()
            .join(format!(".file.{}.new", process::id()));
        fs::create_dir(&taken).unwrap();
        assert!(matches!(draft.write("b"), Err(WriteError::Write { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a");
    }
}
