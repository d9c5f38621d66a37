use crate::{ContentHash, FileKey, Sessions};
use jackfield_manifest::{Deadlines, Manifest, Permissions, Supervision};
use std::{fmt, path::PathBuf, sync::Arc};

/// A plugin that passed every check that can be made without running it.
#[derive(Clone)]
pub struct Vetted {
    /// The file in the plugins directory.
    pub path: PathBuf,
    /// The private copy that is mapped: the bytes that were checked.
    pub stored: PathBuf,
    /// The file's state when it was copied.
    pub(crate) source: FileKey,
    /// The hash of those bytes.
    pub hash: ContentHash,
    /// What the note in those bytes says.
    pub manifest: Arc<Manifest>,
    /// Its configuration, checked and with the defaults filled in: a JSON object.
    pub config: String,
    /// The manifest's priority, or the configuration's.
    pub priority: i32,
    /// The manifest's deadlines, or the configuration's.
    pub deadlines: Deadlines,
    /// The manifest's supervision, or the configuration's.
    pub supervision: Supervision,
    /// Bytes of keys and values that it may store.
    pub storage_limit: u64,
    /// What the configuration says of its sessions.
    pub sessions: Sessions,
    /// What the configuration grants it, where permissions are enforced.
    pub granted: Option<Permissions>,
    /// Where it runs.
    pub isolation: Isolation,
    /// The same bytes passed the layout check of this build of the host before.
    pub layout_known: bool,
}

/// Where a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// In the host's process.
    #[default]
    None,
    /// In a process of its own, a worker.
    Process,
}

impl Isolation {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 2] = [("none", Self::None), ("process", Self::Process)];
}

impl fmt::Debug for Vetted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the configuration: secrets stand in it.
        f.debug_struct("Vetted")
            .field("id", &self.manifest.id)
            .field("path", &self.path)
            .field("hash", &self.hash)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
