//! What lies in the plugins directories: read, never run.

use crate::{
    Candidate, Code, ContentHash, Depth, FileKey, HostFacts, Inspection, NoteState, Options,
    Proposal, Quarantine, QuarantineError, Reason, SkippedDir, Store, StoreError, Trust, discover,
    inspect, store, vet,
};
use jackfield_manifest::Manifest;
use std::{
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
    candidate: Option<Candidate>,
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
        let (file, _) = inspect::open(self.candidate.as_ref()?).ok()?;
        store::hash(&file).ok()
    }

    fn says(&self, code: Code) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
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
    pub(crate) stored: Option<PathBuf>,
    pub(crate) layout_known: bool,
}

/// Reads plugins directories. Needs no running host, changes nothing but its own index, and runs no
/// code of a plugin.
#[derive(Debug)]
pub struct Inventory {
    options: Options,
}

impl Inventory {
    /// Of the directories that the options name.
    pub fn new(options: Options) -> Self {
        Self { options }
    }

    /// What it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Looks at every file's headers and note.
    pub fn survey(&mut self) -> Survey {
        let discovery = discover(&self.options.plugins);
        let mut survey = Survey {
            skipped: discovery.skipped,
            ..Survey::default()
        };
        for rejected in discovery.rejected {
            survey.others.push(Found {
                path: rejected.path,
                size: None,
                hash: None,
                note: NoteState::Absent,
                manifest: None,
                warnings: Vec::new(),
                reasons: rejected.reasons,
                candidate: None,
            });
        }
        for candidate in discovery.candidates {
            let (key, inspection) = inspect(&candidate, Depth::Headers);
            let found = self.found(candidate, key, inspection);
            let list = match found.note {
                NoteState::Absent => &mut survey.others,
                _ => &mut survey.plugins,
            };
            list.push(found);
        }
        survey
    }

    fn found(&self, candidate: Candidate, key: FileKey, inspection: Inspection) -> Found {
        let Inspection {
            note,
            manifest,
            mut warnings,
            mut reasons,
        } = inspection;
        let breaches = candidate.breaches.iter();
        match self.options.trust {
            Trust::Strict => reasons.extend(breaches.map(|breach| breach.reason())),
            Trust::Lax => warnings.extend(breaches.map(ToString::to_string)),
        }
        Found {
            path: candidate.path.clone(),
            size: Some(key.size),
            hash: None,
            note,
            manifest,
            warnings,
            reasons,
            candidate: Some(candidate),
        }
    }

    /// Looks at one file in full, wherever it lies, and hashes it.
    pub fn inspect(&mut self, path: &Path) -> Found {
        match Candidate::at(path) {
            Ok(candidate) => {
                let (key, inspection, hash) = inspect_and_hash(&candidate);
                Found {
                    hash,
                    ..self.found(candidate, key, inspection)
                }
            }
            Err(unfit) => Found {
                path: path.to_owned(),
                size: None,
                hash: None,
                note: NoteState::Absent,
                manifest: None,
                warnings: Vec::new(),
                reasons: vec![unfit.reason()],
                candidate: None,
            },
        }
    }

    /// What would start now, and what would not.
    ///
    /// # Errors
    ///
    /// When the quarantine cannot be read.
    pub fn propose(&mut self) -> Result<Proposal, QuarantineError> {
        let quarantine = Quarantine::open(&self.options.state)?;
        Ok(Proposal::make(self, &quarantine, Mode::Dry))
    }

    /// The last look before a plugin may be mapped: all that the system's loader will rely on, in
    /// the bytes that it will be given.
    pub(crate) fn secure(
        &mut self,
        found: &Found,
        mode: &Mode<'_>,
    ) -> Result<Secured, Vec<Reason>> {
        let candidate = found
            .candidate
            .as_ref()
            .expect("a manifest was read from it");
        match mode {
            Mode::Dry => {
                let (_, inspection) = inspect(candidate, Depth::Full);
                match inspection.manifest {
                    Some(manifest) if inspection.reasons.is_empty() => Ok(Secured {
                        manifest,
                        hash: found.hash,
                        stored: None,
                        layout_known: false,
                    }),
                    _ => Err(inspection.reasons),
                }
            }
            Mode::Real(store) => match store.admit(candidate) {
                Ok(stored) => Ok(Secured {
                    manifest: stored.manifest,
                    hash: Some(stored.hash),
                    stored: Some(stored.path),
                    layout_known: false,
                }),
                Err(StoreError::Refused(refused)) => Err(refused.inspection.reasons),
                Err(error) => Err(vec![Reason::new(crate::Code::Untrusted, error.to_string())]),
            },
        }
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
