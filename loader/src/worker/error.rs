use super::frame::LONGEST;
use std::{io, path::PathBuf, time::Duration};

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The program is not made for it.
    #[error(
        "this program cannot be a worker: call `jackfield_loader::run_if_worker` first of all in its \
         `main`, or leave `isolation` out"
    )]
    NotPrepared,
    /// The system does not start it.
    #[error("cannot start a worker: {0}")]
    Spawn(#[source] io::Error),
    /// Its working directory is not there.
    #[error("cannot make its working directory {path}: {source}", path = path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended.
    #[error("the worker {0}")]
    Ended(String),
    /// It does not say anything.
    #[error("the worker did not answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// It is none of ours.
    #[error("the worker speaks another language: {0}")]
    Foreign(String),
    /// What it says of the plugin.
    #[error("in the worker: {0}")]
    Refused(String),
    /// There is too much to say.
    #[error("a message of {0} bytes for a worker: expected {LONGEST} at most")]
    Long(usize),
}
