use super::Turn;
use jackfield_manifest::PluginId;
use std::{
    fmt,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

#[cfg(unix)]
use libloading::os::unix as os;
#[cfg(windows)]
use libloading::os::windows as os;

/// Keeps a library mapped for as long as it is held.
pub(crate) type Lease = Arc<Library>;

/// A mapped library. Dropping it leaves it mapped; only [`close`](Library::close) unmaps.
pub(crate) struct Library {
    handle: ManuallyDrop<os::Library>,
    path: PathBuf,
    who: PluginId,
    /// How long its constructors may take, and its destructors.
    limit: Duration,
}

/// How long the last holders of a library get to let go of it.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// The system's loader refused a file.
#[derive(Debug, thiserror::Error)]
#[error("the system's loader refuses it: {0}")]
pub struct OpenError(String);

/// Whether a library is really gone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unload {
    /// It is no longer mapped: looked at, not assumed.
    Unmapped,
    /// It is still mapped, and why.
    Pinned(String),
}

impl fmt::Display for Unload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmapped => f.write_str("unmapped"),
            Self::Pinned(why) => write!(f, "pinned: {why}"),
        }
    }
}

impl Library {
    /// Maps a library and runs its constructors.
    ///
    /// `path` must be absolute and name a file of the private store: one whose bytes passed the
    /// full preflight and that nobody else writes. All symbols are resolved at once, so that a
    /// missing one is an error here and not a crash later.
    pub(crate) fn open(path: &Path, turn: &Turn) -> Result<Lease, OpenError> {
        let handle = map(path).map_err(|error| OpenError(first_line(&error)))?;
        let (who, limit) = turn.terms();
        Ok(Arc::new(Self {
            handle: ManuallyDrop::new(handle),
            path: path.to_owned(),
            who,
            limit,
        }))
    }

    /// The address of a symbol, or `None` when the library does not export it.
    ///
    /// The symbol's name ends in NUL. The pointer is valid for as long as the library is held.
    /// Looking for it takes the same lock of the system's loader as mapping does.
    pub(super) fn symbol(&self, name: &str, _turn: &Turn) -> Option<*const ()> {
        // SAFETY: the symbol is read as an untyped address, which any symbol is; the caller, in
        // this module, decides what stands there.
        let symbol = unsafe { self.handle.get::<*const ()>(name.as_bytes()) }.ok()?;
        Some(*symbol)
    }

    /// Unmaps the library, if this is the last that holds it, and looks whether it is gone.
    pub(crate) fn close(lease: Lease) -> Unload {
        let library = match alone(lease) {
            Ok(library) => library,
            Err(others) => {
                return Unload::Pinned(format!(
                    "{others} calls, futures or services still hold it"
                ));
            }
        };
        let _turn = match Turn::wait(&library.who, library.limit) {
            Ok(turn) => turn,
            Err(stuck) => return Unload::Pinned(stuck.to_string()),
        };
        let Self { handle, path, .. } = library;
        if let Err(error) = ManuallyDrop::into_inner(handle).close() {
            return Unload::Pinned(format!("the system's loader keeps it: {error}"));
        }
        if is_mapped(&path) {
            return Unload::Pinned(
                "the system's loader keeps it, as it does after the library has registered a \
                 thread-local destructor or a thread of it still runs"
                    .to_owned(),
            );
        }
        Unload::Unmapped
    }
}

/// The library, once nobody else holds it, or how many others do.
///
/// A thread that has just woken a future of the plugin, the timer's for one, is inside the plugin's
/// waker and holds the library for a moment after that future has ended.
fn alone(mut lease: Lease) -> Result<Library, usize> {
    let until = Instant::now() + LAST_MOMENT;
    loop {
        match Arc::try_unwrap(lease) {
            Ok(library) => return Ok(library),
            Err(held) if Instant::now() >= until => return Err(Arc::strong_count(&held) - 1),
            Err(held) => lease = held,
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that maps a library"
)]
fn map(path: &Path) -> Result<os::Library, libloading::Error> {
    // SAFETY: constructors run here, and a constructor can do anything; that is the trust which the
    // operator gives by enabling the plugin. The file passed the full preflight, so the system's
    // loader reads inside it only, and it is private, so it does not change while it is mapped.
    unsafe { os::Library::open(Some(path), os::RTLD_NOW | os::RTLD_LOCAL) }
}

#[cfg(windows)]
fn map(path: &Path) -> Result<os::Library, libloading::Error> {
    // SAFETY: as on Unix.
    unsafe { os::Library::new(path) }
}

/// Whether the system's loader still has a library of that path, without loading it.
#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "asks whether a library is mapped, and maps none"
)]
fn is_mapped(path: &Path) -> bool {
    const RTLD_NOLOAD: std::ffi::c_int = if cfg!(target_os = "macos") { 0x10 } else { 0x4 };
    // SAFETY: with RTLD_NOLOAD nothing is mapped and no constructor runs; at most a count is
    // raised, and lowered again when the handle is dropped here.
    let found = unsafe { os::Library::open(Some(path), os::RTLD_LAZY | RTLD_NOLOAD) };
    found.is_ok()
}

#[cfg(windows)]
fn is_mapped(path: &Path) -> bool {
    os::Library::open_already_loaded(path).is_ok()
}

fn first_line(error: &libloading::Error) -> String {
    let text = std::error::Error::source(error)
        .map_or_else(|| error.to_string(), |source| source.to_string());
    text.lines().next().unwrap_or_default().to_owned()
}
