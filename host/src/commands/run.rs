use crate::{
    args::Common,
    commands::{Outcome, absent::absent},
    config::Config,
    control::{Desk, Server},
    descriptors,
    error::{CommandError, chain},
    executor::Tokio,
    gateway::{Gateway, access::Audit},
    logging::{self, Log, Publishing},
    relief::Relief,
    signals::Ending,
};
use jackfield_loader::{Code, Loader, Rejected, State, Status, StopReport};
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, mpsc::sync_channel},
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const EXAMPLES: &str = "\
Examples:
  jackfield run
  jackfield run --plugins ./plugins --state /var/lib/jackfield
  jackfield run --listen 8080        serve HTTP on 127.0.0.1:8080
  RUST_LOG=debug jackfield run       more of the log; RUST_LOG=warn,greeter=trace for one plugin

The log goes to standard error. SIGINT and SIGTERM stop the plugins in the reverse of the order in
which they came to run, within host.stop_deadline; a second signal ends the host at once. Exits with
0 when every plugin has stopped, with 1 when one has not";

/// Start the enabled plugins and keep them running until SIGINT or SIGTERM
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    /// Where to serve HTTP, instead of what the configuration says: an address and a port, or a port
    /// of the loopback; may be given several times
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Vec<String>,
}

impl Run {
    pub(crate) fn run(self, config: Config, common: &Common) -> Result<Outcome, CommandError> {
        let config = Arc::new(config);
        let process = |doing| move |source| CommandError::Process { doing, source };
        let log = logging::begin(&config.filter);
        descriptors::raise();
        let mut ending = Ending::listen().map_err(process("listen for signals"))?;
        let runtime = runtime().map_err(process("start the asynchronous runtime"))?;
        let relief = Relief::begin(runtime.handle().clone());
        let relief = relief.map_err(process("start a thread"))?;
        let began = Instant::now();
        let loader = Arc::new(open(&config, &runtime)?);
        // Behind the lock of the state directory.
        let audit = Arc::new(Audit::open(&config.state, config.audit)?);
        let filter = config.publish_filter();
        let publishing = Publishing::begin(&log, loader.publisher(), filter)
            .map_err(process("publish the log"))?;
        let desk = desk(&config, common, &loader, log, Arc::clone(&audit));
        // Before the plugins start: one that takes its time can be looked at.
        let server = Server::open(Arc::clone(&desk))
            .inspect_err(|error| log::error!("{}: nobody can talk to this host", chain(error)));
        let gateway = gateway(&config, &loader, &desk, Arc::clone(&audit), &runtime)?;
        // On a thread of its own, so that a signal counts from the beginning.
        let (done, started) = sync_channel::<()>(1);
        let starting = thread::Builder::new().name("jackfield-start".to_owned());
        let body = {
            let (config, loader) = (Arc::clone(&config), Arc::clone(&loader));
            let started = publishing.when_started();
            let runtime = runtime.handle();
            let ready = gateway
                .as_ref()
                .map(|gateway| gateway.when_ready(runtime.clone()));
            move || {
                loader.start();
                if let Some(ready) = ready {
                    ready();
                }
                tell(&config, &loader, began);
                started();
                drop((loader, done));
            }
        };
        starting.spawn(body).map_err(process("start the plugins"))?;
        let signal = ending.wait();
        let until = Instant::now() + config.stop_deadline;
        if let Some(gateway) = gateway {
            gateway.close(&runtime, config.stop_deadline / 4);
        }
        let left = until.saturating_duration_since(Instant::now());
        let report = stop(&loader, &desk, signal, left);
        // A start that hangs in a plugin is not waited for any longer. Nothing is ever sent.
        let _ = started.recv_timeout(until.saturating_duration_since(Instant::now()));
        drop(server);
        drop(publishing);
        drop((desk, loader));
        // A change that hangs may still have it.
        audit.end();
        drop(relief);
        // A task that a plugin left behind is not waited for.
        runtime.shutdown_background();
        Ok(Outcome::bad_if(!report.is_complete()))
    }
}

/// Threads on which plugins may block: each plugin has 32 at the most for its tasks and one for its
/// events, so five hundred plugins do not keep each other waiting. One is made when it is needed, and
/// ends when it was not for ten seconds.
const BLOCKING_THREADS: usize = 500 * 33;

/// Threads that poll, at the least: where one is blocked by a plugin, another goes on.
const POLLING_THREADS: usize = 2;

fn runtime() -> std::io::Result<Runtime> {
    let threads = thread::available_parallelism().map_or(POLLING_THREADS, |threads| {
        threads.get().max(POLLING_THREADS)
    });
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .thread_name("jackfield-async")
        .build()
}

fn open(config: &Config, runtime: &Runtime) -> Result<Loader, CommandError> {
    for path in &config.files {
        log::debug!("configuration: {}", path.display());
    }
    let mut options = config.options();
    options.executor = Arc::new(Tokio(runtime.handle().clone()));
    let places = options
        .plugins
        .iter()
        .map(|path| path.display().to_string());
    log::info!(
        "looking for plugins in {}",
        places.collect::<Vec<_>>().join(", ")
    );
    Ok(Loader::open(options)?)
}

