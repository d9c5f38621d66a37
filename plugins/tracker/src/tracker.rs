use crate::{
    event::{measured, name},
    hub::Hub,
    record::unix_ms,
    rules::{Rule, Rules},
};
use plugin_api::{
    prelude::*,
    serde_json::{Map, Value},
};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long writing what still waits may take when it stops.
const FINISH: Duration = Duration::from_secs(3);

/// What stands under `[plugins.tracker.config]`; `schema.json` has the defaults and the bounds.
#[derive(Deserialize)]
pub(crate) struct Config {
    rules: Vec<Rule>,
    params: Map<String, Value>,
    bus: bool,
    queue_bytes: usize,
    refresh_ms: u64,
    artifact_roots: Vec<PathBuf>,
}

/// The plugin.
pub(crate) struct Tracker {
    pub(crate) hub: Arc<Hub>,
    pub(crate) artifact_roots: Vec<PathBuf>,
    refresh: Duration,
}

impl Plugin for Tracker {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        if config.bus {
            context.subscribe("metrics.**")?;
        }
        let rules = Rules::new(config.rules);
        let hub = Hub::new(context, rules, config.params, config.queue_bytes);
        Ok(Self {
            hub: Arc::new(hub),
            artifact_roots: config.artifact_roots,
            refresh: Duration::from_millis(config.refresh_ms),
        })
    }

    fn start(&self) -> Result<()> {
        self.hub.refresh();
        let refresh = follow(Arc::clone(&self.hub), self.refresh);
        self.hub.context.spawn("refresh", refresh)?;
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        // No task is under way any more, so nothing is written to a backend by two at once.
        let until = Instant::now() + FINISH;
        for sink in self.hub.sinks().iter() {
            sink.finish(until);
        }
        Ok(())
    }

    fn health(&self) -> Health {
        let sinks = self.hub.sinks();
        let faults = sinks.iter().filter_map(|sink| {
            let fault = sink.fault()?;
            Some(format!("backend {}: {fault}", sink.id()))
        });
        let faults: Vec<String> = faults.collect();
        let health = match (sinks.len(), faults.is_empty()) {
            (0, _) => Health::degraded("no backend runs: what is collected goes nowhere"),
            (_, true) => Health::healthy(),
            (_, false) => Health::degraded(faults.join("; ")),
        };
        health
            .with("backends", sinks.len())
            .with("collectors", self.hub.sources().len())
            .with("dropped", self.hub.dropped())
            .with("skipped", self.hub.skipped())
    }

    fn event(&self, event: Event<'_>) -> Result<()> {
        let publisher = event.publisher();
        let Some(name) = name(event.topic(), publisher) else {
            self.hub.skip(1);
            return Ok(());
        };
        let (value, step) = measured(event.json()?);
        let values = Map::from_iter([(name.to_owned(), value)]);
        self.hub
            .reading(publisher, &values, step, unix_ms(event.time()));
        Ok(())
    }

    fn routes(routes: &mut Routes<Self>) {
        crate::routes::declare(routes);
    }
}

/// Looks who is there, until it is cancelled.
async fn follow(hub: Arc<Hub>, period: Duration) {
    let mut ticks = hub.context.interval(period);
    loop {
        ticks.tick().await;
        hub.refresh();
    }
}
