use super::Clock;
use crate::Service;
use std::time::Duration;

impl Service for Clock {
    const ID: &'static str = "clock";
    const VERSION: &'static str = "1.0.0";
}

impl Clock {
    /// Nanoseconds since 1970 in UTC, by the system's clock: it may be set, also back.
    pub fn now_ns(&self) -> i64 {
        self.0.now_ns()
    }

    /// Time since some moment that is the same for every plugin of this process. Never goes back, and
    /// may stand still while the machine sleeps.
    pub fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.monotonic_ns())
    }

    /// The IANA name of the system's time zone, such as `Europe/Berlin`; `None` where it has none
    /// that is known.
    pub fn time_zone(&self) -> Option<String> {
        let name = String::from(self.0.time_zone());
        (!name.is_empty()).then_some(name)
    }

    /// Is ready after that time.
    pub async fn sleep(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.0.sleep(nanoseconds).await;
    }
}