/// Plugins on HTTP, where the configuration says where.
fn gateway(
    config: &Config,
    loader: &Arc<Loader>,
    desk: &Arc<Desk>,
    audit: Arc<Audit>,
    runtime: &Runtime,
) -> Result<Option<Gateway>, CommandError> {
    if config.http.listen.is_empty() {
        return Ok(None);
    }
    let gateway = Gateway::open(config, loader, desk, audit, runtime)?;
    for address in gateway.addresses() {
        log::info!("listening on {}://{address}", gateway.scheme());
    }
    Ok(Some(gateway))
}

fn desk(
    config: &Config,
    common: &Common,
    loader: &Arc<Loader>,
    log: Arc<Log>,
    audit: Arc<Audit>,
) -> Arc<Desk> {
    let state = config.state.canonicalize();
    Arc::new(Desk::new(
        Arc::clone(loader),
        log,
        audit,
        common.clone(),
        config.files.clone(),
        state.unwrap_or_else(|_| config.state.clone()),
    ))
}

/// Says what came of the start.
fn tell(config: &Config, loader: &Loader, began: Instant) {
    let plugins = loader.plugins();
    for warning in absent(config, plugins.iter().map(|status| status.id.as_str())) {
        log::warn!("{warning}");
    }
    let counts = Counts::new(&plugins, &loader.left_out());
    log::info!("{counts} in {} ms", began.elapsed().as_millis());
}

fn stop(loader: &Loader, desk: &Desk, signal: &str, limit: Duration) -> StopReport {
    log::info!("{signal}: stopping");
    let began = Instant::now();
    let changing = desk.close();
    let mut report = loader.stop(limit);
    // A change that was under way may have brought something up meanwhile.
    if changing && desk.wait(began + limit) {
        let more = loader.stop(limit.saturating_sub(began.elapsed()));
        report = merged(report, more);
    }
    if let Some(already) = &report.refused {
        log::error!("{already}");
    }
    let (stopped, failed) = (report.stopped.len(), report.failed.len());
    let took = began.elapsed().as_millis();
    if failed == 0 {
        log::info!("{stopped} stopped in {took} ms");
    } else {
        let names: Vec<&str> = report.failed.iter().map(|(id, _)| id.as_str()).collect();
        let names = names.join(", ");
        log::error!("{stopped} stopped, {failed} did not ({names}) in {took} ms");
    }
    report
}

/// What came of two stops, the later of which is what counts of a plugin that is in both.
fn merged(mut report: StopReport, more: StopReport) -> StopReport {
    let later: BTreeSet<_> = {
        let failed = more.failed.iter().map(|(id, _)| id);
        more.stopped
            .iter()
            .map(|(id, _)| id)
            .chain(failed)
            .collect()
    };
    report.stopped.retain(|(id, _)| !later.contains(id));
    report.failed.retain(|(id, _)| !later.contains(id));
    report.stopped.extend(more.stopped);
    report.failed.extend(more.failed);
    report.refused = more.refused;
    report
}

/// How many came to what.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    running: usize,
    failed: usize,
    rejected: usize,
    quarantined: usize,
    superseded: usize,
    disabled: usize,
}

impl Counts {
    /// Files that were passed over, or could not be read, are in no status.
    fn new(plugins: &[Status], left_out: &[Rejected]) -> Self {
        let mut counts = Self::default();
        for status in plugins {
            match status.state {
                State::Running => counts.running += 1,
                State::Disabled => counts.disabled += 1,
                State::Rejected => counts.rejected += 1,
                State::Quarantined => counts.quarantined += 1,
                _ => counts.failed += 1,
            }
        }
        let told: BTreeSet<_> = plugins.iter().map(|status| &status.path).collect();
        for rejected in left_out
            .iter()
            .filter(|rejected| !told.contains(&rejected.path))
        {
            match rejected.reasons.first().map(|reason| reason.code) {
                Some(Code::Superseded) => counts.superseded += 1,
                Some(Code::Disabled) => counts.disabled += 1,
                _ => counts.rejected += 1,
            }
        }
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} running", self.running)?;
        let others = [
            (self.failed, "failed"),
            (self.rejected, "rejected"),
            (self.quarantined, "quarantined"),
            (self.superseded, "superseded"),
            (self.disabled, "disabled"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_loader::Unload;
    use jackfield_manifest::PluginId;

    #[test]
    fn a_plugin_that_was_stopped_twice_counts_once() {
        let id = |id: &str| PluginId::new(id).unwrap();
        let why = || "it hangs".to_owned();
        let first = StopReport {
            stopped: vec![(id("web"), Unload::Unmapped)],
            failed: vec![(id("slow"), why()), (id("stuck"), why())],
            refused: None,
        };
        let second = StopReport {
            stopped: vec![
                (id("late"), Unload::Unmapped),
                (id("slow"), Unload::Unmapped),
            ],
            failed: vec![(id("stuck"), why())],
            refused: None,
        };
        let report = merged(first, second);
        let names = |ids: Vec<PluginId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let stopped = report.stopped.into_iter().map(|(id, _)| id).collect();
        assert_eq!(names(stopped), ["web", "late", "slow"]);
        let failed = report.failed.into_iter().map(|(id, _)| id).collect();
        assert_eq!(names(failed), ["stuck"]);
    }
}
