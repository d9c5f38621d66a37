//! Where the socket lies, and who may use it.
//!
//! A socket is made by name, with permissions that the process's mask decides, and the mask is the
//! process's: changing it for a moment would change it for every plugin's thread. So the socket is
//! made in a directory that nobody else can enter, gets its permissions there, and only then its
//! name, in the place of one that a host before left behind.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::{
        fd::AsRawFd,
        unix::{
            fs::{DirBuilderExt, PermissionsExt},
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
};

/// The name of the socket in the state directory.
const NAME: &str = "control.sock";

/// The directory in which it is made.
const WORKSHOP: &str = ".control";

/// The most bytes of a path that the system takes for a socket.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// It cannot be made.
    #[error("cannot make the control socket {}", path.display())]
    Make {
        /// Its name.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its name is too long.
    #[error(
        "cannot make the control socket {}: expected a path of at most {LONGEST} bytes, found {}: \
         name a shorter state directory",
        .0.display(),
        .0.as_os_str().len()
    )]
    TooLong(PathBuf),
}

/// The socket of a state directory.
pub(crate) fn socket(state: &Path) -> PathBuf {
    state.join(NAME)
}

/// A socket that clients find; its name goes with it.
pub(super) struct Place {
    path: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Somebody may have been before us.
        let _ = fs::remove_file(&self.path);
    }
}

impl Place {
    /// Makes the socket of a state directory. The caller holds that directory's lock: what lies
    /// there is nobody's.
    pub(super) fn make(state: &Path) -> Result<(UnixListener, Self), PlaceError> {
        let path = socket(state);
        let workshop = state.join(WORKSHOP);
        let failed = |source| PlaceError::Make {
            path: path.clone(),
            source,
        };
        clear(&workshop).map_err(failed)?;
        DirBuilder::new()
            .mode(0o700)
            .create(&workshop)
            .map_err(failed)?;
        let made = make(&workshop, &path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => PlaceError::TooLong(path.clone()),
            _ => failed(error),
        });
        // Empty by now, or of no use.
        let _ = clear(&workshop);
        made.map(|listener| (listener, Self { path }))
    }
}

fn make(workshop: &Path, path: &Path) -> io::Result<UnixListener> {
    let new = workshop.join(NAME);
    let listener = through(&new, |short| UnixListener::bind(short))?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, path)?;
    Ok(listener)
}

fn clear(workshop: &Path) -> io::Result<()> {
    match fs::remove_dir_all(workshop) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Connects to the socket of that name.
pub(crate) fn connect(path: &Path) -> io::Result<UnixStream> {
    through(path, |short| UnixStream::connect(short))
}

/// Does something with a socket by its name; where that is longer than a socket's may be, by way of
/// a descriptor of its directory, where the system has such ways.
fn through<R>(path: &Path, act: impl FnOnce(&Path) -> io::Result<R>) -> io::Result<R> {
    if path.as_os_str().len() <= LONGEST || !cfg!(target_os = "linux") {
        return act(path);
    }
    let directory = File::open(path.parent().unwrap_or(Path::new(".")))?;
    let name = path.file_name().unwrap_or_default();
    let short = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string());
    act(&short.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};

    #[test]
    fn a_socket_is_its_owners_and_goes_with_its_host() {
        let state = tempfile::tempdir().unwrap();
        let path = socket(state.path());
        // Left behind by others, of whatever kind.
        fs::write(&path, "x").unwrap();
        fs::create_dir(state.path().join(WORKSHOP)).unwrap();
        let (listener, place) = Place::make(state.path()).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.mode() & 0o7777, 0o600);
        assert!(connect(&path).is_ok());
        assert!(!state.path().join(WORKSHOP).exists());
        drop((listener, place));
        assert!(!path.exists());
    }

    #[test]
    fn what_was_left_behind_is_replaced() {
        let state = tempfile::tempdir().unwrap();
        let path = socket(state.path());
        let (first, place) = Place::make(state.path()).unwrap();
        let _place = std::mem::ManuallyDrop::new(place);
        drop(first);
        let refused = connect(&path).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let (_second, _place) = Place::make(state.path()).unwrap();
        assert!(connect(&path).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_long_path_is_no_hindrance() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("s".repeat(200));
        fs::create_dir(&state).unwrap();
        let (_listener, _place) = Place::make(&state).unwrap();
        assert!(socket(&state).as_os_str().len() > LONGEST);
        assert!(connect(&socket(&state)).is_ok());
    }
}
