//! The host's own copies of libraries, named by their content: what is inspected there is what is
//! mapped, whatever happens to the original meanwhile.
//!
//! `<state>/store/<sha256>/<name>`, directories for the owner alone, files read-only. A copy is
//! written under a temporary name, hashed on its way, inspected in full, and only then given its
//! name, so nothing broken and nothing half-written ever has one.
//!
//! Nothing is synced: the store can always be made again. After a power cut a copy may be there
//! with other bytes than its name says, so a copy is trusted without reading it only while its
//! [`FileKey`] is the one that was noted when it was written or last hashed.

mod copy;
mod relay;
mod sweep;

pub use sweep::Swept;

pub(crate) use copy::hash;

use crate::{
    ContentHash, FileKey, Reason, Rejected,
    discover::Candidate,
    inspect::{self, Depth, Fault, Inspection, NoteState},
    platform,
    trust::{self, Breach},
};
use jackfield_manifest::Manifest;
use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// How often a file that changes while it is copied is copied again.
const ATTEMPTS: usize = 3;

/// The store in a state directory.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    /// The same, open: what lies in it is looked at by one system call.
    dir: Arc<platform::Dir>,
}

/// A library in the store: its bytes are those of `hash`, and they have been inspected in full.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Where it lies: map this, never the original.
    pub path: PathBuf,
    /// Of its whole content.
    pub hash: ContentHash,
    /// Bytes in it.
    pub size: u64,
    /// State of the copy.
    pub key: FileKey,
    /// State of the original that it was copied from.
    pub source: FileKey,
    /// What the copy says of itself.
    pub manifest: Arc<Manifest>,
    /// What in the manifest this host does not know.
    pub warnings: Vec<String>,
}

/// A file whose content was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Where it was found.
    pub path: PathBuf,
    /// State of the file.
    pub key: FileKey,
    /// Of the refused content, where all of it could be read.
    pub hash: Option<ContentHash>,
    /// What is wrong, and what is known all the same.
    pub inspection: Inspection,
}

/// Why a file did not get into the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is no sound plugin.
    #[error("{}: {}", .0.path.display(), first(&.0.inspection.reasons))]
    Refused(Box<Refused>),
    /// The store's directory is open to others.
    #[error("the store cannot be trusted: {0}")]
    Untrusted(Breach),
    /// The store cannot be written or read.
    #[error("{}: cannot {doing} in the store: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl StoreError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

impl Stored {
    /// What was found out about the copy.
    pub(crate) fn inspection(&self) -> Inspection {
        Inspection {
            note: NoteState::Present,
            manifest: Some(Arc::clone(&self.manifest)),
            warnings: self.warnings.clone(),
            reasons: Vec::new(),
        }
    }
}

fn first(reasons: &[Reason]) -> &str {
    reasons.first().map_or("refused", |reason| &reason.message)
}

impl From<Refused> for Rejected {
    fn from(refused: Refused) -> Self {
        let manifest = refused.inspection.manifest;
        Self {
            path: refused.path,
            id: manifest.as_ref().map(|manifest| manifest.id.clone()),
            version: manifest.as_ref().map(|manifest| manifest.version.clone()),
            reasons: refused.inspection.reasons,
            root_cause: None,
        }
    }
}

