//! Parts of the host that `jackfield-testkit` uses rather than imitates. Not for embedders: it
//! changes with what it is made of.

use crate::{
    bus::{BusError, Policy, SubscribeOptions},
    context::not_serving,
    cron::{self, Clock, Expression},
    executor::BoxFuture,
    services::{ProvideError, RequireError},
    storage::{self, Space},
};
use jackfield_abi::{Failure, FailureCode, StorageObject};
use jackfield_manifest::{PluginId, TopicPattern, check_topic};
use jiff::tz::TimeZone;
use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

pub use crate::{
    bus::{Permit, cost},
    services::bus_of,
    tasks::{MAX_TASKS, SpawnError},
};

/// What the bus says, as a plugin is told of it.
pub fn bus_failure(error: &BusError) -> Failure {
    error.failure()
}

/// What is said where a plugin is asked that is not there.
pub fn not_found(id: &str) -> Failure {
    not_serving(id, None)
}

/// The clock that schedules of a test go by; its zone is UTC.
pub trait KitClock: Send + Sync {
    /// Nanoseconds since 1970.
    fn now(&self) -> i64;
    /// Is ready after that time.
    fn sleep(&self, duration: Duration) -> BoxFuture;
}

struct ClockOf<C>(C);

impl<C: KitClock> Clock for ClockOf<C> {
    fn now(&self) -> i64 {
        self.0.now()
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.0.sleep(duration)
    }
}

/// What [`Host::schedule`](jackfield_abi::Host::schedule) gives.
///
/// # Errors
///
/// For an expression that is none.
pub fn schedule<C: KitClock + 'static>(
    expression: &str,
    after_ns: i64,
    clock: C,
) -> Result<impl Future<Output = i64> + Send + use<C>, Failure> {
    let expression = Expression::parse(expression)
        .map_err(|error| Failure::new(FailureCode::INVALID, error.to_string()))?;
    Ok(cron::wait(expression, after_ns, ClockOf(clock)))
}

/// What a subscription hears, and how.
pub struct Hears {
    pattern: TopicPattern,
    options: SubscribeOptions,
}

impl Hears {
    /// Reads what a plugin asks for.
    ///
    /// # Errors
    ///
    /// For a pattern that is none, and options that cannot be.
    pub fn new(pattern: &str, options: &jackfield_abi::SubscribeOptions) -> Result<Self, BusError> {
        let options = SubscribeOptions::from_abi(options)?;
        options.check()?;
        let pattern = TopicPattern::new(pattern)?;
        Ok(Self { pattern, options })
    }

    /// Whether it hears that topic.
    pub fn topic(&self, topic: &str) -> bool {
        self.pattern.matches(topic)
    }

    /// How many events wait for it at most.
    pub fn capacity(&self) -> usize {
        self.options.capacity as usize
    }

    /// Whether the oldest makes room for a new event that finds none.
    pub fn drops_oldest(&self) -> bool {
        self.options.policy == Policy::DropOldest
    }

    /// Whether the last values come first.
    pub fn wants_retained(&self) -> bool {
        self.options.retained
    }
}

/// Refuses what is no topic.
///
/// # Errors
///
/// [`BusError::Topic`].
pub fn topic(topic: &str) -> Result<(), BusError> {
    Ok(check_topic(topic)?)
}

/// Refuses flags of publishing that no host knows; gives whether the event is to be retained.
///
/// # Errors
///
/// [`BusError::Unknown`].
pub fn retains(flags: u32) -> Result<bool, BusError> {
    crate::bus::retains(flags)
}

/// A file of keys and values, as a plugin has one.
#[derive(Clone)]
pub struct KitStorage(Arc<Space>);

impl KitStorage {
    /// In that file, which is made when it is first used, with room for so many bytes.
    pub fn new(path: PathBuf, limit: u64) -> Self {
        Self(Arc::new(Space::new(path, limit)))
    }

    /// The object that a plugin is given.
    pub fn object(&self) -> StorageObject {
        storage::object(&self.0)
    }

    /// Refuses everything from now on.
    pub fn close(&self) {
        self.0.close();
    }
}

/// The failure that a plugin gets for its offer.
pub fn provide_failure(error: ProvideError, plugin: &PluginId) -> Failure {
    error.into_failure(plugin)
}

/// The failure that a plugin gets for what it asks for.
pub fn require_failure(error: RequireError, plugin: &PluginId) -> Failure {
    error.into_failure(plugin)
}
