//! How the host and its plugins do, as programs are told of it.

use super::Desk;
use jackfield_loader::{HealthStatus, Inside, Loader, Reason, Rejected, State, Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

/// All of it. `null` stands for what is not known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The process.
    pub(crate) host: HostReport,
    /// Every plugin that it knows, in order of id.
    pub(crate) plugins: Vec<PluginReport>,
    /// Files that its last start left out and that are no plugin's above.
    pub(crate) left_out: Vec<FileReport>,
}

/// The process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HostReport {
    pub(crate) pid: u32,
    pub(crate) version: String,
    /// Since it began, in milliseconds.
    pub(crate) uptime_ms: u64,
    /// Where its state lies.
    pub(crate) state: String,
    /// The configuration files that it read.
    pub(crate) configuration: Vec<String>,
    /// The processor time of all its threads, plugins' included, in milliseconds.
    pub(crate) cpu_ms: Option<u64>,
    /// Threads that are left to themselves inside a plugin that did not return in time.
    pub(crate) abandoned_threads: usize,
}

/// One plugin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PluginReport {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) state: State,
    /// Since when it is in that state: RFC 3339.
    pub(crate) since: String,
    /// For how long, in milliseconds.
    pub(crate) state_ms: u64,
    pub(crate) path: String,
    pub(crate) sha256: Option<String>,
    /// Why it is where it is, where that needs a reason.
    pub(crate) reasons: Vec<Reason>,
    /// The end of the chain, where the first reason only passes on another plugin's.
    pub(crate) root_cause: Option<String>,
    /// What went wrong, for one that failed; who stopped it, for one that an operator stopped.
    pub(crate) cause: Option<String>,
    /// What it does without.
    pub(crate) degraded: Vec<String>,
    /// Whether its library is gone, once it was unloaded.
    pub(crate) unload: Option<String>,
    /// How it said that it does, when it was last asked.
    pub(crate) health: Option<HealthReport>,
    /// How often it was started again by itself.
    pub(crate) restarts: u64,
    /// Whether and when it is started again, for one that does not run though nobody stopped it.
    pub(crate) restart: Option<String>,
    /// How often it was called since it came to run.
    pub(crate) calls: Option<u64>,
    /// How many of the calls have not returned.
    pub(crate) inside: Option<u64>,
    /// What is known to be inside its code, the longest first.
    pub(crate) doing: Vec<DoingReport>,
    /// How often its code panicked since it came to run.
    pub(crate) panics: Option<u64>,
    /// How many events it did not get because its queue was full.
    pub(crate) dropped_events: Option<u64>,
    /// The most verbose level that is logged of it.
    pub(crate) log_level: String,
}

/// How a plugin said that it does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HealthReport {
    /// `healthy`, `degraded` or `unhealthy`.
    pub(crate) status: String,
    /// For people; may be empty.
    pub(crate) message: String,
    /// What the plugin wants shown beside it.
    pub(crate) metadata: Option<Value>,
    /// How many questions in a row had no good answer.
    pub(crate) misses: u32,
    /// When it was asked: RFC 3339.
    pub(crate) asked: String,
    /// How long the answer took, in milliseconds.
    pub(crate) took_ms: u64,
}

/// Something that has not returned from a plugin's code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DoingReport {
    /// `start`, `health`, ``task `save` ``, `2 calls` and the like.
    pub(crate) what: String,
    /// For how long, in milliseconds.
    pub(crate) ms: u64,
}

/// A file that was left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FileReport {
    pub(crate) path: String,
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) root_cause: Option<String>,
}

impl PluginReport {
    /// Why it is where it is, in one line, where that needs a reason.
    pub(crate) fn reason(&self) -> Option<&str> {
        let own = self.reasons.first().map(|reason| &*reason.message);
        self.cause.as_deref().or(own)
    }
}

impl Report {
    /// What a host would tell now; of one plugin only, where an id is given.
    pub(super) fn of(desk: &Desk, id: Option<&str>) -> Self {
        let loader = &*desk.loader;
        let all = loader.plugins();
        let told: BTreeSet<&Path> = all.iter().map(|status| &*status.path).collect();
        let left_out = loader.left_out();
        let left_out = left_out
            .iter()
            .filter(|file| !told.contains(&*file.path) && id.is_none_or(|id| is_of(file, id)));
        let left_out = left_out.map(FileReport::from).collect();
        let inside = loader.inside();
        let wanted = all
            .iter()
            .filter(|status| id.is_none_or(|id| status.id.as_str() == id));
        Self {
            host: host(desk),
            plugins: wanted.map(|status| plugin(desk, &inside, status)).collect(),
            left_out,
        }
    }
}

