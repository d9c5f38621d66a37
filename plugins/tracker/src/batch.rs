//! What a backend is given in one call.

use crate::record::{Record, Sample};
use std::path::Path;
use tracking_api::{BackendLease, Incomplete, Metric, TrackingError};

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

    /// What is left of it without the first so many; returns how many these are.
    pub(crate) fn skip(&mut self, count: u64) -> u64 {
        let count = count.min(self.len());
        match self {
            Self::Metrics(samples) => {
                samples.drain(..usize::try_from(count).unwrap_or(samples.len()));
            }
            Self::One(_) if count > 0 => *self = Self::Metrics(Vec::new()),
            Self::One(_) => {}
        }
        count
    }

    /// Gives it to a backend. Blocks.
    pub(crate) fn give(&self, backend: &BackendLease) -> Result<(), Incomplete> {
        match self {
            Self::Metrics(samples) => {
                let metrics: Vec<Metric<'_>> = samples.iter().map(metric).collect();
                backend.log_metrics(&metrics)
            }
            Self::One(Record::Metric(sample)) => backend.log_metrics(&[metric(sample)]),
            Self::One(Record::Params(params, _)) => Ok(backend.log_params(params)?),
            Self::One(Record::Artifact(paths)) => {
                in_place(&paths.0)?;
                Ok(backend.log_artifact(&paths.0, &paths.1)?)
            }
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

/// Whether a path without links has none by now either: it was judged by where it led when it came.
fn in_place(path: &Path) -> Result<(), TrackingError> {
    let shown = path.display();
    let found = path
        .canonicalize()
        .map_err(|error| TrackingError::Invalid(format!("{shown}: {error}")))?;
    if found == path {
        return Ok(());
    }
    let found = found.display();
    Err(TrackingError::Invalid(format!(
        "{shown}: expected the file that was allowed, found a link to {found} in its place: name \
         that one"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn a_file_that_became_a_link_is_not_given() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        let (file, secret) = (place.join("a"), place.join("b"));
        fs::write(&file, "a").unwrap();
        fs::write(&secret, "b").unwrap();
        in_place(&file).unwrap();
        fs::remove_file(&file).unwrap();
        symlink(&secret, &file).unwrap();
        let expected = format!(
            "{}: expected the file that was allowed, found a link to {} in its place: name that one",
            file.display(),
            secret.display()
        );
        assert_eq!(in_place(&file).unwrap_err().to_string(), expected);
    }
}
