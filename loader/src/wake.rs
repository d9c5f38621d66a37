//! Waking a plugin at the times of a schedule.

use crate::{
    cron::{self, Clock, Expression},
    executor::Executor,
    ffi::{Lease, Leased},
};
use jackfield_abi::{Failure, FailureCode, FfiFuture};
use jiff::{Timestamp, tz::TimeZone};
use std::{future::Future, sync::Arc, time::Duration};

/// The future that a plugin is given for [`Host::schedule`](jackfield_abi::Host::schedule).
pub(crate) fn schedule(
    executor: &Arc<dyn Executor>,
    lease: Lease,
    expression: &str,
    after_ns: i64,
) -> Result<FfiFuture<i64>, Failure> {
    let expression = Expression::parse(expression)
        .map_err(|error| Failure::new(FailureCode::INVALID, error.to_string()))?;
    let clock = SystemClock(Arc::clone(executor));
    let wait = Box::pin(cron::wait(expression, after_ns, clock));
    Ok(FfiFuture::new(Leased::new(wait, lease)))
}

/// The system's clock and time zone, and the embedder's timers.
struct SystemClock(Arc<dyn Executor>);

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.0.sleep(duration)
    }
}
