use crate::{
    Incomplete, Map, Metric, TrackingError,
    check::{check_artifact_path, check_metric, read_map, write_map},
    raw::{BackendContract, BackendContract_TO, BackendObject, Fault},
};
use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RResult, RSlice, RStr, RString},
};
use plugin_api::{Context, Lease, Result, guarded};
use std::{fmt, path::Path, ptr, sync::Arc};

/// Keeps what an experiment measures. Its methods may be called from any thread, several at once,
/// and may block. What each keeps belongs to whatever its plugin's `start` has begun.
///
/// An error of status 400 to 499 says that what was given cannot be taken, but for 429, which says like
/// 503 that it cannot now; any other that it went wrong.
pub trait Backend: Send + Sync + 'static {
    /// Keeps a number under a name. When it returns, the number is kept.
    ///
    /// # Errors
    ///
    /// Anything: then it is not kept.
    fn log_metric(&self, name: &str, value: f64, step: Option<i64>) -> Result<()>;

    /// Keeps several numbers, in order, each with the time at which it was measured. As it is, it
    /// gives one after another to [`log_metric`](Backend::log_metric), and stops at the first that
    /// fails; a backend that can keep all of them or none, at once, does so here.
    ///
    /// # Errors
    ///
    /// Anything, with how many of the first were kept: of the plugin's own errors `?` makes one that
    /// says none. Where the error is that a number cannot be taken, it is the one after these.
    fn log_metrics(&self, metrics: &[Metric<'_>]) -> Result<(), Incomplete> {
        for (kept, metric) in (0..).zip(metrics) {
            let log = || self.log_metric(metric.name(), metric.value(), metric.step());
            caught(|| told(log())).map_err(|error| Incomplete { kept, error })?;
        }
        Ok(())
    }

    /// Keeps parameters. One that is there already gets the new value.
    ///
    /// # Errors
    ///
    /// Anything: then none is kept.
    fn log_params(&self, params: &Map) -> Result<()>;

    /// Keeps a copy of a file on this machine under a path of names joined by `/`.
    ///
    /// # Errors
    ///
    /// Anything: then it is not kept.
    fn log_artifact(&self, local_path: &Path, artifact_path: &str) -> Result<()>;

    /// How it does, for people: what it is connected to, what it has kept.
    ///
    /// # Errors
    ///
    /// Anything.
    fn get_status(&self) -> Result<Map>;
}

/// Offers a backend as the service `tracking.backend`, which the plugin's manifest has under
/// `provides`. For `initialize` or `start`; it is taken back when the plugin stops.
///
/// # Errors
///
/// When the manifest does not have it, it is offered already, or the plugin is stopping.
pub fn provide_backend(context: &Context, backend: Arc<impl Backend>) -> Result<()> {
    context.provide(BackendContract_TO::from_value(Guarded(backend), TD_Opaque))
}

/// What is between a caller and an author's code: checks what goes in, and lets no panic out.
struct Guarded<B>(Arc<B>);

/// An author's code, as its result crosses.
pub(crate) fn run<R, C>(
    body: impl FnOnce() -> Result<R, TrackingError>,
    cross: impl FnOnce(R) -> C,
) -> RResult<C, Fault> {
    match caught(body) {
        Ok(done) => RResult::ROk(cross(done)),
        Err(error) => RResult::RErr(error.into_fault()),
    }
}

/// An author's code, a panic being an error of it.
fn caught<R, E: From<TrackingError>>(body: impl FnOnce() -> Result<R, E>) -> Result<R, E> {
    let panicked = |text: String| E::from(TrackingError::Panicked(text));
    guarded(body).unwrap_or_else(|panic| Err(panicked(panic.to_string())))
}

pub(crate) fn told<R>(result: Result<R>) -> Result<R, TrackingError> {
    result.map_err(|error| TrackingError::of(&error))
}

impl<B: Backend> BackendContract for Guarded<B> {
    fn log_metrics(&self, metrics: RSlice<'_, Metric<'_>>) -> RResult<(), Fault> {
        let metrics = metrics.as_slice();
        let bad = (0..).zip(metrics).find_map(|(at, metric)| {
            let error = check_metric(metric).err()?;
            Some((at, error))
        });
        let good = bad.as_ref().map_or(metrics, |(at, _)| &metrics[..*at]);
        let mut logged = Ok(());
        if !good.is_empty() {
            logged = caught(|| self.0.log_metrics(good));
        }
        if let Some((_, error)) = bad {
            let kept = u64::try_from(good.len()).unwrap_or(u64::MAX);
            logged = logged.and(Err(Incomplete { kept, error }));
        }
        logged.map_err(Incomplete::into_fault).into()
    }

    fn log_params(&self, params: RStr<'_>) -> RResult<(), Fault> {
        let body = || told(self.0.log_params(&read_map(params.as_str())?));
        run(body, |()| ())
    }

