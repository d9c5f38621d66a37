use super::Turn;
use jackfield_manifest::PluginId;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

#[cfg(unix)]
use libloading::os::unix as os;
#[cfg(windows)]
use libloading::os::windows as os;

/// Keeps a library mapped for as long as it is held: whoever has one may run the library's code.
pub(crate) struct Lease(Arc<Library>);

/// A mapped library. Dropping it leaves it mapped; only [`close`](Library::close) unmaps.
pub(crate) struct Library {
    /// `None` once it is closed.
    handle: Mutex<Option<os::Library>>,
    path: PathBuf,
    /// The address of its root module's symbol, once that was found.
    root: OnceLock<usize>,
    who: PluginId,
    /// How long its constructors may take, and its destructors.
    limit: Duration,
    /// How many leases there are; with [`CLOSED`] once there will be no more.
    leases: AtomicUsize,
    /// Somebody waits for the other leases to go.
    is_awaited: AtomicBool,
    gone: Condvar,
}

/// Set in [`Library::leases`] when the library is closed.
const CLOSED: usize = 1 << (usize::BITS - 1);

impl Lease {
    /// A lease on a library that is perhaps closed already.
    pub(crate) fn upgrade(library: &Weak<Library>) -> Option<Self> {
        let library = library.upgrade()?;
        if library.leases.fetch_add(1, SeqCst) & CLOSED != 0 {
            library.leases.fetch_sub(1, SeqCst);
            return None;
        }
        Some(Self(library))
    }

    /// What [`upgrade`](Lease::upgrade) takes.
    pub(crate) fn downgrade(&self) -> Weak<Library> {
        Arc::downgrade(&self.0)
    }
}

impl Lease {
    /// Of a plugin whose library is mapped in no place of this process.
    #[cfg(any(unix, test))]
    pub(crate) fn of_no_library(who: PluginId) -> Self {
        Self(Arc::new(Library {
            handle: Mutex::default(),
            path: PathBuf::new(),
            root: OnceLock::new(),
            who,
            limit: Duration::ZERO,
            leases: AtomicUsize::new(1),
            is_awaited: AtomicBool::new(false),
            gone: Condvar::new(),
        }))
    }
}

#[cfg(test)]
impl Lease {
    /// On a library that was never mapped.
    pub(super) fn of_nothing() -> Self {
        Self::of_no_library(PluginId::new("nobody").expect("an id"))
    }

    /// How many there are on the same library.
    pub(super) fn holders(&self) -> usize {
        self.0.leases.load(SeqCst)
    }
}

impl Clone for Lease {
    fn clone(&self) -> Self {
        self.0.leases.fetch_add(1, SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Sequentially consistent with the flag: either the one that waits sees this lease gone, or
        // this sees that somebody waits.
        self.0.leases.fetch_sub(1, SeqCst);
        if self.0.is_awaited.load(SeqCst) {
            drop(self.0.handle());
            self.0.gone.notify_all();
        }
    }
}

impl std::ops::Deref for Lease {
    type Target = Library;

    fn deref(&self) -> &Library {
        &self.0
    }
}

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
        Ok(Lease(Arc::new(Self {
            handle: Mutex::new(Some(handle)),
            path: path.to_owned(),
            root: OnceLock::new(),
            who,
            limit,
            leases: AtomicUsize::new(1),
            is_awaited: AtomicBool::new(false),
            gone: Condvar::new(),
        })))
    }

    fn handle(&self) -> MutexGuard<'_, Option<os::Library>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of a symbol, or `None` when the library does not export it.
    ///
    /// The symbol's name ends in NUL. The pointer is valid for as long as the library is held.
    /// Looking for it takes the same lock of the system's loader as mapping does.
    pub(super) fn symbol(&self, name: &str, _turn: &Turn) -> Option<*const ()> {
        let handle = self.handle();
        let library = handle.as_ref()?;
        // SAFETY: the symbol is read as an untyped address, which any symbol is; the caller, in
        // this module, decides what stands there.
        let symbol = unsafe { library.get::<*const ()>(name.as_bytes()) }.ok()?;
        Some(*symbol)
    }

    /// Its file, in the private store.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where [`ROOT_MODULE_SYMBOL`](jackfield_abi::ROOT_MODULE_SYMBOL) stands in this process, if it
    /// was found: what stands in the file at an address is as far from there as it is in the file.
    pub(crate) fn root(&self) -> Option<usize> {
        self.root.get().copied()
    }

    pub(super) fn set_root(&self, address: *const ()) {
        // A second time it would be the same address.
        let _ = self.root.set(address.addr());
    }

    /// Unmaps the library, if this is the last lease or becomes it before the deadline (a timer
    /// that was just waking a future of the library is done in a moment), and looks whether it is
    /// gone.
    pub(crate) fn close(lease: Lease, deadline: Instant) -> Unload {
        lease.is_awaited.store(true, SeqCst);
        let mut handle = lease.handle();
        while let Err(leases) = lease.leases.compare_exchange(1, CLOSED | 1, SeqCst, SeqCst) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                let others = leases.saturating_sub(1);
                return Unload::Pinned(format!("{others} futures or wakers of it are still held"));
            };
            let waited = lease.gone.wait_timeout(handle, left);
            handle = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let Some(library) = handle.take() else {
            // There was none.
            return Unload::Unmapped;
        };
        // Its destructors run when it is closed: no lock is held meanwhile.
        drop(handle);
        let _turn = match Turn::wait(&lease.who, lease.limit) {
            Ok(turn) => turn,
            Err(stuck) => {
                let _kept = library.into_raw();
                return Unload::Pinned(stuck.to_string());
            }
        };
        if let Err(error) = library.close() {
            return Unload::Pinned(format!("the system's loader keeps it: {error}"));
        }
        if is_mapped(&lease.path) {
            return Unload::Pinned(
                "the system's loader keeps it, as it does after the library has registered a \
                 thread-local destructor or a thread of it still runs"
                    .to_owned(),
            );
        }
        Unload::Unmapped
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // Whoever let go of it last may be the library's own code: it stays mapped.
        if let Some(handle) = self.handle().take() {
            let _kept = handle.into_raw();
        }
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
