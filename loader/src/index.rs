//! The verdict cache: what was found out about each file, so that a second start reads none of
//! them again.
//!
//! One file in the state directory. It is read at once and believed only whole: a missing or
//! damaged index, or one of another format or host build, is an empty one, and says nothing. It is
//! written to a temporary name and renamed, so a reader sees the old or the new one.

mod body;
mod file;
mod lean;

mod later;

pub use body::Entry;
pub(crate) use later::Later;
pub use lean::Summary;

use crate::{ContentHash, FileKey, Inspection, store::Refused, store::Stored};
use file::Image;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Clocks of filesystems tick this coarsely, at worst: within a tick, a second change of a file
/// leaves no trace in its times, so what was seen of so young a file is not remembered.
const TICK: Duration = Duration::from_millis(20);

/// What is known of files, from earlier runs and from this one.
#[derive(Debug)]
pub struct Index {
    path: Option<PathBuf>,
    build: [u8; 32],
    image: Arc<Image>,
    /// Which records of the image are files that are still there.
    seen: Vec<bool>,
    /// What was found out in this run; goes before the image.
    fresh: HashMap<(u64, u64), (FileKey, Entry)>,
    /// Directories that were listed in full in this run.
    listed: Vec<PathBuf>,
}

impl Index {
    /// The index in a state directory, for a host that is identified by `build`: any text that
    /// differs between two builds whose verdicts on layouts may differ.
    pub fn open(state: &Path, build: &str) -> Self {
        let path = state.join("index");
        let build = Sha256::digest(build).into();
        let image = read(&path).and_then(|bytes| Image::new(bytes, &build));
        let mut index = Self::with(image.unwrap_or_default(), build);
        index.path = Some(path);
        index
    }

    /// An index that is never written.
    pub fn in_memory() -> Self {
        Self::with(Image::default(), [0; 32])
    }

    fn with(image: Image, build: [u8; 32]) -> Self {
        Self {
            path: None,
            build,
            seen: vec![false; image.len()],
            image: Arc::new(image),
            fresh: HashMap::new(),
            listed: Vec::new(),
        }
    }

    /// Whether anything is known of a file, in whatever state it was then.
    pub(crate) fn knows(&self, dev: u64, ino: u64) -> bool {
        self.image.find(dev, ino).is_some() || self.fresh.contains_key(&(dev, ino))
    }

    /// What is known of a file in exactly this state.
    pub fn get(&mut self, key: &FileKey) -> Option<Entry> {
        if let Some((known, entry)) = self.fresh.get(&(key.dev, key.ino)) {
            return (known == key).then(|| entry.clone());
        }
        let at = self
            .image
            .find(key.dev, key.ino)
            .filter(|&at| self.image.key(at) == *key)?;
        let entry = Entry::decode(self.image.body(at));
        self.seen[at] = entry.is_some();
        entry
    }

    /// As [`Self::get`], with the manifest left where it is until somebody wants it.
    pub(crate) fn get_later(&mut self, key: &FileKey) -> Option<(Entry, Later)> {
        if self.fresh.contains_key(&(key.dev, key.ino)) {
            let mut entry = self.get(key)?;
            let manifest = entry.inspection.manifest.take();
            return Some((entry, Later::now(manifest)));
        }
        let at = self
            .image
            .find(key.dev, key.ino)
            .filter(|&at| self.image.key(at) == *key)?;
        let head = Entry::decode_head(self.image.body(at), false)?;
        self.seen[at] = true;
        let later = Later::of(&self.image, at, head.manifest);
        Some((head.entry, later))
    }

    /// Remembers what a look at a file found, and forgets what was known of it before.
    pub fn set(&mut self, path: &Path, key: FileKey, inspection: Inspection) {
        self.insert(key, Entry::new(path, inspection));
    }

    /// Remembers a file's copy in the store.
    pub fn set_stored(&mut self, path: &Path, stored: &Stored) {
        let known = self.get(&stored.source);
        let layout = known
            .filter(|entry| entry.hash == Some(stored.hash))
            .and_then(|entry| entry.layout);
        let entry = Entry {
            path: path.to_owned(),
            inspection: stored.inspection(),
            hash: Some(stored.hash),
            stored: Some(stored.key),
            layout,
        };
        self.insert(stored.source, entry);
    }

