//! What lies in the plugins directories: read, never run.

use crate::{
    Candidate, Code, ContentHash, Depth, FileKey, HostFacts, Index, Inspection, Listed, NoteState,
    Options, Proposal, Quarantine, QuarantineError, Reason, Rejected, SkippedDir, Store,
    StoreError, Stored, Trust, inspect, scan, store, vet,
};
use jackfield_manifest::{Manifest, PluginId};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file in a plugins directory.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes in it, where it is a regular file.
    pub size: Option<u64>,
    /// Its content, where it was hashed before or was asked to be.
    pub hash: Option<ContentHash>,
    /// Whether it is a plugin at all.
    pub note: NoteState,
    /// What it says of itself, where that can be read, whatever else is wrong.
    pub manifest: Option<Arc<Manifest>>,
    /// What is worth saying and keeps it from nothing.
    pub warnings: Vec<String>,
    /// Everything that is wrong with it, the decisive reason first; empty when nothing is.
    pub reasons: Vec<Reason>,
    listed: Option<Box<Listed>>,
}

impl Found {
    /// Everything that keeps the file from being loaded by this host, whatever else is there: what
    /// is wrong with it, and whether it was built for this host. Empty when it can be loaded.
    pub fn faults(&self) -> Vec<Reason> {
        let mut faults = self.reasons.clone();
        if let Some(manifest) = &self.manifest {
            let built = vet::build_faults(manifest, &HostFacts::current());
            let built = built.into_iter().map(Reason::from);
            faults.extend(built.filter(|fault| !self.says(fault.code)));
        }
        faults
    }

    /// The hash of what the file holds now, where it can be read.
    pub(crate) fn hash_now(&self) -> Option<ContentHash> {
        let (file, _) = inspect::open(&self.listed.as_ref()?.candidate).ok()?;
        store::hash(&file).ok()
    }

    fn says(&self, code: Code) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }

    fn listed(mut listed: Listed) -> Self {
        Self {
            path: listed.candidate.path.clone(),
            size: Some(listed.candidate.key.size),
            hash: listed.hash,
            note: listed.note,
            manifest: listed.manifest().cloned(),
            warnings: std::mem::take(&mut listed.warnings),
            reasons: std::mem::take(&mut listed.reasons),
            listed: Some(Box::new(listed)),
        }
    }

    /// Of what has a library's name and is no file that could be one.
    fn unfit(path: PathBuf, reasons: Vec<Reason>) -> Self {
        Self {
            path,
            size: None,
            hash: None,
            note: NoteState::Absent,
            manifest: None,
            warnings: Vec::new(),
            reasons,
            listed: None,
        }
    }
}

impl From<Rejected> for Found {
    fn from(rejected: Rejected) -> Self {
        Self::unfit(rejected.path, rejected.reasons)
    }
}

/// All files of the plugins directories.
#[derive(Debug, Default)]
pub struct Survey {
    /// Those that hold a Jackfield note, good or bad, and those too broken to tell.
    pub plugins: Vec<Found>,
    /// Those that hold none.
    pub others: Vec<Found>,
    /// Directories that were passed over.
    pub skipped: Vec<SkippedDir>,
}

/// Whether what is found is to be mapped.
pub(crate) enum Mode<'a> {
    /// Only to know.
    Dry,
    /// Copied into the store first.
    Real(&'a Store),
}

/// A file that was looked at in full.
pub(crate) struct Secured {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) hash: Option<ContentHash>,
    /// The store's copy.
    pub(crate) stored: Option<Stored>,
    /// The same bytes passed this host's layout check before.
    pub(crate) layout_known: bool,
}

/// Reads plugins directories. Needs no running host, changes nothing but its own index, and runs no
/// code of a plugin.
#[derive(Debug)]
pub struct Inventory {
    options: Options,
    index: Index,
    /// Something came into the store, so something else may have become superfluous.
    has_admitted: bool,
}

impl Inventory {
    /// Of the directories that the options name.
    pub fn new(options: Options) -> Self {
        let index = Index::open(&options.state, &build_id());
        Self {
            options,
            index,
            has_admitted: false,
        }
    }

    /// From now on these are the plugins' configurations.
    pub(crate) fn reconfigure(&mut self, given: BTreeMap<PluginId, Map<String, Value>>) {
        for (id, config) in given {
            let settings = self.options.settings.entry(id.to_string());
            settings.or_default().config = config;
        }
    }

    /// From now on this is said of whether a plugin is enabled; gives back what was.
    pub(crate) fn set_enabled(&mut self, id: &str, enabled: Option<bool>) -> Option<bool> {
        let settings = self.options.settings.entry(id.to_owned()).or_default();
        std::mem::replace(&mut settings.enabled, enabled)
    }

