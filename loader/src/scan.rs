//! Directories → what is in them: the index answers for files that did not change, the rest is
//! looked at.

use crate::{
    ContentHash, FileKey, Index, Inspection, NoteState, Reason, Rejected,
    discover::{self, Candidate, Look, SkippedDir, Unseen},
    index::{Entry, Later, Summary},
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
    let mut unseen = Vec::new();
    let knows = |dev, ino| index.knows(dev, ino);
    let discovery = discover::discover_known(dirs, knows, &mut unseen);
    let mut scan = Scan {
        unfit: discovery.rejected,
        skipped: discovery.skipped,
        ..Scan::default()
    };
    let mut unknown: Vec<Unknown> = unseen.into_iter().map(Unknown::Unseen).collect();
    let mut is_mixed = false;
    for candidate in discovery.candidates {
        match index.get_later(&candidate.key) {
            Some((entry, manifest)) => {
                is_mixed = true;
                scan.push(Listed::new(candidate, entry, manifest, trust));
            }
            None => unknown.push(Unknown::Changed(candidate)),
        }
    }
    is_mixed |= unknown.iter().any(|one| matches!(one, Unknown::Changed(_)));
    is_mixed &= !unknown.is_empty();
    for look in look_at(unknown) {
        match look {
            Ok(look) => scan.push(remember(look, trust, index)),
            Err(rejected) => {
                scan.unfit.push(*rejected);
                is_mixed = true;
            }
        }
    }
    if is_mixed {
        scan.sort();
    }
    for dir in discovery.listed {
        index.listed(&dir);
    }
    scan
}

/// A file of which the index does not know enough.
enum Unknown {
    /// Nothing.
    Unseen(Unseen),
    /// Not in its present state.
    Changed(Candidate),
}

impl Unknown {
    fn look(self) -> Result<Look, Box<Rejected>> {
        match self {
            Self::Unseen(unseen) => unseen.look(),
            Self::Changed(candidate) => Ok(Look::at(candidate)),
        }
    }
}

/// Tells the index what was found.
fn remember(look: Look, trust: Trust, index: &mut Index) -> Listed {
    let Look {
        candidate,
        mut inspection,
        is_other,
    } = look;
    if is_other && let Some((entry, manifest)) = index.get_later(&candidate.key) {
        // Known after all, and more than a look shows.
        return Listed::new(candidate, entry, manifest, trust);
    }
    index.set(&candidate.path, candidate.key, inspection.clone());
    let manifest = Later::now(inspection.manifest.take());
    let entry = Entry::new(&candidate.path, inspection);
    Listed::new(candidate, entry, manifest, trust)
}

fn look_at(mut unknown: Vec<Unknown>) -> Vec<Result<Look, Box<Rejected>>> {
    fn all(unknown: Vec<Unknown>) -> Vec<Result<Look, Box<Rejected>>> {
        unknown.into_iter().map(Unknown::look).collect()
    }
    if unknown.len() < 2 * PER_THREAD {
        return all(unknown);
    }
    // Asked only now: it reads half a dozen files of the system.
    let most = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (unknown.len() / PER_THREAD).min(most.min(MAX_THREADS));
    let share = unknown.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let mut others = Vec::with_capacity(threads);
        while unknown.len() > share {
            let last = unknown.split_off(unknown.len() - share);
            others.push(scope.spawn(move || all(last)));
        }
        let mut looks = all(unknown);
        for other in others.into_iter().rev() {
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
        self.unfit.sort_by(|a, b| a.path.cmp(&b.path));
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

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests;
