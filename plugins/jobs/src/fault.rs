use std::{io, path::PathBuf};

/// Why something was not done. Its text is for the caller, and [`status`](Fault::status) the answer's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{field}: expected {expected}, found {found}")]
    Field {
        field: &'static str,
        expected: String,
        found: String,
    },
    #[error("expected either `command` or `script`, found {0}")]
    CommandOrScript(&'static str),
    #[error("cwd: {}: {source}", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("unknown job id: {0}")]
    Unknown(String),
    #[error("{what} has {most} jobs that have not ended, which is the most")]
    TooMany { what: &'static str, most: usize },
    #[error("job {id} has ended: {state}")]
    Ended { id: String, state: &'static str },
    #[error("the scheduler is stopping")]
    Stopping,
    #[error("{program}: {said}")]
    Scheduler { program: &'static str, said: String },
    #[error("{program}: the program was not started: {source}")]
    NoProgram {
        program: &'static str,
        source: io::Error,
    },
    #[error("{what}: {source}")]
    System {
        what: &'static str,
        source: io::Error,
    },
}

impl Fault {
    /// The status of the answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Field { .. } | Self::CommandOrScript(_) | Self::Directory { .. } => 400,
            Self::Unknown(_) => 404,
            Self::Ended { .. } => 409,
            Self::TooMany { .. } => 429,
            Self::Scheduler { .. } | Self::NoProgram { .. } => 502,
            Self::Stopping => 503,
            Self::System { .. } => 500,
        }
    }

    /// As the caller is told.
    pub(crate) fn told(self) -> plugin_api::Error {
        plugin_api::Error::with_status(self.status(), self.to_string())
    }
}
