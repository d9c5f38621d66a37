//! Submits, watches and cancels processes, on this machine or by Slurm.
//!
//! All routes are of a session (`POST /register_session` gives the `sid`), which sees its own jobs only.
//!
//! | route | body or query | what |
//! |---|---|---|
//! | `POST /submit/{sid}` | `{"command": ["prog", "arg"]}` or `{"script": "…"}`; `"name"`, `"cwd"`, `"env"`, `"limits": {"wall_s"}` | `{"job_id"}` |
//! | `GET /jobs/{sid}` | | the session's jobs |
//! | `GET /status/{sid}` | `?job_id=` | one of them |
//! | `GET /output/{sid}` | `?job_id=&stream=stdout` | what it wrote; `stream` is `stdout` or `stderr` |
//! | `POST /cancel/{sid}` | `{"job_id"}` | ends it |
//!
//! A job is `queued`, `running`, and then `completed` (exit code 0), `failed`, `cancelled` or `timed_out`.
//! Each change is a notification `job_status` with what `/status` gives.
//!
//! **On this machine** a job is a group of processes of its own. It is asked to end by SIGTERM, and made to
//! by SIGKILL after `grace_ms`, the whole group. When its first process has ended, so has the job, and what
//! that left behind is killed. A process that makes itself a session of its own (`setsid`) is not
//! in the group any more, and no longer the plugin's. Of each output the beginning and the end are kept. A
//! job gets the variables of the configuration, and its own, and none of the host's, which may be secrets.
//!
//! **By Slurm** (`scheduler = "slurm"`) jobs are submitted with `sbatch`, and asked after every `poll_ms`
//! with `squeue`, and `sacct` where that does not know them any more. How many run is Slurm's matter
//! then, and a limit of time is one of whole minutes. The lines of a script that begin with `#SBATCH` are
//! options for `sbatch`, as ever; one that makes several jobs of it (`--array`) has them run unwatched.
//!
//! When a session ends, so do its jobs, unless `cancel_on_close = false`. When the plugin stops, all of
//! this machine's end; those of Slurm go on only where they may outlive their session: then the run's directory
//! below `slurm_output_dir` stays too, which their outputs are written to, for somebody to remove. A host
//! that is killed leaves its jobs running.
//!
//! Whoever may use the plugin runs programs with the rights of the host's user.
#![forbid(unsafe_code)]

mod config;
mod desk;
mod fault;
mod job;
mod kept;
mod local;
mod process;
#[cfg(test)]
mod scene;
mod scheduler;
mod slurm;
mod spec;
mod tail;
mod visit;

use config::Config;
use desk::Desk;
use fault::Fault;
use job::{Job, Listener, Status};
use plugin_api::prelude::*;
use spec::Defaults;
use std::{sync::Arc, time::Duration};
use visit::Visit;

/// The topic of the notifications.
const TOPIC: &str = "job_status";

struct Jobs {
    context: Context,
    desk: Arc<Desk>,
    defaults: Defaults,
    cancel_on_close: bool,
    poll: Option<Duration>,
}

impl Plugin for Jobs {
    type Config = Config;

    fn initialize(context: Context, config: Config) -> Result<Self> {
        let scheduler = config
            .scheduler(&context.data_dir()?)
            .map_err(Fault::told)?;
        let desk = Desk::new(scheduler, config.most(), listener(context.clone()));
        Ok(Self {
            context,
            desk: Arc::new(desk),
            defaults: config.defaults(),
            cancel_on_close: config.cancel_on_close,
            poll: config.poll(),
        })
    }

    fn start(&self) -> Result<()> {
        if let Some(period) = self.poll {
            let poll = poll(self.context.clone(), Arc::clone(&self.desk), period);
            self.context.spawn("poll", poll)?;
        }
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        self.desk.stop();
        Ok(())
    }

    fn health(&self) -> Health {
        Health::healthy().with("active", self.desk.active())
    }

    fn routes(routes: &mut Routes<Self>) {
        routes
            .session_post("/submit/{sid}", blocking(Visit::submit))
            .summary("Submits a job")
            .error(429, "there are too many")
            .error(502, "Slurm does not take it")
            .error(503, "the plugin is stopping");
        routes
            .session_get("/jobs/{sid}", quick(Visit::list))
            .summary("The session's jobs");
        routes
            .session_get("/status/{sid}", quick(Visit::status))
            .summary("How a job does")
            .error(404, "no such job");
        routes
            .session_get("/output/{sid}", blocking(Visit::output))
            .summary("What a job wrote")
            .error(404, "no such job");
        routes
            .session_post("/cancel/{sid}", blocking(Visit::cancel))
            .summary("Ends a job")
            .error(404, "no such job")
            .error(409, "it has ended")
            .error(502, "Slurm cannot be asked");
    }
}

/// Tells of each change.
fn listener(context: Context) -> Listener {
    Arc::new(move |_job: &Job, status: &Status| {
        // Fails once the plugin is stopping, when nobody is there to be told.
        if let Err(error) = context.notify(TOPIC, status) {
            log::debug!(
                "{}: {} was not told: {error}",
                status.job_id,
                status.state.name()
            );
        }
    })
}

/// Asks after jobs every `period`, until the host cancels it.
async fn poll(context: Context, desk: Arc<Desk>, period: Duration) {
    let mut interval = context.interval(period);
    loop {
        interval.tick().await;
        let desk = Arc::clone(&desk);
        if let Err(error) = context.run_blocking("poll", move || desk.poll()).await {
            log::warn!("jobs were not asked after: {error}");
        }
    }
}

plugin_api::export_plugin!(Jobs);

#[cfg(test)]
mod tests;
