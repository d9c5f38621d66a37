//! What is on its way to a backend.

use plugin_api::{
    Error,
    serde::{Deserialize, Serialize},
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tracking_api::{Map, TrackingError};

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    Metric,
    Params,
    Artifact,
}

/// One thing for one backend; several share what is large in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Record {
    Metric(Sample),
    Params(Arc<Map>, usize),
    Artifact(Arc<(PathBuf, String)>),
}

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: Arc<str>,
    pub(crate) value: f64,
    pub(crate) step: Option<i64>,
    pub(crate) time_unix_ms: i64,
}

/// What a record weighs besides its texts.
const BYTES: usize = 96;

impl Record {
    /// Parameters, which are written down in so many bytes.
    pub(crate) fn params(params: Map, bytes: usize) -> Self {
        Self::Params(Arc::new(params), bytes)
    }

    /// About how many bytes it holds in memory.
    pub(crate) fn weight(&self) -> usize {
        BYTES
            + match self {
                Self::Metric(sample) => sample.name.len(),
                // As values they take some times as much as in writing.
                Self::Params(_, bytes) => 4 * bytes,
                Self::Artifact(paths) => paths.0.as_os_str().len() + paths.1.len(),
            }
    }
}

pub(crate) fn now_ms() -> i64 {
    unix_ms(SystemTime::now())
}

/// Milliseconds since the Unix epoch.
pub(crate) fn unix_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

/// A request that cannot be taken.
pub(crate) fn bad(message: impl Into<String>) -> Error {
    Error::with_status(400, message)
}

/// The same where the contract says why.
pub(crate) fn refused(error: TrackingError) -> Error {
    error.into_error()
}
