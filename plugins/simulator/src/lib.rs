//! Makes figures up, for whoever builds what shows them: as if of a machine, a wave with noise on it.
//!
//! They depend on the seed and the time since it began (or was restarted), and on nothing else: two hosts
//! with one seed show the same.
//!
//! | route | what |
//! |---|---|
//! | `GET /metrics` | the figures of now |
//! | `GET /signals` | their names, units and bounds |
//! | `GET /overrides` | the figures that were set, and for how long still |
//! | `POST /overrides` | `{"metric", "value", "ttl_s"}` sets one for that many seconds |
//! | `DELETE /overrides`, `/overrides/{metric}` | takes all of them back, or one |
//! | `GET /incidents` | what has happened |
//! | `POST /incidents` | `{"title", "severity", "metric", "factor"}`: while it is open, the metric is that many times as large |
//! | `POST /incidents/{id}/resolve` | ends it |
//! | `POST /restart` | begins anew, with neither overrides nor incidents |
//!
//! With `publish_every_ms` the figures go out on topic `simulator.metrics` as well. An incident that is
//! opened or resolved is a notification of topic `incident`.
//!
//! Worth copying: typed routes that describe themselves, logic that is given the time
//! ([`Context::steady`]) and so is tested without waiting, a menu, a face in the browser (`[ui]` in
//! `plugin.toml`, and the module in `ui/module.js`).
#![forbid(unsafe_code)]

mod signal;
mod world;

use plugin_api::{MenuItem, MenuSection, prelude::*};
use signal::SIGNALS;
use std::{sync::Arc, time::Duration};
use world::{Incident, Metrics, NewIncident, NewOverride, Overridden, Severity, World};

/// The topic of the figures.
const TOPIC: &str = "simulator.metrics";

/// What `plugin.toml` and the module call the notifications.
const NOTIFICATION: &str = "incident";

/// What stands under `[plugins.simulator.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    seed: u64,
    longest_ttl_s: u64,
    publish_every_ms: u64,
}

struct Simulator {
    context: Context,
    publish_every: Option<Duration>,
    /// Shared with the task that publishes.
    world: Arc<World>,
}

/// The overrides that hold.
#[derive(Serialize, JsonSchema)]
struct Overrides {
    overrides: Vec<Overridden>,
}

/// How many overrides were taken back.
#[derive(Serialize, JsonSchema)]
struct Removed {
    removed: usize,
}

/// What has happened, in order.
#[derive(Serialize, JsonSchema)]
struct Incidents {
    incidents: Vec<Incident>,
}

/// What is told of an incident that was opened or resolved.
#[derive(Serialize)]
struct Told<'i> {
    id: u64,
    title: &'i str,
    severity: Severity,
    state: &'static str,
}

/// How often it has begun anew.
#[derive(Serialize, JsonSchema)]
struct Restarted {
    restarts: u64,
}

impl Plugin for Simulator {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let longest_ttl = Duration::from_secs(config.longest_ttl_s);
        Ok(Self {
            world: Arc::new(World::new(config.seed, longest_ttl, context.steady())),
            context,
            publish_every: match config.publish_every_ms {
                0 => None,
                millis => Some(Duration::from_millis(millis)),
            },
        })
    }

    fn start(&self) -> Result<()> {
        if let Some(period) = self.publish_every {
            let publish = publish(self.context.clone(), Arc::clone(&self.world), period);
            self.context.spawn("publish", publish)?;
        }
        Ok(())
    }

    fn menu(&self) -> Result<Vec<MenuSection>> {
        let metrics = MenuItem::new("metrics", "Metrics", "/simulator/metrics").icon("chart");
        let incidents = MenuItem::new("incidents", "Incidents", "/simulator/incidents");
        let section = MenuSection::new("simulator", "Simulator").order(200);
        Ok(vec![section.item(metrics).item(incidents.icon("alert"))])
    }

    fn routes(routes: &mut Routes<Self>) {
        routes
            .get("/metrics", quick(Self::metrics))
            .summary("The figures of now");
        routes
            .get("/signals", quick(|_: &Self| Json(SIGNALS.to_vec())))
            .summary("The names, units and bounds of the figures");
        routes
            .get("/overrides", quick(Self::overrides))
            .summary("The figures that were set");
        routes
            .post("/overrides", quick(Self::set))
            .summary("Sets a figure for some time");
        routes
            .delete("/overrides", quick(Self::unset_all))
            .summary("Takes all overrides back");
        routes
            .delete("/overrides/{metric}", quick(Self::unset))
            .summary("Takes an override back");
        routes
            .get("/incidents", quick(Self::incidents))
            .summary("What has happened");
        routes
            .post("/incidents", blocking(Self::open))
            .summary("Opens an incident")
            .status(201, "it is open")
            .error(429, "too many are open");
        routes
            .post("/incidents/{id}/resolve", blocking(Self::resolve))
            .summary("Ends an incident")
            .error(404, "no such incident");
        routes
            .post("/restart", quick(Self::restart))
            .summary("Begins anew");
    }
}

impl Simulator {
    fn metrics(&self) -> Json<Metrics> {
        Json(self.world.metrics(self.context.steady()))
    }

    fn overrides(&self) -> Json<Overrides> {
        let overrides = self.world.overrides(self.context.steady());
        Json(Overrides { overrides })
    }

    fn set(&self, Json(new): Json<NewOverride>) -> Result<Json<Overrides>> {
        self.world.set(self.context.steady(), &new)?;
        Ok(self.overrides())
    }

    fn unset_all(&self) -> Result<Json<Removed>> {
        let removed = self.world.unset(None)?;
        Ok(Json(Removed { removed }))
    }

    fn unset(&self, Path(metric): Path<String>) -> Result<Json<Removed>> {
        let removed = self.world.unset(Some(&metric))?;
        Ok(Json(Removed { removed }))
    }

    fn incidents(&self) -> Json<Incidents> {
        let incidents = self.world.incidents();
        Json(Incidents { incidents })
    }

    fn open(&self, Json(new): Json<NewIncident>) -> Result<(u16, Json<Incident>)> {
        let incident = self.world.open(self.context.steady(), new)?;
        self.tell(&incident);
        Ok((201, Json(incident)))
    }

    fn resolve(&self, Path(id): Path<u64>) -> Result<Json<Incident>> {
        let incident = self.world.resolve(self.context.steady(), id)?;
        self.tell(&incident);
        Ok(Json(incident))
    }

    /// Tells whoever looks at the page.
    fn tell(&self, incident: &Incident) {
        let told = Told {
            id: incident.id,
            title: &incident.title,
            severity: incident.severity,
            state: if incident.open { "open" } else { "resolved" },
        };
        if let Err(error) = self.context.notify(NOTIFICATION, &told) {
            log::warn!("nobody was told of incident {}: {error}", incident.id);
        }
    }

    fn restart(&self) -> Json<Restarted> {
        let restarts = self.world.restart(self.context.steady());
        Json(Restarted { restarts })
    }
}

/// Publishes the figures every `period`, until the host cancels it.
async fn publish(context: Context, world: Arc<World>, period: Duration) {
    let mut interval = context.interval(period);
    loop {
        interval.tick().await;
        if let Err(error) = context.publish(TOPIC, &world.metrics(context.steady())) {
            log::warn!("figures were not published: {error}");
        }
    }
}

plugin_api::export_plugin!(Simulator);

#[cfg(test)]
mod tests;
