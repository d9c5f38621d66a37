//! Files are replaced by other versions of themselves: each whole, or as it was.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Why files are not written. All are as they were, but for [`WriteError::Partly`] and
/// [`WriteError::Directory`].
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
    /// Some are written, and those that follow are as they were.
    #[error(
        "{} is written and the rest is not: put right what kept it, and do the same again",
        list(done)
    )]
    Partly {
        /// Which are.
        done: Vec<PathBuf>,
        /// Why the next is not.
        source: Box<Self>,
    },
    /// All are written, and this one may be as it was after a power cut.
    #[error("{}: written, but its directory cannot be synced", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.join(", ")
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

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError::Write {
            path: self.path.clone(),
            source,
        }
    }

    /// What stood in it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Puts another text in its place, with the same permissions and owner. A reader sees the one or
    /// the other, also after a power cut. Refused where the file is not as it was read.
    pub(crate) fn write(&self, text: &str) -> Result<(), WriteError> {
        write([(self, text)])
    }
}

/// Puts other texts in the places of several, as [`Draft::write`] does with one. What can fail is done
/// with all of them before the first gets its name.
pub(crate) fn write<'d>(
    files: impl IntoIterator<Item = (&'d Draft, &'d str)>,
) -> Result<(), WriteError> {
    let versions = files.into_iter();
    let versions: Vec<Version<'_>> = versions
        .map(|(draft, text)| Version::new(draft, text))
        .collect::<Result<_, _>>()?;
    versions.iter().try_for_each(Version::check)?;
    put(versions)
}

fn put(versions: Vec<Version<'_>>) -> Result<(), WriteError> {
    let mut done = Vec::new();
    let mut failed = None;
    for version in versions {
        let path = &version.draft.path;
        match version.file.persist(path) {
            Ok(_) => done.push(path.clone()),
            Err(error) => {
                failed = Some(version.draft.failed(error.error));
                break;
            }
        }
    }
    let synced = done.iter().try_for_each(|path| {
        sync_directory(path).map_err(|source| WriteError::Directory {
            path: path.clone(),
            source,
        })
    });
    match failed {
        None => synced,
        Some(error) if done.is_empty() => Err(error),
        Some(error) => Err(WriteError::Partly {
            done,
            source: Box::new(error),
        }),
    }
}

/// A new version beside the old one, all of it on the disk. It is gone when it is dropped, unless it
/// got the name.
struct Version<'d> {
    draft: &'d Draft,
    file: NamedTempFile,
}

impl<'d> Version<'d> {
    fn new(draft: &'d Draft, text: &str) -> Result<Self, WriteError> {
        let file = beside(&draft.path).map_err(|source| draft.failed(source))?;
        fill(&file, text, &draft.path).map_err(|source| draft.failed(source))?;
        Ok(Self { draft, file })
    }

    /// Refuses where the old one is not as it was read.
    fn check(&self) -> Result<(), WriteError> {
        let path = &self.draft.path;
        let now = fs::read(path).map_err(|source| self.draft.failed(source))?;
        if now != self.draft.text.as_bytes() {
            return Err(WriteError::Changed(path.clone()));
        }
        Ok(())
    }
}

/// A file of a name that nobody has, also where one was left behind: a host in a container always has
/// the same process id. Nobody but the owner can read it before it has its permissions.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".new")
        .tempfile_in(path.parent().unwrap_or(Path::new(".")))
}

fn fill(new: &NamedTempFile, text: &str, model: &Path) -> io::Result<()> {
    let metadata = fs::metadata(model)?;
    let mut file = new.as_file();
    file.write_all(text.as_bytes())?;
    own(file, &metadata)?;
    // After the owner: changing that may take permissions away.
    file.set_permissions(metadata.permissions())?;
    file.sync_all()
}

#[cfg(unix)]
fn own(file: &fs::File, model: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (model.uid(), model.gid()) {
        return Ok(());
    }
    fchown(file, Some(model.uid()), Some(model.gid()))
}

#[cfg(not(unix))]
fn own(_: &fs::File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
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

    /// One in a directory of its own, with `a` in it.
    fn file() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "a").expect("a file");
        (directory, path)
    }

    #[test]
    fn what_changed_meanwhile_is_left_as_it_is() {
        let (directory, path) = file();
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
        let (directory, path) = file();
        let draft = Draft::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(draft.write("b"), Err(WriteError::Write { .. })));
        assert!(path.is_dir());
        assert_eq!(names(directory.path()), ["file"]);
    }

    #[test]
    fn what_a_killed_writer_left_behind_is_in_nobodys_way() {
        let (directory, path) = file();
        let left = format!(".file.{}.new", std::process::id());
        fs::write(directory.path().join(&left), "half").unwrap();
        let draft = Draft::read(&path).unwrap();
        // Another, killed before its version had the name.
        Version::new(&draft, "hal").unwrap().file.keep().unwrap();
        draft.write("b").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "b");
    }

    /// Two files with `a` in them.
    fn two(directory: &Path) -> [Draft; 2] {
        ["one", "two"].map(|name| {
            let path = directory.join(name);
            fs::write(&path, "a").expect("it can be written");
            Draft::read(&path).expect("it is there")
        })
    }

    #[test]
    fn of_several_none_is_written_where_one_cannot_be() {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = two(directory.path());
        fs::write(&two.path, "other").unwrap();
        let error = write([(&one, "b"), (&two, "b")]).unwrap_err();
        assert!(matches!(error, WriteError::Changed(path) if path == two.path));
        assert_eq!(fs::read_to_string(&one.path).unwrap(), "a");
        assert_eq!(names(directory.path()), ["one", "two"]);
    }

    #[test]
    fn what_is_written_is_named_where_it_fails_half_way() {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = two(directory.path());
        let versions = [&one, &two].map(|draft| Version::new(draft, "b").unwrap());
        fs::remove_file(versions[1].file.path()).unwrap();
        let error = put(versions.into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} is written and the rest is not: put right what kept it, and do the same again",
                one.path.display()
            )
        );
        let WriteError::Partly { source, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(
            source.to_string(),
            format!("{}: cannot be written", two.path.display())
        );
        assert_eq!(fs::read_to_string(&one.path).unwrap(), "b");
        assert_eq!(fs::read_to_string(&two.path).unwrap(), "a");
    }
}
