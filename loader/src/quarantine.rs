//! Which contents ended a host, and are left out until somebody says otherwise.

use crate::{
    ContentHash,
    journal::{Phase, Suspect},
};
use jackfield_manifest::PluginId;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// One content that was inside when a host ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// Whose it is.
    pub id: PluginId,
    /// The content: a changed file is not meant.
    pub hash: ContentHash,
    /// What it was doing.
    pub step: Phase,
    /// When it was found out, in seconds since the Unix epoch.
    pub found: u64,
    /// Who else was inside at the same time. Where there is anybody, it is not known who did it:
    /// each of them is started once more, alone, so that a second time would show.
    pub together_with: Vec<PluginId>,
}

impl Record {
    /// Whether it is known to have done it.
    pub fn is_proven(&self) -> bool {
        self.together_with.is_empty()
    }

    /// What is known, in words.
    pub fn evidence(&self) -> String {
        let step = match self.step {
            Phase::Map => "its constructors ran",
            Phase::Initialize => "its initialize ran",
            Phase::Start => "its start ran",
        };
        format!("the host ended while {step}")
    }
}

/// The list, as a file in the state directory.
#[derive(Debug)]
pub struct Quarantine {
    path: PathBuf,
    records: Vec<Record>,
}

/// The list cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The file is there and cannot be read.
    #[error("cannot read {path}: repair it, or remove it to release everything")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{path} is no quarantine list: repair it, or remove it to release everything")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Quarantine {
    /// Reads the list of a state directory; an absent one is empty.
    ///
    /// # Errors
    ///
    /// When there is one that cannot be read.
    pub fn open(state_dir: &Path) -> Result<Self, QuarantineError> {
        let path = state_dir.join("quarantine.json");
        let records = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|source| QuarantineError::Parse {
                path: path.clone(),
                source,
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(QuarantineError::Read { path, source }),
        };
        Ok(Self { path, records })
    }

    /// All records, in the order in which they were found.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The record of a content.
    pub fn get(&self, hash: &ContentHash) -> Option<&Record> {
        self.records.iter().find(|record| record.hash == *hash)
    }

    /// Whether any content of a plugin is in it.
    pub(crate) fn names(&self, id: &PluginId) -> bool {
        self.records.iter().any(|record| record.id == *id)
    }

    /// Takes up who was inside when the last host ended. One alone did it; of several any may have.
    pub(crate) fn accuse(&mut self, suspects: &[Suspect]) -> Result<(), QuarantineError> {
        if suspects.is_empty() {
            return Ok(());
        }
        let found = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        for suspect in suspects {
            let others = suspects.iter().filter(|other| other.hash != suspect.hash);
            self.records.retain(|record| record.hash != suspect.hash);
            self.records.push(Record {
                id: suspect.id.clone(),
                hash: suspect.hash,
                step: suspect.step,
                found,
                together_with: others.map(|other| other.id.clone()).collect(),
            });
        }
        self.save()
    }

    /// A content that was inside a step alone has come out: if that or an earlier one is what it is
    /// suspected of, it did not do it.
    pub(crate) fn acquit(
        &mut self,
        hash: &ContentHash,
        step: Phase,
    ) -> Result<(), QuarantineError> {
        let before = self.records.len();
        self.records
            .retain(|record| record.hash != *hash || record.is_proven() || record.step > step);
        if self.records.len() < before {
            self.save()
        } else {
            Ok(())
        }
    }

    /// Releases every content of a plugin; returns how many there were.
    ///
    /// # Errors
    ///
    /// When the list cannot be written.
    pub fn release(&mut self, id: &str) -> Result<usize, QuarantineError> {
        let before = self.records.len();
        self.records.retain(|record| record.id.as_str() != id);
        let released = before - self.records.len();
        if released > 0 {
            self.save()?;
        }
        Ok(released)
    }

    fn save(&self) -> Result<(), QuarantineError> {
        let write = || {
            let temporary = self.path.with_extension("json.new");
            fs::write(&temporary, serde_json::to_vec_pretty(&self.records)?)?;
            fs::File::open(&temporary)?.sync_all()?;
            fs::rename(&temporary, &self.path)
        };
        write().map_err(|source| QuarantineError::Write {
            path: self.path.clone(),
            source,
        })
    }
}
