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
            ticks: Arc::new(Ticks::new(context.steady())),
            context,
            period: Duration::from_millis(config.period_ms),
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
        self.ticks.health(self.period, self.context.steady())
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/ticks", quick(Self::report));
    }
}

impl Heartbeat {
    /// `GET /ticks`: `{"count", "period_ms", "since_last_ms"}`.
    fn report(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.ticks.report(self.period, self.context.steady()))
    }
}

/// Ticks until the host cancels it, which happens at an `await`.
async fn beat(context: Context, ticks: Arc<Ticks>, period: Duration) {
    let mut interval = context.interval(period);
    loop {
        interval.tick().await;
        if let Err(error) = context.publish(TOPIC, &ticks.next(context.steady())) {
            log::warn!("a tick was not published: {error}");
        }
    }
}

plugin_api::export_plugin!(Heartbeat);

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::{
        HealthStatus,
        serde_json::{Value, json},
    };
    use testkit::Testkit;

    const PERIOD: Duration = Duration::from_millis(250);

    #[test]
    fn a_tick_is_published_every_period() {
        let builder = Testkit::<Heartbeat>::builder().config(json!({ "period_ms": 250 }));
        let kit = builder.start().unwrap();
        kit.advance(PERIOD - Duration::from_millis(1));
        assert_eq!(kit.published(), []);
        kit.advance(PERIOD * 3);
        let ticks: Vec<Value> = kit
            .published()
            .iter()
            .inspect(|event| assert_eq!(event.topic, TOPIC))
            .map(|event| event.json().unwrap())
            .collect();
        let told: Vec<_> = ticks
            .iter()
            .map(|t| (&t["count"], &t["uptime_ms"]))
            .collect();
        assert_eq!(
            told,
            [
                (&json!(1), &json!(250)),
                (&json!(2), &json!(500)),
                (&json!(3), &json!(750))
            ]
        );
        let report: Value = kit.get("/ticks").unwrap().read_json().unwrap();
        assert_eq!(
            report,
            json!({ "count": 3, "period_ms": 250, "since_last_ms": 249 })
        );
        assert_eq!(kit.health().unwrap().status(), HealthStatus::Healthy);
        kit.stop().unwrap();
        kit.advance(PERIOD * 3);
        assert_eq!(kit.published().len(), 3);
    }

    #[test]
    fn a_period_too_short_is_refused() {
        let builder = Testkit::<Heartbeat>::builder().config(json!({ "period_ms": 9 }));
        assert_eq!(
            builder.create().err().unwrap().message(),
            "its configuration does not fit: period_ms: expected at least 10, found 9"
        );
    }
}
