//! What a backend is given in one call.

use crate::record::{Record, Sample};
use tracking_api::{BackendLease, Metric, TrackingError};

/// Metrics, or one other thing.
#[derive(Debug, PartialEq)]
pub(crate) enum Batch {
    Metrics(Vec<Sample>),
    One(Record),
}

impl Batch {
    /// How many things are in it.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Metrics(samples) => u64::try_from(samples.len()).unwrap_or(u64::MAX),
            Self::One(_) => 1,
        }
    }

    /// Gives it to a backend. Blocks.
    pub(crate) fn give(&self, backend: &BackendLease) -> Result<(), TrackingError> {
        match self {
            Self::Metrics(samples) => {
                let metrics: Vec<Metric<'_>> = samples.iter().map(metric).collect();
                backend.log_metrics(&metrics)
            }
            Self::One(Record::Metric(sample)) => backend.log_metrics(&[metric(sample)]),
            Self::One(Record::Params(params, _)) => backend.log_params(params),
            Self::One(Record::Artifact(paths)) => backend.log_artifact(&paths.0, &paths.1),
        }
    }

    pub(crate) fn into_records(self) -> Vec<Record> {
        match self {
            Self::Metrics(samples) => samples.into_iter().map(Record::Metric).collect(),
            Self::One(record) => vec![record],
        }
    }
}

fn metric(sample: &Sample) -> Metric<'_> {
    Metric::new(&sample.name, sample.value, sample.time_unix_ms).at_step(sample.step)
}