impl Store {
    /// The store in a state directory, made where it is not there yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be made, or when others than the user and root could write
    /// in it.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let root = state.join("store");
        let failed = |source| StoreError::io("create a directory", &root)(source);
        platform::create_private_dir(&root).map_err(failed)?;
        let dir = platform::Dir::open(&root).map_err(failed)?;
        let stat = dir.stat().map_err(failed)?;
        if let Some(breach) = Breach::of(&stat, trust::user(), || root.clone()) {
            return Err(StoreError::Untrusted(breach));
        }
        let dir = Arc::new(dir);
        Ok(Self { root, dir })
    }

    /// Where the copy of a content lies, or would lie, under a name.
    pub fn path(&self, hash: &ContentHash, name: &OsStr) -> PathBuf {
        self.root.join(hash.to_string()).join(name)
    }

    /// Copies a candidate into the store, and inspects the copy in full. Where the same content
    /// is there already under the same name, its bytes are hashed again and it is used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when the content is not that of a sound plugin,
    /// [`StoreError::Io`] when the store cannot be written.
    pub fn admit(&self, candidate: &Candidate) -> Result<Stored, StoreError> {
        for _ in 0..ATTEMPTS {
            let opened = inspect::open(candidate);
            let (file, key) = opened.map_err(|fault| refuse(candidate, &fault))?;
            let failed = |error| self.copy_failed(candidate, error);
            let begun = copy::begin(&file, key.size).map_err(failed)?;
            let (mut temporary, copy) = self.temporary()?;
            let copied = begun.write(&copy).map_err(failed)?;
            let after = platform::stat_of(&file, &key);
            let unchanged = after.is_ok_and(|stat| stat.key == key) && copied.len == key.size;
            if unchanged {
                // Meanwhile the hash is being computed.
                temporary.prepare();
                let inspection = inspect::inspect_file(&copy, key.size, Depth::Full);
                let hash = copied.hash();
                return self.settle(candidate, key, hash, inspection, temporary, &copy);
            }
        }
        Err(refuse(candidate, &Fault::Changed))
    }

    /// The copy of a content, without reading it, where its state is still the one noted.
    pub fn recall(
        &self,
        candidate: &Candidate,
        hash: ContentHash,
        noted: &FileKey,
        manifest: Arc<Manifest>,
        warnings: Vec<String>,
    ) -> Option<Stored> {
        let name = Path::new(&hash.to_string()).join(candidate.file_name());
        let stat = self.dir.stat_at(name.as_os_str()).ok()?;
        (stat.key == *noted).then(|| Stored {
            path: self.root.join(name),
            hash,
            size: noted.size,
            key: *noted,
            source: candidate.key,
            manifest,
            warnings,
        })
    }

    /// Gives a copy its name, where nothing is wrong with it.
    fn settle(
        &self,
        candidate: &Candidate,
        source: FileKey,
        hash: ContentHash,
        inspection: Inspection,
        temporary: Temporary,
        copy: &File,
    ) -> Result<Stored, StoreError> {
        let Some(manifest) = inspection
            .manifest
            .clone()
            .filter(|_| inspection.reasons.is_empty())
        else {
            return Err(StoreError::Refused(Box::new(Refused {
                path: candidate.path.clone(),
                key: source,
                hash: Some(hash),
                inspection,
            })));
        };
        let path = self.path(&hash, candidate.file_name());
        let key = match existing(&path, &hash) {
            Some(key) => key,
            None => temporary.keep(&path, copy)?,
        };
        Ok(Stored {
            path,
            hash,
            size: source.size,
            key,
            source,
            manifest,
            warnings: inspection.warnings,
        })
    }

    fn temporary(&self) -> Result<(Temporary, File), StoreError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{}-{number}", sweep::TEMPORARY, std::process::id());
        let path = self.root.join(name);
        // Left behind by a process that was killed and had the same id.
        if fs::remove_file(&path).is_ok() {
            log::debug!("removed a stale copy: {}", path.display());
        }
        let file = platform::create_private_file(&path);
        let file = file.map_err(StoreError::io("create a file", &path))?;
        let folder = None;
        Ok((Temporary { path, folder }, file))
    }

    fn copy_failed(&self, candidate: &Candidate, error: copy::CopyError) -> StoreError {
        match error {
            copy::CopyError::Read(error) => refuse(candidate, &Fault::Unreadable(error)),
            copy::CopyError::Write(error) => StoreError::io("write a copy", &self.root)(error),
        }
    }
}

fn refuse(candidate: &Candidate, fault: &Fault) -> StoreError {
    StoreError::Refused(Box::new(Refused {
        path: candidate.path.clone(),
        key: candidate.key,
        hash: None,
        inspection: Inspection::failed(fault),
    }))
}

/// The state of a copy that is there already, where its bytes are what its name says.
fn existing(path: &Path, hash: &ContentHash) -> Option<FileKey> {
    let dir = platform::Dir::open(path.parent()?).ok()?;
    let name = path.file_name()?;
    let known = dir.stat_at(name).ok()?.key;
    let file = dir.open_at(name).ok()?;
    let stat = platform::stat_of(&file, &known).ok()?;
    let found = copy::hash(&file).ok()?;
    if found == *hash {
        return Some(stat.key);
    }
    log::warn!(
        "{}: not the bytes that its name says, replaced",
        path.display()
    );
    None
}

/// A copy without its name, removed unless it is kept.
struct Temporary {
    path: PathBuf,
    /// What becomes the content's directory.
    folder: Option<PathBuf>,
}

impl Temporary {
    /// Makes a directory, so that none has to be made when the name is known: on some filesystems
    /// that takes as long as a copy.
    fn prepare(&mut self) {
        let mut folder = self.path.clone().into_os_string();
        folder.push("-dir");
        let folder = PathBuf::from(folder);
        // Else it is made in the end, or said why not.
        if platform::create_private_dir(&folder).is_ok() {
            self.folder = Some(folder);
        }
    }

    /// Gives the copy its name, and its state under that name.
    fn keep(mut self, path: &Path, copy: &File) -> Result<FileKey, StoreError> {
        let dir = path.parent().expect("a copy lies in a directory");
        let name = path.file_name().expect("a copy has a name");
        let failed = StoreError::io("name a copy", path);
        if let Err(error) = platform::seal(copy) {
            return Err(failed(error));
        }
        if !self.becomes(dir, name) {
            // The same content is there under another name.
            platform::create_private_dir(dir).map_err(StoreError::io("create a directory", dir))?;
            if let Err(error) = fs::rename(&self.path, path) {
                return Err(failed(error));
            }
        }
        // The change time is that of the renaming, and the name is the directory's.
        let stat = platform::Dir::open(dir).and_then(|dir| dir.stat_at(name));
        stat.map(|stat| stat.key).map_err(failed)
    }

    /// Moves the copy into the directory that was prepared, and that to its place, if it is free.
    fn becomes(&mut self, dir: &Path, name: &OsStr) -> bool {
        let Some(folder) = &self.folder else {
            return false;
        };
        let inside = folder.join(name);
        if fs::rename(&self.path, &inside).is_err() {
            return false;
        }
        if fs::rename(folder, dir).is_ok() {
            self.folder = None;
            return true;
        }
        self.path = inside;
        false
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already when it was kept.
        let _ = fs::remove_file(&self.path);
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir(folder);
        }
    }
}