fn is_of(file: &Rejected, id: &str) -> bool {
    file.id.as_ref().is_some_and(|own| own.as_str() == id)
}

fn host(desk: &Desk) -> HostReport {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    HostReport {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: millis(desk.began.elapsed()),
        state: path(&desk.state),
        configuration: desk.files.iter().map(|file| path(file)).collect(),
        cpu_ms: super::system::cpu().map(millis),
        abandoned_threads: desk.loader.abandoned_threads(),
    }
}

/// How one plugin does.
pub(crate) fn report_of(desk: &Desk, status: &Status) -> PluginReport {
    plugin(desk, &desk.loader.inside(), status)
}

/// The same of several, with one look at who is inside.
pub(crate) fn reports_of(desk: &Desk, all: &[Status]) -> Vec<PluginReport> {
    let inside = desk.loader.inside();
    all.iter()
        .map(|status| plugin(desk, &inside, status))
        .collect()
}

fn plugin(desk: &Desk, inside: &[Inside], status: &Status) -> PluginReport {
    let (loader, id): (&Loader, _) = (&desk.loader, status.id.as_str());
    let counters = loader.counters(id);
    PluginReport {
        id: id.to_owned(),
        version: status.version.to_string(),
        kind: status.manifest.kind.as_str().to_owned(),
        state: status.state,
        since: humantime::format_rfc3339_millis(status.since).to_string(),
        state_ms: millis(
            SystemTime::now()
                .duration_since(status.since)
                .unwrap_or_default(),
        ),
        path: status.path.to_string_lossy().into_owned(),
        sha256: status.hash.map(|hash| hash.to_string()),
        reasons: status.reasons.clone(),
        root_cause: status.root_cause.clone(),
        cause: cause(desk, status),
        degraded: status.degraded.clone(),
        unload: status.unload.as_ref().map(ToString::to_string),
        health: status.health.as_ref().map(HealthReport::from),
        restarts: status.restarts,
        restart: status.restart.as_ref().map(ToString::to_string),
        calls: counters.map(|counters| counters.calls),
        inside: counters.map(|counters| counters.inside as u64),
        doing: doing(inside, status),
        panics: counters.map(|counters| counters.panics),
        dropped_events: counters.map(|counters| counters.dropped_events),
        log_level: desk.log.level(id).to_string().to_lowercase(),
    }
}

fn doing(inside: &[Inside], status: &Status) -> Vec<DoingReport> {
    let now = Instant::now();
    let own = inside.iter().filter(|inside| inside.plugin == status.id);
    let doing = own.map(|inside| DoingReport {
        what: inside.what.clone(),
        ms: millis(now.saturating_duration_since(inside.since)),
    });
    doing.collect()
}

impl From<&jackfield_loader::HealthReport> for HealthReport {
    fn from(health: &jackfield_loader::HealthReport) -> Self {
        Self {
            status: match health.verdict {
                HealthStatus::Healthy => "healthy",
                HealthStatus::Degraded => "degraded",
                HealthStatus::Unhealthy => "unhealthy",
            }
            .to_owned(),
            message: health.message.clone(),
            metadata: serde_json::from_str(&health.metadata).ok(),
            misses: health.misses,
            asked: humantime::format_rfc3339_millis(health.asked).to_string(),
            took_ms: millis(health.took),
        }
    }
}

fn cause(desk: &Desk, status: &Status) -> Option<String> {
    let own = status.cause.clone();
    own.or_else(|| match status.state {
        State::Stopped => desk.why_stopped(status.id.as_str()),
        _ => None,
    })
}

impl From<&Rejected> for FileReport {
    fn from(file: &Rejected) -> Self {
        Self {
            path: file.path.to_string_lossy().into_owned(),
            id: file.id.as_ref().map(ToString::to_string),
            version: file.version.as_ref().map(ToString::to_string),
            reasons: file.reasons.clone(),
            root_cause: file.root_cause.clone(),
        }
    }
}

/// In whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