    /// What it was made with, and what was set since.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Looks at every file's headers and note; files that did not change are not opened.
    pub fn survey(&mut self) -> Survey {
        let found = scan::scan(&self.options.plugins, self.options.trust, &mut self.index);
        let mut plugins: Vec<Found> = found.plugins.into_iter().map(Found::listed).collect();
        if !found.rejected.is_empty() {
            plugins.extend(found.rejected.into_iter().map(Found::listed));
            plugins.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let others = found.others.into_iter().map(Found::listed);
        Survey {
            plugins,
            others: others
                .chain(found.unfit.into_iter().map(Found::from))
                .collect(),
            skipped: found.skipped,
        }
    }

    /// Looks at one file in full, wherever it lies, and hashes it.
    pub fn inspect(&mut self, path: &Path) -> Found {
        let candidate = match Candidate::at(path) {
            Ok(candidate) => candidate,
            Err(unfit) => return Found::unfit(path.to_owned(), vec![unfit.reason()]),
        };
        let (key, inspection, hash) = inspect_and_hash(&candidate);
        let breaches = candidate.breaches.iter();
        let (mut reasons, mut warnings) = (inspection.reasons, inspection.warnings);
        match self.options.trust {
            Trust::Strict => reasons.extend(breaches.map(|breach| breach.reason())),
            Trust::Lax => warnings.extend(breaches.map(ToString::to_string)),
        }
        Found {
            path: candidate.path,
            size: Some(key.size),
            hash,
            note: inspection.note,
            manifest: inspection.manifest,
            warnings,
            reasons,
            listed: None,
        }
    }

    /// What would start now, and what would not.
    ///
    /// # Errors
    ///
    /// When the quarantine cannot be read.
    pub fn propose(&mut self) -> Result<Proposal, QuarantineError> {
        let quarantine = Quarantine::open(&self.options.state)?;
        Ok(Proposal::make(self, &quarantine, &Mode::Dry))
    }

    /// The last look before a plugin may be mapped: all that the system's loader will rely on, in
    /// the bytes that it will be given.
    pub(crate) fn secure(
        &mut self,
        found: &Found,
        mode: &Mode<'_>,
    ) -> Result<Secured, Vec<Reason>> {
        let listed = found.listed.as_ref().expect("it was found by a survey");
        match mode {
            Mode::Dry => look_closely(listed),
            Mode::Real(store) => self.keep(listed, store),
        }
    }

    /// The store's copy: the one that is there, where the file did not change since, else a new one.
    fn keep(&mut self, listed: &Listed, store: &Store) -> Result<Secured, Vec<Reason>> {
        if let Some(stored) = listed.recall(store) {
            return Ok(Secured {
                manifest: Arc::clone(&stored.manifest),
                hash: Some(stored.hash),
                stored: Some(stored),
                layout_known: listed.layout == Some(true),
            });
        }
        match store.admit(&listed.candidate) {
            Ok(stored) => {
                self.has_admitted = true;
                self.index.set_stored(&listed.candidate.path, &stored);
                Ok(Secured {
                    manifest: Arc::clone(&stored.manifest),
                    hash: Some(stored.hash),
                    stored: Some(stored),
                    layout_known: false,
                })
            }
            Err(StoreError::Refused(refused)) => {
                self.index.set_refused(&refused);
                Err(refused.inspection.reasons)
            }
            Err(error) => Err(vec![Reason::new(Code::Untrusted, error.to_string())]),
        }
    }

    /// Remembers for which files the layout was found to fit.
    pub(crate) fn note_fits(&mut self, files: &[FileKey]) {
        for key in files {
            self.index.set_layout(key, true);
        }
    }

    /// Writes down what was found out, so that the next one need not look again. Without a state
    /// directory there is nowhere to write, and nothing is written.
    pub fn remember(&mut self) {
        if !self.options.state.is_dir() {
            return;
        }
        if let Err(error) = self.index.save() {
            let state = self.options.state.display();
            log::warn!("{state}: cannot write the index, the next start looks again: {error}");
        }
    }

    pub(crate) fn has_admitted(&self) -> bool {
        self.has_admitted
    }

    /// Removes the store's copies that no file of the plugins directories has as its content any
    /// more.
    pub(crate) fn sweep(&self, store: &Store, live: &[ContentHash]) {
        let mut keep: std::collections::HashSet<ContentHash> = self.index.hashes().collect();
        keep.extend(live);
        match store.sweep(|hash| keep.contains(hash)) {
            Ok(swept) if swept.removed > 0 => {
                log::debug!(
                    "removed {} old copies, {} bytes",
                    swept.removed,
                    swept.bytes
                );
            }
            Ok(_) => {}
            Err(error) => log::warn!("old copies stay in the store: {error}"),
        }
    }
}

fn look_closely(listed: &Listed) -> Result<Secured, Vec<Reason>> {
    let (_, inspection) = inspect(&listed.candidate, Depth::Full);
    match inspection.manifest {
        Some(manifest) if inspection.reasons.is_empty() => Ok(Secured {
            manifest,
            hash: listed.hash,
            stored: None,
            layout_known: false,
        }),
        _ => Err(inspection.reasons),
    }
}

/// Looks at a file in full, and hashes the same bytes where all of them can be read.
fn inspect_and_hash(candidate: &Candidate) -> (FileKey, Inspection, Option<ContentHash>) {
    match inspect::open(candidate) {
        Ok((file, key)) => {
            let inspection = inspect::inspect_file(&file, key.size, Depth::Full);
            (key, inspection, store::hash(&file).ok())
        }
        Err(fault) => (candidate.key, Inspection::failed(&fault), None),
    }
}

/// Tells this build of the program from every other: what the index says of type layouts holds for
/// the build that found it out, and a program that was rebuilt is another file.
fn build_id() -> String {
    let program = std::env::current_exe().and_then(|path| Ok((fs::metadata(&path)?, path)));
    match program {
        Ok((metadata, path)) => format!(
            "{} {} {} {:?}",
            jackfield_abi::ABI_VERSION,
            path.display(),
            metadata.len(),
            metadata.modified().ok()
        ),
        // Nothing is remembered from one process to the next.
        Err(_) => format!("{} {}", jackfield_abi::ABI_VERSION, std::process::id()),
    }
}
