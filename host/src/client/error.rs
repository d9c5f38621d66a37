use std::{io, path::PathBuf};

/// Why a host is not asked over HTTP, or gives no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The running host serves no HTTP.
    #[error(
        "the running host serves no HTTP: there is no {}: start it with --listen, or name another \
         with --url",
        .0.display()
    )]
    NotServed(PathBuf),
    /// What it says of its addresses cannot be read.
    #[error("cannot read where the host listens, in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something that the command line names is not as it should be.
    #[error("{what}: {why}")]
    Usage {
        /// What it is.
        what: String,
        /// What was expected, and what was found.
        why: String,
    },
    /// A file that the command line names cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No answer came.
    #[error("cannot ask {url}")]
    Asking {
        /// Whom, and for what.
        url: String,
        /// Why not.
        source: Box<ureq::Error>,
    },
    /// The host says no.
    #[error("{status}: {detail}")]
    Refused {
        /// The status, with its name.
        status: ureq::http::StatusCode,
        /// What the host says.
        detail: String,
    },
    /// An answer that is none of this host's.
    #[error("{url} answered in a way that is not understood: is it a Jackfield host?")]
    Strange {
        /// Who.
        url: String,
    },
}

impl HttpError {
    pub(super) fn usage(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Usage {
            what: what.into(),
            why: why.into(),
        }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::File { .. } => 2,
            _ => 1,
        }
    }
}
