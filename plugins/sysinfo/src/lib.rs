//! What the machine is doing: processor, memory, disks, network, processes.
//!
//! | route | answer (JSON) |
//! |---|---|
//! | `GET /metrics` | everything: the machine, and the processes as `/processes` gives them |
//! | `GET /cpu`, `/memory`, `/disks`, `/network` | that part of it |
//! | `GET /processes?limit=20&sort=cpu` | the processes that use most, `sort` by `cpu` or `memory` |
//! | `/homedir` | `{"homedir"}` of the user that the host runs as |
//! | `/host_role` | `{"role", "scheduler", "job_id"}`: `compute` inside a job, `login` where jobs can be submitted, else `bridge` |
//! | `/metrics/{sid}` | for a session: the machine in the form of `overview.rs` |
//!
//! The last three take `GET` and `POST`.
//!
//! Every `publish_every_ms` a summary goes out on topic `sysinfo.metrics`. Nothing is measured more
//! often than every `refresh_ms`, however many ask. Units stand in the names of the fields.
//!
//! Worth copying: a library that blocks is kept off the host's executor ([`blocking`],
//! [`Context::run_blocking`]), and a reading is shared by all who ask (`gauge.rs`).
#![forbid(unsafe_code)]

mod gauge;
mod machine;
mod overview;
mod processes;
mod query;
mod role;
mod visit;

use gauge::Gauge;
use machine::{Machine, MachineSource};
use plugin_api::prelude::*;
use processes::{Listing, ProcessSource};
use role::HostRole;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use visit::Visit;

/// The topic of the summaries.
const TOPIC: &str = "sysinfo.metrics";

/// What stands under `[plugins.sysinfo.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    refresh_ms: u64,
    publish_every_ms: u64,
}

struct Sysinfo {
    context: Context,
    publish_every: Option<Duration>,
    /// Shared with the task that publishes.
    machine: Arc<Gauge<MachineSource>>,
    processes: Gauge<ProcessSource>,
    role: HostRole,
}

/// The answer of `homedir`.
#[derive(Serialize, JsonSchema)]
struct Home {
    homedir: String,
}

/// The answer of `GET /metrics`.
#[derive(Serialize)]
struct Everything<'a> {
    #[serde(flatten)]
    machine: &'a Machine,
    processes: Listing<'a>,
}

impl Plugin for Sysinfo {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let max_age = Duration::from_millis(config.refresh_ms);
        let machine = Gauge::new(MachineSource::new()?, max_age);
        let processes = Gauge::new(ProcessSource::new()?, max_age);
        // Usage is what happened between two readings: this is the first of them.
        machine.read(Instant::now())?;
        Ok(Self {
            context,
            publish_every: match config.publish_every_ms {
                0 => None,
                millis => Some(Duration::from_millis(millis)),
            },
            machine: Arc::new(machine),
            processes,
            role: HostRole::new(&role::variables()?),
        })
    }

    fn start(&self) -> Result<()> {
        if let Some(period) = self.publish_every {
            let publish = publish(self.context.clone(), Arc::clone(&self.machine), period);
            self.context.spawn("publish", publish)?;
        }
        Ok(())
    }

    fn routes(routes: &mut Routes<Self>) {
        routes.get("/metrics", blocking(Self::metrics));
        routes.get("/cpu", blocking(Self::cpu));
        routes.get("/memory", blocking(Self::memory));
        routes.get("/disks", blocking(Self::disks));
        routes.get("/network", blocking(Self::network));
        routes.get("/processes", blocking(Self::list_processes));
        routes
            .get("/homedir", quick(Self::homedir))
            .error(404, "the user has none");
        routes
            .post("/homedir", quick(Self::homedir))
            .error(404, "the user has none");
        routes.get("/host_role", quick(Self::host_role));
        routes.post("/host_role", quick(Self::host_role));
        routes.session_get("/metrics/{sid}", blocking(Visit::metrics));
        routes.session_post("/metrics/{sid}", blocking(Visit::metrics));
    }
}

impl Sysinfo {
    fn metrics(&self, request: Request<'_>) -> Result<Response> {
        let (limit, sort) = query::listing(&request)?;
        let machine = self.machine.read(Instant::now())?;
        let processes = self.processes.read(Instant::now())?;
        Response::json(&Everything {
            machine: &machine,
            processes: processes.listing(limit, sort),
        })
    }

    fn list_processes(&self, request: Request<'_>) -> Result<Response> {
        let (limit, sort) = query::listing(&request)?;
        let processes = self.processes.read(Instant::now())?;
        Response::json(&processes.listing(limit, sort))
    }

    fn cpu(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.machine.read(Instant::now())?.cpu)
    }

    fn memory(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.machine.read(Instant::now())?.memory)
    }

    fn disks(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.machine.read(Instant::now())?.disks)
    }

    fn network(&self, _request: Request<'_>) -> Result<Response> {
        Response::json(&self.machine.read(Instant::now())?.network)
    }
}

impl Sysinfo {
    fn homedir(&self) -> Result<Json<Home>> {
        let home = role::home()
            .ok_or_else(|| Error::with_status(404, "the user has no home directory"))?;
        let homedir = home.to_string_lossy().into_owned();
        Ok(Json(Home { homedir }))
    }

    fn host_role(&self) -> Json<HostRole> {
        Json(self.role.clone())
    }
}

/// Publishes a summary every `period`, until the host cancels it.
async fn publish(context: Context, machine: Arc<Gauge<MachineSource>>, period: Duration) {
    let mut interval = context.interval(period);
    loop {
        interval.tick().await;
        let gauge = Arc::clone(&machine);
        let read = move || gauge.read(Instant::now());
        let summary = match context.run_blocking("read", read).await {
            Ok(Ok(machine)) => machine.summary(),
            Ok(Err(error)) | Err(error) => {
                log::warn!("the machine was not read: {error}");
                continue;
            }
        };
        if let Err(error) = context.publish(TOPIC, &summary) {
            log::warn!("a summary was not published: {error}");
        }
    }
}

plugin_api::export_plugin!(Sysinfo);

#[cfg(test)]
mod tests;
