use crate::{
    Map, TrackingError,
    backend::{given, run, told},
    check::{read_map, write_map},
    raw::{CollectorContract, CollectorContract_TO, CollectorObject, Fault},
};
use abi_stable::{
    sabi_trait::prelude::TD_Opaque,
    std_types::{RResult, RString},
};
use plugin_api::{Context, Lease, Result, guarded};
use std::{fmt, ptr, sync::Arc, time::Duration};

/// Measures something. Its methods may be called from any thread, several at once, and may block.
pub trait Collector: Send + Sync + 'static {
    /// Measures: names and values. What is a number, however deep in arrays and objects, becomes a
    /// metric; the rest is for people.
    ///
    /// # Errors
    ///
    /// Anything: then there is nothing this time.
    fn collect(&self) -> Result<Map>;

    /// How often it wants to be asked.
    fn interval(&self) -> Duration;

    /// How it does, for people.
    ///
    /// # Errors
    ///
    /// Anything.
    fn get_status(&self) -> Result<Map> {
        Ok(Map::new())
    }
}

/// Offers a collector as the service `tracking.collector`, which the plugin's manifest has under
/// `provides`. For `initialize` or `start`; it is taken back when the plugin stops.
///
/// # Errors
///
/// When the manifest does not have it, it is offered already, or the plugin is stopping.
pub fn provide_collector(context: &Context, collector: Arc<impl Collector>) -> Result<()> {
    context.provide(CollectorContract_TO::from_value(
        Guarded(collector),
        TD_Opaque,
    ))
}

struct Guarded<C>(Arc<C>);

/// Asked of a collector that panics when it is asked how often it wants to be asked.
const INTERVAL_MS: u64 = 10_000;

impl<C: Collector> CollectorContract for Guarded<C> {
    fn collect(&self) -> RResult<RString, Fault> {
        run(|| write_map(&told(self.0.collect())?), RString::from)
    }

    fn interval_ms(&self) -> u64 {
        let interval = || u64::try_from(self.0.interval().as_millis()).unwrap_or(u64::MAX);
        guarded(interval).unwrap_or(INTERVAL_MS)
    }

    fn get_status(&self) -> RResult<RString, Fault> {
        run(|| write_map(&told(self.0.get_status())?), RString::from)
    }
}

/// Another plugin's collector, for whoever has `tracking.collector` under `requires`. While it is
/// kept, that plugin's library stays mapped.
pub struct CollectorLease(Lease<CollectorObject>);

impl CollectorLease {
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

    /// Whether both are of the same collector, and it was not started again between the two.
    pub fn is_same(&self, other: &Self) -> bool {
        ptr::eq::<CollectorObject>(&*self.0, &*other.0)
    }

    /// As [`Collector::collect`].
    ///
    /// # Errors
    ///
    /// [`TrackingError`]
    pub fn collect(&self) -> Result<Map, TrackingError> {
        read_map(given(self.0.collect())?.as_str())
    }

    /// As [`Collector::interval`].
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.0.interval_ms())
    }

    /// As [`Collector::get_status`].
    ///
    /// # Errors
    ///
    /// [`TrackingError`]
    pub fn get_status(&self) -> Result<Map, TrackingError> {
        read_map(given(self.0.get_status())?.as_str())
    }
}

impl fmt::Debug for CollectorLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
