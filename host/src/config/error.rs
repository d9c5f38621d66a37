use super::Origin;
use std::{fmt, io, path::PathBuf};

/// Why there is no configuration to go by.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The directory with more files cannot be listed.
    #[error("cannot read the directory {}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Everything that is wrong, in the order of the layers.
    #[error("{}", lines(.0))]
    Faults(Vec<Fault>),
}

fn lines(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// One thing that is wrong in the configuration. A value of a plugin's own configuration never
/// stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where.
    pub(crate) place: Place,
    /// What was expected, what was found, what to do.
    pub(crate) message: String,
}

/// What a [`Fault`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A whole file that cannot be read.
    File(PathBuf),
    /// A place in a layer.
    Origin(Origin),
    /// The value of a key: with dots, from the top.
    Key(Origin, String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(f, "{}", path.display())?,
            Place::Origin(origin) => write!(f, "{origin}")?,
            Place::Key(origin, key) => write!(f, "{origin}: {key}")?,
        }
        write!(f, ": {}", self.message)
    }
}