    fn log_artifact(&self, local_path: RStr<'_>, artifact_path: RStr<'_>) -> RResult<(), Fault> {
        let body = || {
            let artifact_path = artifact_path.as_str();
            check_artifact_path(artifact_path)?;
            told(
                self.0
                    .log_artifact(Path::new(local_path.as_str()), artifact_path),
            )
        };
        run(body, |()| ())
    }

    fn get_status(&self) -> RResult<RString, Fault> {
        run(|| write_map(&told(self.0.get_status())?), RString::from)
    }
}

/// Another plugin's backend, for whoever has `tracking.backend` under `requires`. While it is kept,
/// that plugin's library stays mapped.
pub struct BackendLease(Lease<BackendObject>);

impl BackendLease {
    /// That of every plugin that runs and provides one, the preferred first; perhaps none.
    ///
    /// # Errors
    ///
    /// When the manifest does not require the service.
    pub fn all(context: &Context) -> Result<Vec<Self>> {
        Ok(context.require_all("^1")?.into_iter().map(Self).collect())
    }

    /// The id of the plugin that provides it.
    pub fn provider(&self) -> &str {
        Lease::provider(&self.0)
    }

    /// Whether both are of the same backend, and it was not started again between the two.
    pub fn is_same(&self, other: &Self) -> bool {
        ptr::eq::<BackendObject>(&*self.0, &*other.0)
    }

    /// As [`Backend::log_metrics`].
    ///
    /// # Errors
    ///
    /// [`Incomplete`], with how many were kept; whatever a backend says, no more than there are.
    pub fn log_metrics(&self, metrics: &[Metric<'_>]) -> Result<(), Incomplete> {
        let logged = self.0.log_metrics(metrics.into()).into_result();
        logged.map_err(|fault| {
            let mut incomplete = Incomplete::from_fault(fault);
            let most = u64::try_from(metrics.len()).unwrap_or(u64::MAX);
            incomplete.kept = incomplete.kept.min(most);
            incomplete
        })
    }

    /// As [`Backend::log_params`].
    ///
    /// # Errors
    ///
    /// [`TrackingError`]
    pub fn log_params(&self, params: &Map) -> Result<(), TrackingError> {
        given(self.0.log_params(write_map(params)?.as_str().into()))
    }

    /// As [`Backend::log_artifact`].
    ///
    /// # Errors
    ///
    /// [`TrackingError`], also for a local path that is no UTF-8.
    pub fn log_artifact(&self, local_path: &Path, path: &str) -> Result<(), TrackingError> {
        let Some(local) = local_path.to_str() else {
            let text = format!("{}: expected a path in UTF-8", local_path.display());
            return Err(TrackingError::Invalid(text));
        };
        given(self.0.log_artifact(local.into(), path.into()))
    }

    /// As [`Backend::get_status`].
    ///
    /// # Errors
    ///
    /// [`TrackingError`]
    pub fn get_status(&self) -> Result<Map, TrackingError> {
        read_map(given(self.0.get_status())?.as_str())
    }
}

pub(crate) fn given<R>(result: RResult<R, Fault>) -> Result<R, TrackingError> {
    result.into_result().map_err(TrackingError::from_fault)
}

impl fmt::Debug for BackendLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::Error;

    /// Refuses what is negative, and panics at 0.
    struct Picky;

    impl Backend for Picky {
        fn log_metric(&self, _name: &str, value: f64, _step: Option<i64>) -> Result<()> {
            assert!(value != 0.0, "as told");
            match value < 0.0 {
                true => Err(Error::with_status(422, "not that")),
                false => Ok(()),
            }
        }

        fn log_params(&self, _params: &Map) -> Result<()> {
            Ok(())
        }

        fn log_artifact(&self, _local_path: &Path, _artifact_path: &str) -> Result<()> {
            Ok(())
        }

        fn get_status(&self) -> Result<Map> {
            Ok(Map::new())
        }
    }

    fn log(values: &[f64]) -> Result<(), (u64, String)> {
        let metrics: Vec<_> = values.iter().map(|v| Metric::new("a", *v, 0)).collect();
        let backend = Guarded(Arc::new(Picky));
        let logged = BackendContract::log_metrics(&backend, RSlice::from_slice(&metrics));
        logged.into_result().map_err(|fault| {
            let incomplete = Incomplete::from_fault(fault);
            (incomplete.kept, incomplete.to_string())
        })
    }

    #[test]
    fn who_is_told_of_an_error_knows_how_many_were_kept() {
        let failed = |kept, text: &str| Err((kept, text.to_owned()));
        assert_eq!(log(&[]), Ok(()));
        assert_eq!(log(&[1.0, 2.0]), Ok(()));
        assert_eq!(log(&[1.0, -1.0, 2.0]), failed(1, "not that"));
        assert_eq!(log(&[1.0, 2.0, 0.0]), failed(2, "it panicked: as told"));
        // What the contract refuses, and what the backend refuses before.
        let nan = "metric `a`: expected a finite number, found NaN";
        assert_eq!(log(&[1.0, 2.0, f64::NAN, 0.0]), failed(2, nan));
        assert_eq!(log(&[1.0, -1.0, f64::NAN]), failed(1, "not that"));
    }
}
