//! Whose files a host may run.
//!
//! A file, and the directory that it lies in, must belong to the user that the host runs as or to
//! root, and must not be writable by group or others. Of a symbolic link, the same holds for the
//! directory that the link lies in, for the file that it ends at and for that file's directory;
//! links between the two are followed by the system and not judged. Directories further up are not
//! looked at: whoever may rename those is the administrator's concern.

use crate::{
    Code, Reason,
    platform::{self, Stat},
};
use std::path::PathBuf;

/// What a breach of the trust rules leads to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The file is refused.
    #[default]
    Strict,
    /// It is loaded, with a warning.
    Lax,
}

/// A breach of the trust rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// Belongs to somebody else.
    #[error("{} belongs to user {owner}, expected user {expected} or root: chown it", path.display())]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// User id of its owner.
        owner: u32,
        /// User id that the host runs as.
        expected: u32,
    },
    /// Others can write it.
    #[error("{0} is writable by {who} (mode {mode:04o}): run chmod go-w {0}", path.display())]
    Writable {
        /// The file or directory.
        path: PathBuf,
        /// `group`, `others` or `group and others`.
        who: &'static str,
        /// Its permission bits.
        mode: u32,
    },
}

impl Breach {
    /// As a reason to refuse.
    pub fn reason(&self) -> Reason {
        Reason::new(Code::Untrusted, self.to_string())
    }

    /// What is wrong with a file or directory, if anything is. `path` is only asked for then.
    pub(crate) fn of(stat: &Stat, user: u32, path: impl FnOnce() -> PathBuf) -> Option<Self> {
        if stat.owner != user && stat.owner != 0 {
            return Some(Self::Owner {
                path: path(),
                owner: stat.owner,
                expected: user,
            });
        }
        let who = match stat.mode & 0o022 {
            0 => return None,
            0o020 => "group",
            0o002 => "others",
            _ => "group and others",
        };
        Some(Self::Writable {
            path: path(),
            who,
            mode: stat.mode,
        })
    }
}

/// The user whose files are trusted, besides root.
pub(crate) fn user() -> u32 {
    platform::user()
}
