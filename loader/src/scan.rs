//! Directories → what is in them: the index answers for files that did not change, the rest is
//! looked at.

use crate::{
    ContentHash, Depth, FileKey, Index, Inspection, NoteState, Reason, Rejected,
    discover::{self, Candidate, SkippedDir},
    index::{Entry, Later, Summary},
    inspect,
    store::{Store, Stored},
    trust::{Breach, Trust},
};
use jackfield_manifest::Manifest;
use std::{num::NonZero, path::Path, sync::Arc, thread};

/// Below this many files to look at, another thread costs more than it saves.
const PER_THREAD: usize = 64;

/// More threads only wait for each other in the kernel.
const MAX_THREADS: usize = 4;

/// A regular file in one of the directories.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where, and how to open it.
    pub candidate: Candidate,
    /// Whether it is a plugin, good or bad.
    pub note: NoteState,
    manifest: Later,
    /// What in the manifest this host does not know, and breaches of trust that are allowed.
    pub warnings: Vec<String>,
    /// Everything that is wrong with it, the decisive reason first; empty when nothing is.
    pub reasons: Vec<Reason>,
    /// Of its content, where that was ever read.
    pub hash: Option<ContentHash>,
    /// State of its copy in the store, where there is one.
    pub stored: Option<FileKey>,
    /// Whether its types are laid out as this host build's are, where that was checked.
    pub layout: Option<bool>,
}

/// What the directories hold; each list by directory, then by name.
#[derive(Debug, Default)]
pub struct Scan {
    /// Plugins with nothing against them so far.
    pub plugins: Vec<Listed>,
    /// Plugins, and files too broken to tell, that have something against them.
    pub rejected: Vec<Listed>,
    /// Libraries and other files that are no plugins: nobody's business unless asked for.
    pub others: Vec<Listed>,
    /// What has a library's name but is no regular file.
    pub unfit: Vec<Rejected>,
    /// Directories that were passed over.
    pub skipped: Vec<SkippedDir>,
}

/// Finds out what is in directories. The index is asked first and told what is new; it is not
/// saved.
pub fn scan(dirs: &[impl AsRef<Path>], trust: Trust, index: &mut Index) -> Scan {
    let discovery = discover::discover(dirs);
    let mut scan = Scan {
        unfit: discovery.rejected,
        skipped: discovery.skipped,
        ..Scan::default()
    };
    let count = discovery.candidates.len();
    let mut unknown = Vec::new();
    for candidate in discovery.candidates {
        match index.get_later(&candidate.key) {
            Some((entry, manifest)) => scan.push(Listed::new(candidate, entry, manifest, trust)),
            None => unknown.push(candidate),
        }
    }
    let looks = look_at(&unknown);
    let is_mixed = !unknown.is_empty() && unknown.len() < count;
    for (mut candidate, (key, mut inspection)) in unknown.into_iter().zip(looks) {
        index.set(&candidate.path, key, inspection.clone());
        candidate.key = key;
        let manifest = Later::now(inspection.manifest.take());
        let entry = Entry::new(&candidate.path, inspection);
        scan.push(Listed::new(candidate, entry, manifest, trust));
    }
    if is_mixed {
        scan.sort();
    }
    for dir in discovery.listed {
        index.listed(&dir);
    }
    scan
}

fn look_at(unknown: &[Candidate]) -> Vec<(FileKey, Inspection)> {
    let look = |candidates: &[Candidate]| -> Vec<_> {
        let looks = candidates.iter();
        looks
            .map(|candidate| inspect::inspect(candidate, Depth::Headers))
            .collect()
    };
    if unknown.len() < 2 * PER_THREAD {
        return look(unknown);
    }
    // Asked only now: it reads half a dozen files of the system.
    let most = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (unknown.len() / PER_THREAD).min(most.min(MAX_THREADS));
    let share = unknown.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let mut shares = unknown.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || look(share)))
            .collect();
        let mut looks = look(own);
        for other in others {
            looks.extend(other.join().expect("a look at a file does not panic"));
        }
        looks
    })
}

impl Scan {
    /// What was looked at just now belongs between what was known.
    fn sort(&mut self) {
        for list in [&mut self.plugins, &mut self.rejected, &mut self.others] {
            list.sort_by(|a, b| a.candidate.path.cmp(&b.candidate.path));
        }
    }

    fn push(&mut self, found: Listed) {
        if found.note == NoteState::Absent {
            self.others.push(found);
        } else if found.reasons.is_empty() {
            self.plugins.push(found);
        } else {
            self.rejected.push(found);
        }
    }
}

impl Listed {
    fn new(candidate: Candidate, entry: Entry, manifest: Later, trust: Trust) -> Self {
        let Inspection {
            note,
            mut warnings,
            mut reasons,
            ..
        } = entry.inspection;
        match trust {
            Trust::Strict => {
                reasons.splice(0..0, candidate.breaches.iter().map(Breach::reason));
            }
            Trust::Lax => warnings.extend(candidate.breaches.iter().map(ToString::to_string)),
        }
        Self {
            candidate,
            note,
            manifest,
            warnings,
            reasons,
            hash: entry.hash,
            stored: entry.stored,
            layout: entry.layout,
        }
    }

    /// What it says of itself, where that can be read.
    pub fn manifest(&self) -> Option<&Arc<Manifest>> {
        self.manifest.get()
    }

    /// The part of the manifest that a list shows, for a fraction of the time.
    pub fn summary(&self) -> Option<Summary<'_>> {
        self.manifest.summary()
    }

    /// Its copy in the store, without reading any of it, where there is one and it is as noted.
    pub fn recall(&self, store: &Store) -> Option<Stored> {
        let (hash, noted) = self.hash.zip(self.stored)?;
        let manifest = Arc::clone(self.manifest()?);
        store.recall(
            &self.candidate,
            hash,
            &noted,
            manifest,
            self.warnings.clone(),
        )
    }

    /// As something that is left out.
    pub fn rejected(&self) -> Rejected {
        let manifest = self.manifest();
        Rejected {
            path: self.candidate.path.clone(),
            id: manifest.map(|manifest| manifest.id.clone()),
            version: manifest.map(|manifest| manifest.version.clone()),
            reasons: self.reasons.clone(),
            root_cause: None,
        }
    }
}
