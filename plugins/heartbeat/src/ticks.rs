use plugin_api::Health;
use serde::Serialize;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// So many periods without a tick mean that they have stopped.
const PERIODS: u32 = 3;
/// But never less than this: on a busy machine a tick may be late.
const LEAST: Duration = Duration::from_secs(1);

/// What was ticked so far. The task writes, everybody reads.
#[derive(Debug)]
pub(crate) struct Ticks {
    /// By the host's steady clock.
    began: Duration,
    count: AtomicU64,
    /// When the last tick was, in milliseconds after `began`; 0 before the first.
    last_ms: AtomicU64,
}

/// The payload of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tick {
    /// Counts from 1, anew in each run.
    pub(crate) count: u64,
    /// How long the plugin has been there.
    pub(crate) uptime_ms: u64,
    /// The machine's clock, in milliseconds since the Unix epoch.
    pub(crate) time_unix_ms: u64,
}

/// The answer of `GET /ticks`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    pub(crate) count: u64,
    pub(crate) period_ms: u64,
    /// Since the last tick, or since the plugin began when there was none.
    pub(crate) since_last_ms: u64,
}

impl Ticks {
    /// None so far. This and what follows is told the time by the host's steady clock.
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            began: now,
            count: AtomicU64::new(0),
            last_ms: AtomicU64::new(0),
        }
    }

    /// Counts one more.
    pub(crate) fn next(&self, now: Duration) -> Tick {
        let uptime_ms = millis(now.saturating_sub(self.began));
        self.last_ms.store(uptime_ms, Ordering::Relaxed);
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Tick {
            count: self.count.fetch_add(1, Ordering::Relaxed) + 1,
            uptime_ms,
            time_unix_ms: millis(time),
        }
    }

    pub(crate) fn report(&self, period: Duration, now: Duration) -> Report {
        Report {
            count: self.count.load(Ordering::Relaxed),
            period_ms: millis(period),
            since_last_ms: millis(self.silence(now)),
        }
    }

    /// Unhealthy once the ticks have stopped.
    pub(crate) fn health(&self, period: Duration, now: Duration) -> Health {
        verdict(self.silence(now), period).with("count", self.count.load(Ordering::Relaxed))
    }

    fn silence(&self, now: Duration) -> Duration {
        let uptime = now.saturating_sub(self.began);
        uptime.saturating_sub(Duration::from_millis(self.last_ms.load(Ordering::Relaxed)))
    }
}

/// Knows no clock, so that a test needs none.
fn verdict(silence: Duration, period: Duration) -> Health {
    if silence <= period.saturating_mul(PERIODS).max(LEAST) {
        return Health::healthy();
    }
    Health::unhealthy(format!(
        "the last tick was {} ms ago, expected one every {} ms",
        silence.as_millis(),
        period.as_millis()
    ))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::HealthStatus;

    const PERIOD: Duration = Duration::from_secs(1);

    #[test]
    fn three_periods_without_a_tick_are_unhealthy() {
        let status = |millis| verdict(Duration::from_millis(millis), PERIOD).status();
        assert_eq!(status(3_000), HealthStatus::Healthy);
        assert_eq!(status(3_001), HealthStatus::Unhealthy);
        assert_eq!(
            verdict(Duration::from_secs(9), PERIOD),
            Health::unhealthy("the last tick was 9000 ms ago, expected one every 1000 ms")
        );
    }

    #[test]
    fn a_short_period_gets_a_second_of_patience() {
        let short = Duration::from_millis(10);
        let status = |millis| verdict(Duration::from_millis(millis), short).status();
        assert_eq!(status(1_000), HealthStatus::Healthy);
        assert_eq!(status(1_001), HealthStatus::Unhealthy);
    }
}
