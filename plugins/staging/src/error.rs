use std::{io, path::PathBuf};

/// Why something was not done. Its text is for the caller, and [`status`](Fault::status) the answer's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("Missing '{0}'")]
    Missing(&'static str),
    #[error("expected an absolute path, or one that begins with ~/, found `{0}`")]
    NotAbsolute(String),
    #[error("expected the path of a file, found {}", .0.display())]
    NoName(PathBuf),
    #[error("{}: lies in none of the directories that files may be in", .0.display())]
    Outside(PathBuf),
    #[error("File not found: {}", .0.display())]
    NoFile(PathBuf),
    #[error("Directory not found: {}", .0.display())]
    NoDirectory(PathBuf),
    #[error("Not a directory: {}", .0.display())]
    NotADirectory(PathBuf),
    #[error("Not a regular file: {}", .0.display())]
    NotRegular(PathBuf),
    #[error("Target already exists: {}", .0.display())]
    Exists(PathBuf),
    #[error("content: expected base64: {0}")]
    Encoding(#[from] base64::DecodeError),
    #[error("{}: has {size} bytes, and an answer holds {limit}: use GET download/{{sid}}", path.display())]
    TooLarge {
        path: PathBuf,
        size: u64,
        limit: u64,
    },
    #[error("{}: has more than {limit} entries", path.display())]
    TooMany { path: PathBuf, limit: usize },
    #[error("{}: another upload of it is under way", .0.display())]
    Busy(PathBuf),
    #[error("{}: {have} bytes are there, expected the offset {have}, found {offset}", path.display())]
    Offset {
        path: PathBuf,
        have: u64,
        offset: u64,
    },
    #[error("{}: expected {size} bytes in all, found more", path.display())]
    Beyond { path: PathBuf, size: u64 },
    #[error("{}: expected {most} bytes at most, found {size}", path.display())]
    TooLong { path: PathBuf, size: u64, most: u64 },
    #[error("{}: {source}", path.display())]
    System { path: PathBuf, source: io::Error },
}

impl Fault {
    /// The status of the answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Missing(_)
            | Self::NotAbsolute(_)
            | Self::NoName(_)
            | Self::NotADirectory(_)
            | Self::NotRegular(_)
            | Self::Encoding(_)
            | Self::Beyond { .. } => 400,
            Self::Outside(_) => 403,
            Self::NoFile(_) | Self::NoDirectory(_) => 404,
            Self::Exists(_) | Self::Busy(_) | Self::Offset { .. } => 409,
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::TooLong { .. } => 413,
            Self::System { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => 403,
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => 400,
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => 507,
                _ => 500,
            },
        }
    }

    /// As the caller is told.
    pub(crate) fn told(self) -> plugin_api::Error {
        plugin_api::Error::with_status(self.status(), self.to_string())
    }

    /// What the system said of a path.
    pub(crate) fn system(path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        Self::System {
            path: path.into(),
            source: source.into(),
        }
    }
}
