use crate::{fault::Fault, job::Job, kept::Kept};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which of a job's outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Stream {
    #[default]
    #[serde(rename = "stdout")]
    Out,
    #[serde(rename = "stderr")]
    Err,
}

/// What a job wrote, as clients are told.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// All of it, or how it begins and ends.
    pub(crate) output: String,
    /// How many bytes were written altogether.
    pub(crate) size: u64,
    /// How many bytes of these are missing in the middle.
    pub(crate) dropped: u64,
}

impl From<&Kept> for Output {
    fn from(kept: &Kept) -> Self {
        Self {
            output: kept.text(),
            size: kept.size(),
            dropped: kept.dropped(),
        }
    }
}

/// Who runs jobs. A job learns its state through [`Job::change`], from whichever thread.
///
/// All methods may block.
pub(crate) trait Scheduler: Send + Sync {
    /// Takes a job, to run it when it can.
    ///
    /// # Errors
    ///
    /// Where it does not take it: then the job does not run.
    fn submit(&self, job: &Arc<Job>) -> Result<(), Fault>;

    /// Ends a job that has not ended, also one that is only being submitted. That it has is told later,
    /// by its state.
    ///
    /// # Errors
    ///
    /// Where that cannot be asked for.
    fn cancel(&self, job: &Arc<Job>) -> Result<(), Fault>;

    /// What a job wrote up to now.
    ///
    /// # Errors
    ///
    /// Where that cannot be read.
    fn output(&self, job: &Job, stream: Stream) -> Result<Output, Fault>;

    /// Looks how jobs do, where nobody tells.
    fn poll(&self) {}

    /// Forgets a job that has ended.
    fn forget(&self, job: &Job);

    /// Takes no more jobs. Returns when none of its processes is left.
    fn stop(&self);
}
