//! Directories → candidates: what could be a plugin by its name and kind. No file is opened.

mod unseen;

pub(crate) use unseen::{Look, Unseen};

use crate::{
    Code, FileKey, Reason, Rejected,
    platform::{Dir, Entry, FileKind, Stat},
    trust::{self, Breach},
};
use std::{
    collections::HashSet,
    env::consts::DLL_EXTENSION,
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A regular file that may hold a plugin.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where it was found.
    pub path: PathBuf,
    /// Where the file lies that `path` leads to, when `path` is a symbolic link.
    pub target: Option<PathBuf>,
    /// The file's state when it was found.
    pub key: FileKey,
    /// How it breaks the trust rules ([`crate::Trust`]); empty when it does not.
    pub breaches: Vec<Breach>,
    /// The directory that the file itself lies in.
    dir: Arc<Dir>,
}

impl Candidate {
    /// The candidate at a path, wherever it lies and whatever its name.
    ///
    /// # Errors
    ///
    /// [`Unfit`] when there is no regular file.
    pub fn at(path: &Path) -> Result<Self, Unfit> {
        let (parent, name) = split(path)?;
        let dir = Folder::open(&parent).map_err(Unfit::Unreadable)?;
        dir.candidate(path.to_owned(), name)
    }

    /// The real file's name.
    pub(crate) fn file_name(&self) -> &OsStr {
        let path = self.target.as_ref().unwrap_or(&self.path);
        path.file_name().expect("a candidate's path ends in a name")
    }

    /// Opens it by its directory's descriptor; never a link, never waiting.
    pub(crate) fn open(&self) -> io::Result<File> {
        self.dir.open_at(self.file_name())
    }
}

/// Why a name in a directory is no candidate.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Not a file that can be read from beginning to end.
    #[error("{0}, expected a regular file: remove it from the directory")]
    Kind(FileKind),
    /// A link that leads nowhere.
    #[error("a symbolic link to nothing: remove it, or restore what it points to")]
    Dangling,
    /// The system refuses it.
    #[error("cannot be looked at: {0}")]
    Unreadable(io::Error),
}

impl Unfit {
    /// As a reason to refuse.
    pub fn reason(&self) -> Reason {
        let code = match self {
            Self::Unreadable(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Code::Untrusted
            }
            _ => Code::NotARegularFile,
        };
        Reason::new(code, self.to_string())
    }
}

/// A directory that was passed over.
#[derive(Debug, thiserror::Error)]
pub enum SkippedDir {
    /// Not there.
    #[error("{}: no such directory: create it, or take it out of the configuration", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// There, but it cannot be read.
    #[error("{}: cannot read the directory: {source}", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What the directories hold.
#[derive(Debug, Default)]
pub struct Discovery {
    /// By directory, then by name.
    pub candidates: Vec<Candidate>,
    /// What has a library's name but is no regular file, in the same order.
    pub rejected: Vec<Rejected>,
    /// The directories that were passed over: a warning each.
    pub skipped: Vec<SkippedDir>,
    /// The directories that were listed in full.
    pub listed: Vec<PathBuf>,
}

/// Looks for libraries, by their names' extension, in directories. A directory that is given twice
/// counts once; directories in directories are not entered.
pub fn discover(dirs: &[impl AsRef<Path>]) -> Discovery {
    let mut unseen = Vec::new();
    let discovery = discover_known(dirs, |_, _| true, &mut unseen);
    debug_assert!(unseen.is_empty(), "everything is known");
    discovery
}

/// As [`discover`], but puts aside regular files of which nothing is known, by device and inode:
/// they are not among the candidates.
pub(crate) fn discover_known(
    dirs: &[impl AsRef<Path>],
    is_known: impl Fn(u64, u64) -> bool,
    unseen: &mut Vec<Unseen>,
) -> Discovery {
    let mut paths: Vec<&Path> = dirs.iter().map(AsRef::as_ref).collect();
    paths.sort_unstable();
    let mut discovery = Discovery::default();
    let mut seen = HashSet::new();
    for path in paths {
        match Folder::open(path) {
            Ok(folder) if seen.insert(folder.identity) => {
                let dev = folder.identity.0;
                let is_known = |ino| is_known(dev, ino);
                list(&Arc::new(folder), path, is_known, &mut discovery, unseen);
            }
            Ok(_) => {}
            Err(error) => discovery.skipped.push(skip(path, error)),
        }
    }
    discovery
}

fn skip(path: &Path, source: io::Error) -> SkippedDir {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        return SkippedDir::Missing { path };
    }
    SkippedDir::Unreadable { path, source }
}

