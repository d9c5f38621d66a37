use super::{Candidate, Folder, Rejected, rejected};
use crate::{
    Depth, Inspection,
    inspect::{self, inspect_file},
    platform::{self, FileKind},
};
use std::{path::PathBuf, sync::Arc};

/// A name in a directory that the directory itself calls a regular file. Nothing was asked of the
/// file yet: who opens it anyway learns the same from the open file, for one system call less.
pub(crate) struct Unseen {
    pub(super) folder: Arc<Folder>,
    pub(super) path: PathBuf,
    /// As the directory has it; another one than the file's where something is mounted on it.
    pub(super) ino: u64,
}

/// What a look at a file gave.
pub(crate) struct Look {
    pub(crate) candidate: Candidate,
    pub(crate) inspection: Inspection,
    /// Whether it turned out to be another file than its directory said.
    pub(crate) is_other: bool,
}

impl Look {
    /// Looks at headers and note of a candidate that was found before.
    pub(crate) fn at(mut candidate: Candidate) -> Self {
        let (key, inspection) = inspect::inspect(&candidate, Depth::Headers);
        candidate.key = key;
        Self {
            candidate,
            inspection,
            is_other: false,
        }
    }
}

impl Unseen {
    /// Finds out what it is, and looks at its headers and note.
    pub(crate) fn look(self) -> Result<Look, Box<Rejected>> {
        let Self { folder, path, ino } = self;
        let name = path.file_name().expect("it came from a directory");
        let opened = folder.dir.open_at(name).and_then(|file| {
            let stat = platform::stat_of(&file, &folder.guess(ino))?;
            Ok((file, stat))
        });
        match opened {
            Ok((file, stat)) if stat.kind == FileKind::Regular => Ok(Look {
                inspection: inspect_file(&file, stat.key.size, Depth::Headers),
                is_other: (stat.key.dev, stat.key.ino) != (folder.identity.0, ino),
                candidate: folder.regular(path, &stat),
            }),
            // No file any more, or none that can be opened: its name says which.
            _ => match folder.candidate(path.clone(), name) {
                Ok(candidate) => Ok(Look::at(candidate)),
                Err(unfit) => Err(Box::new(rejected(path, &unfit))),
            },
        }
    }
}
