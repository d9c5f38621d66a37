//! Publishes a tick on a schedule: the smallest plugin that does something by itself.
//!
//! Topic `heartbeat.tick`, every `period_ms`:
//! `{"count": 7, "uptime_ms": 7004, "time_unix_ms": 1767225600123}`.
//!
//! | route | answer |
//! |---|---|
//! | `GET /ticks` | how many there were, and when the last one was |
//!
//! Worth copying: a task that the host runs ([`Context::spawn`], [`Context::interval`]), state that
//! the task and the plugin share, and a [`health`](Plugin::health) that notices when the task has
//! stopped.
#![forbid(unsafe_code)]

mod ticks;

use plugin_api::prelude::*;
use std::{sync::Arc, time::Duration};
use ticks::Ticks;

/// The topic of the ticks.
const TOPIC: &str = "heartbeat.tick";

/// What stands under `[plugins.heartbeat.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    period_ms: u64,
}

struct Heartbeat {
    context: Context,
    period: Duration,
    /// Shared with the task, which may still be in its last poll when the plugin is dropped.
    ticks: Arc<Ticks>,
}

impl Plugin for Heartbeat {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        Ok(Self {
            context,
            period: Duration::from_millis(config.period_ms),
            ticks: Arc::default(),
        })
    }

    fn start(&self) -> Result<()> {
        let beat = beat(self.context.clone(), Arc::clone(&self.ticks), self.period);
        // The host cancels the task when the plugin stops, so nobody has to keep it.
        self.context.spawn("beat", beat)?;
        log::info!("a tick every {} ms", self.period.as_millis());
        Ok(())
    }

    fn health(&self) -> Health {
        self.ticks.health(self.period)
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/ticks", quick(Self::report));
    }
}

impl Heartbeat {
    /// `GET /ticks`: `{"count", "period_ms", "since_last_ms"}`.
    fn report(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.ticks.report(self.period))
    }
}

/// Ticks until the host cancels it, which happens at an `await`.
async fn beat(context: Context, ticks: Arc<Ticks>, period: Duration) {
    let mut interval = context.interval(period);
    loop {
        interval.tick().await;
        if let Err(error) = context.publish(TOPIC, &ticks.next()) {
            log::warn!("a tick was not published: {error}");
        }
    }
}

plugin_api::export_plugin!(Heartbeat);