fn rejected(path: PathBuf, unfit: &Unfit) -> Rejected {
    Rejected {
        path,
        id: None,
        version: None,
        reasons: vec![unfit.reason()],
        root_cause: None,
    }
}

fn list(
    folder: &Arc<Folder>,
    path: &Path,
    is_known: impl Fn(u64) -> bool,
    discovery: &mut Discovery,
    unseen: &mut Vec<Unseen>,
) {
    let mut entries = match folder.dir.entries(is_library) {
        Ok(entries) => entries,
        Err(error) => return discovery.skipped.push(skip(path, error)),
    };
    discovery.listed.push(path.to_owned());
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for Entry { name, kind, ino } in entries {
        let full = path.join(&name);
        let found = match (kind, ino) {
            (FileKind::Regular, Some(ino)) if !is_known(ino) => {
                let folder = Arc::clone(folder);
                unseen.push(Unseen {
                    folder,
                    path: full,
                    ino,
                });
                continue;
            }
            (FileKind::Regular | FileKind::Link | FileKind::Unknown, _) => {
                folder.candidate(full, &name)
            }
            (kind, _) => Err(Unfit::Kind(kind)),
        };
        match found {
            Ok(candidate) => discovery.candidates.push(candidate),
            Err(unfit) => discovery.rejected.push(rejected(path.join(&name), &unfit)),
        }
    }
}

/// An open directory and whether it can be trusted.
struct Folder {
    dir: Arc<Dir>,
    identity: (u64, u64),
    breach: Option<Breach>,
    user: u32,
}

impl Folder {
    fn open(path: &Path) -> io::Result<Self> {
        let dir = Dir::open(path)?;
        let stat = dir.stat()?;
        let user = trust::user();
        Ok(Self {
            dir: Arc::new(dir),
            identity: (stat.key.dev, stat.key.ino),
            breach: Breach::of(&stat, user, || path.to_owned()),
            user,
        })
    }

    fn candidate(&self, path: PathBuf, name: &OsStr) -> Result<Candidate, Unfit> {
        let stat = self.dir.stat_at(name).map_err(Unfit::Unreadable)?;
        match stat.kind {
            FileKind::Regular => Ok(self.regular(path, &stat)),
            FileKind::Link => self.follow(path),
            kind => Err(Unfit::Kind(kind)),
        }
    }

    /// What a file in it is taken for until it is asked.
    fn guess(&self, ino: u64) -> FileKey {
        FileKey {
            dev: self.identity.0,
            ino,
            ..FileKey::default()
        }
    }

    fn regular(&self, path: PathBuf, stat: &Stat) -> Candidate {
        let own = Breach::of(stat, self.user, || path.clone());
        Candidate {
            key: stat.key,
            target: None,
            breaches: self.breach.iter().cloned().chain(own).collect(),
            dir: Arc::clone(&self.dir),
            path,
        }
    }

    /// Follows a link to its end, so that the file is opened by its own name, in its own directory.
    fn follow(&self, path: PathBuf) -> Result<Candidate, Unfit> {
        let target = match path.canonicalize() {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unfit::Dangling),
            Err(error) => return Err(Unfit::Unreadable(error)),
        };
        let (parent, name) = split(&target)?;
        let folder = Self::open(&parent).map_err(Unfit::Unreadable)?;
        let stat = folder.dir.stat_at(name).map_err(Unfit::Unreadable)?;
        if stat.kind != FileKind::Regular {
            return Err(Unfit::Kind(stat.kind));
        }
        let mut candidate = folder.regular(target.clone(), &stat);
        if let Some(breach) = self
            .breach
            .as_ref()
            .filter(|&b| !candidate.breaches.contains(b))
        {
            candidate.breaches.insert(0, breach.clone());
        }
        candidate.path = path;
        candidate.target = Some(target);
        Ok(candidate)
    }
}

/// A path's directory and the name in it.
fn split(path: &Path) -> Result<(PathBuf, &OsStr), Unfit> {
    let name = path.file_name().ok_or(Unfit::Kind(FileKind::Directory))?;
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((parent, name))
}

fn is_library(name: &[u8]) -> bool {
    let stem = name.strip_suffix(DLL_EXTENSION.as_bytes());
    stem.and_then(|stem| stem.strip_suffix(b"."))
        .is_some_and(|stem| !stem.is_empty())
}
