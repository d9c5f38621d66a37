use jackfield_abi::{Failure, FailureCode, MAX_COMMIT_LEN, MAX_KEY_LEN, MAX_VALUE_LEN};
use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Why a plugin's storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The key is none.
    #[error("expected a key of 1 to {MAX_KEY_LEN} bytes, found one of {0}: give it another")]
    Key(usize),
    /// The value is too large.
    #[error(
        "expected a value of at most {MAX_VALUE_LEN} bytes, found one of {0}: split it, or keep it \
         as a file in the data directory"
    )]
    Value(usize),
    /// There is too much in one commit.
    #[error(
        "expected at most {MAX_COMMIT_LEN} conditions and writes in one commit, found {0}: do it \
         in several"
    )]
    Items(usize),
    /// The plugin would store more than it may.
    #[error(
        "expected keys and values of at most {limit} bytes, found {size} with this write: delete \
         what is not needed, or set a larger `storage_limit` for this plugin; nothing was written"
    )]
    Limit {
        /// Bytes of keys and values after the write.
        size: u64,
        /// Bytes that the plugin may store.
        limit: u64,
    },
    /// The disk is full.
    #[error(
        "{}: expected room on the disk, found none: {source}: make room, and write again; what was \
         stored before is kept", path.display()
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error(
        "{}: expected a storage file, found {found}: put a copy of it back, or move it away to \
         begin with an empty one; nothing of it was changed", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// A later host wrote it.
    #[error(
        "{}: expected a storage file of version {known} or older, found version {found}: use the \
         host that wrote it or a later one, or move it away to begin with an empty one; nothing of \
         it was changed", path.display()
    )]
    Later {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest that this host knows.
        known: u64,
    },
    /// Somebody else has it open.
    #[error(
        "{}: expected to be the only user, found it open: end the other process, or the earlier \
         run of this plugin, that uses it", path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Another operation had failed just before.
    #[error(
        "{}: an operation at the same time has failed, so whether this one is done is not known: \
         read, and do it again where it is not", .0.display()
    )]
    GivenUp(PathBuf),
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The plugin has stopped.
    #[error("the plugin has stopped, and its storage is closed")]
    Closed,
}

impl StorageError {
    /// What the database says of that file.
    pub(super) fn of(path: &Path, error: impl Into<redb::Error>) -> Self {
        let path = path.to_owned();
        match error.into() {
            redb::Error::Io(source) => Self::io(path, source),
            redb::Error::PreviousIo => Self::GivenUp(path),
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::InUse { path }
            }
            redb::Error::Corrupted(found) => Self::damaged(path, &found),
            error => Self::damaged(path, &error),
        }
    }

    /// What the system says of that file.
    pub(super) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::NoRoom { path, source }
            }
            // Where a file ends too early, a read has less than it needs.
            ErrorKind::UnexpectedEof => Self::damaged(path, &source),
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn damaged(path: impl Into<PathBuf>, what: &dyn std::fmt::Display) -> Self {
        Self::Damaged {
            path: path.into(),
            found: format!("a damaged one ({what})"),
        }
    }

    fn code(&self) -> FailureCode {
        match self {
            Self::Key(_) | Self::Value(_) | Self::Items(_) => FailureCode::INVALID,
            Self::Limit { .. } | Self::NoRoom { .. } => FailureCode::FULL,
            Self::Later { .. } => FailureCode::UNSUPPORTED,
            Self::InUse { .. } | Self::Closed => FailureCode::UNAVAILABLE,
            Self::Damaged { .. } | Self::GivenUp(_) | Self::Io { .. } => FailureCode::ERROR,
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
