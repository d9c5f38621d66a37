//! Measures the machine for an experiment tracker: the service `tracking.collector`.
//!
//! | field | is |
//! |---|---|
//! | `timestamp` | seconds since the Unix epoch |
//! | `uptime`, `system_uptime` | seconds since this plugin began, and since the machine did |
//! | `cpu_percent` | of all cores together, 0 to 100, since the reading before; `null` in the first 200 ms |
//! | `cpu_count_logical`, `cpu_count_physical` | how many; `null` where the system does not tell |
//! | `cpu_freq` | `current`, `min`, `max`, in MHz: means of the cores; `null` where the system does not tell |
//! | `memory_total`, `memory_available`, `memory_used`, `memory_percent` | bytes; what is not available, of the total |
//! | `swap_total`, `swap_used`, `swap_percent` | bytes; 0 % where there is none |
//! | `disk_total`, `disk_used`, `disk_percent` | bytes, of the file system that `disk` leads to; what is kept for root is not used, and no part of what the percentage is of |
//! | `disk_read_bytes`, `disk_write_bytes` | of all whole disks since the machine began, mounted or not; `null` where the system does not tell |
//! | `network_bytes_sent`, `network_bytes_recv` | of all interfaces since they came up |
//! | `network_bytes_sent_rate`, `network_bytes_recv_rate` | a second, since the reading before |
//! | `top_processes` | `pid`, `name`, `cpu_percent` (of one core), `memory_percent`; the first uses most |
//!
//! `gpu`, which trackers elsewhere have beside these, is left out: only the maker's own library tells of
//! it.
//!
//! Which of them there are is configured group by group (`plugin.toml`). A reading that is younger
//! than 200 ms is given again: usage over less time than that says nothing.
//!
//! `GET /collect` answers with a reading (JSON).
#![forbid(unsafe_code)]

mod disk;
mod figures;
mod frequency;
mod machine;

use machine::{Config, Machine};
use plugin_api::{prelude::*, serde_json::json};
use std::{sync::Arc, time::Duration};
use tracking_api::{Collector, Map, provide_collector};

struct SystemCollector {
    meter: Arc<Meter>,
}

/// What others call.
struct Meter {
    machine: Machine,
    interval: Duration,
}

impl Plugin for SystemCollector {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let meter = Arc::new(Meter {
            interval: Duration::from_millis(config.interval_ms),
            machine: Machine::new(config)?,
        });
        provide_collector(&context, Arc::clone(&meter))?;
        Ok(Self { meter })
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/collect", blocking(Self::collect));
    }
}

impl SystemCollector {
    fn collect(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.meter.collect()?)
    }
}

impl Collector for Meter {
    fn collect(&self) -> Result<Map> {
        Ok(self.machine.read())
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    fn get_status(&self) -> Result<Map> {
        let status = json!({
            "collector_name": "system-collector",
            "active": true,
            "config": self.machine.config(),
        });
        Ok(status.as_object().cloned().unwrap_or_default())
    }
}

plugin_api::export_plugin!(SystemCollector);