    /// Remembers that the store refused a file, and why.
    pub fn set_refused(&mut self, refused: &Refused) {
        let entry = Entry {
            path: refused.path.clone(),
            inspection: refused.inspection.clone(),
            hash: refused.hash,
            stored: None,
            layout: None,
        };
        self.insert(refused.key, entry);
    }

    /// Remembers whether the types of a file, that is known in this state, are laid out as this
    /// host build's are.
    pub fn set_layout(&mut self, key: &FileKey, fits: bool) {
        if let Some(entry) = self.get(key) {
            let layout = Some(fits);
            self.insert(*key, Entry { layout, ..entry });
        }
    }

    /// How many files are known.
    pub fn len(&self) -> usize {
        let old = (0..self.image.len()).filter(|&at| {
            let key = self.image.key(at);
            !self.fresh.contains_key(&(key.dev, key.ino))
        });
        self.fresh.len() + old.count()
    }

    /// Whether no file is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The contents that the store has to keep for this index.
    pub fn hashes(&self) -> impl Iterator<Item = ContentHash> {
        let old = (0..self.image.len())
            .filter(|&at| !self.is_dropped(at))
            .filter_map(|at| Entry::hash_in(self.image.body(at)));
        old.chain(self.fresh.values().filter_map(|(_, entry)| entry.hash))
    }

    /// Says that a directory was listed in full, so what it did not show any more can go.
    pub(crate) fn listed(&mut self, dir: &Path) {
        self.listed.push(dir.to_owned());
    }

    /// Writes what changed; does nothing when nothing did.
    ///
    /// # Errors
    ///
    /// What the system says when the file cannot be written. The old one is then still there.
    pub fn save(&mut self) -> io::Result<()> {
        let Some(path) = self.path.clone() else {
            return Ok(());
        };
        let kept: Vec<usize> = (0..self.image.len())
            .filter(|&at| !self.is_dropped(at))
            .collect();
        if self.fresh.is_empty() && kept.len() == self.image.len() {
            return Ok(());
        }
        // What is most likely wanted again comes first: the rest is cut off where it is too much.
        let (seen, unseen): (Vec<_>, Vec<_>) = kept.into_iter().partition(|&at| self.seen[at]);
        let fresh = self
            .fresh
            .values()
            .map(|(key, entry)| (*key, entry.encode()));
        let old = seen.into_iter().chain(unseen);
        let old = old.map(|at| (self.image.key(at), self.image.body(at).to_vec()));
        let bytes = file::write(&self.build, fresh.chain(old).collect());
        write(&path, &bytes)?;
        *self = Self {
            path: self.path.take(),
            ..Self::with(
                Image::new(bytes, &self.build).unwrap_or_default(),
                self.build,
            )
        };
        Ok(())
    }

    /// Whether a record of the image is of no use any more: known better, or of a file that is
    /// gone.
    fn is_dropped(&self, at: usize) -> bool {
        let key = self.image.key(at);
        self.fresh.contains_key(&(key.dev, key.ino))
            || !self.seen[at] && Entry::lies_in(self.image.body(at), &self.listed)
    }

    fn insert(&mut self, key: FileKey, entry: Entry) {
        if is_settled(&key) {
            self.fresh.insert((key.dev, key.ino), (key, entry));
        }
    }
}

/// Whether a file's times are old enough to tell its next change.
fn is_settled(key: &FileKey) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let last = u64::try_from(key.ctime_ns.max(key.mtime_ns)).unwrap_or(0);
    now.is_ok_and(|now| now >= Duration::from_nanos(last) + TICK)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let len = fs::metadata(path).ok()?.len();
    if len > file::MAX_BYTES as u64 {
        return None;
    }
    fs::read(path).ok()
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let _ = fs::remove_file(&temporary);
    let file = crate::platform::create_private_file(&temporary)?;
    let written =
        io::Write::write_all(&mut &file, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
