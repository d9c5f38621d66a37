use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// A file, at a line and a column; both count from 1, columns in characters.
    File {
        /// Which.
        path: Arc<Path>,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// A variable of the environment.
    Variable(Arc<str>),
    /// A flag.
    Flag(&'static str),
}

impl Origin {
    /// A path as somebody wrote it: a relative one is meant from the file that it stands in, or
    /// from the current directory.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        match self {
            Self::File { path: file, .. } => file
                .parent()
                .map_or_else(|| path.into(), |directory| directory.join(path)),
            _ => path.into(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}
