//! The merged tree becomes a checked configuration.

use super::{
    Config, Fault, Origin, Tree,
    audit::{self, Audit},
    http::{self, Http, PluginLimits},
    section::{Section, boolean, bytes, duration, kind, lasting, priority, quoted, text},
};
use jackfield_loader::{Isolation, Sessions, Settings, Trust};
use jackfield_manifest::{OnPanic, Permissions, PluginId, Restart, TopicPattern};
use serde_json::{Value, json};
use std::{collections::BTreeMap, num::NonZero, path::PathBuf, time::Duration};

/// Every key that is not a plugin's.
pub(super) const KEYS: [&str; 27] = [
    "host.edge",
    "host.plugins",
    "host.state",
    "host.trust",
    "host.enable_by_default",
    "host.permissions",
    "host.isolation",
    "host.threads",
    "host.stop_deadline",
    "http.listen",
    "http.access",
    "http.allow_open",
    "http.tls_certificate",
    "http.tls_key",
    "http.hosts",
    "http.origins",
    "http.max_body",
    "http.max_header",
    "http.request_deadline",
    "http.header_deadline",
    "http.body_deadline",
    "http.write_deadline",
    "http.max_connections",
    "audit.max_bytes",
    "audit.keep",
    "log.filter",
    "log.publish",
];

/// A session that lies unused for longer never ends.
const SESSION_LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Threads beyond this number are a mistake.
const MOST_THREADS: u64 = 1024;

/// What is so where nobody says anything. Keys that are absent here depend on the machine or on
/// other keys.
pub(super) fn defaults() -> Tree {
    let mut tree = Tree::new(Origin::Default);
    let mut set = |key: &str, value| {
        let path: Vec<&str> = key.split('.').collect();
        tree.insert(&path, value, &Origin::Default);
    };
    set("host.plugins", json!(["plugins"]));
    set("host.state", json!("state"));
    set("host.trust", json!("strict"));
    set("host.permissions", json!(false));
    set("host.isolation", json!("none"));
    set("host.stop_deadline", json!("30s"));
    set("log.filter", json!("info"));
    set("log.publish", json!("info"));
    for (key, value) in http::defaults().into_iter().chain(audit::defaults()) {
        set(key, value);
    }
    tree
}

/// Reads everything, and notes all that is wrong.
pub(super) fn read(tree: Tree, faults: &mut Vec<Fault>) -> Config {
    let mut top = Section::new("", tree.clone(), faults);
    let (host, log, plugins) = (top.table("host"), top.table("log"), top.table("plugins"));
    let (http, audit) = (top.table("http"), top.table("audit"));
    top.finish();
    let mut host = Section::new("host", host, faults);
    let mut config = Config {
        edge: host.take("edge", edge),
        plugins: host.take("plugins", paths).unwrap_or_default(),
        state: host.take("state", path).unwrap_or_default(),
        trust: host.take("trust", trust).unwrap_or_default(),
        enable_by_default: host.take("enable_by_default", boolean),
        permissions: host.take("permissions", boolean).unwrap_or_default(),
        isolation: host
            .take("isolation", |value, origin| {
                one_of(value, origin, &Isolation::ALL)
            })
            .unwrap_or_default(),
        threads: host.take("threads", threads),
        stop_deadline: host
            .take("stop_deadline", duration)
            .unwrap_or(Duration::ZERO),
        filter: String::new(),
        publish: String::new(),
        http: Http::default(),
        audit: Audit::default(),
        settings: BTreeMap::new(),
        files: Vec::new(),
        all: false,
        warnings: Vec::new(),
        tree,
    };
    host.finish();
    let mut log = Section::new("log", log, faults);
    config.filter = log.take("filter", filter).unwrap_or_default();
    config.publish = log.take("publish", filter).unwrap_or_default();
    log.finish();
    config.http = http::read(http, faults);
    config.audit = audit::read(audit, faults);
    let mut all = Section::new("plugins", plugins, faults);
    let tables = all.tables();
    for (id, table) in &tables {
        if let Err(error) = PluginId::new(id) {
            all.fault(table.origin.clone(), id, error.to_string());
        }
    }
    for (id, table) in tables {
        let (settings, limits) = settings(&id, table, faults);
        if limits != PluginLimits::default() {
            config.http.plugins.insert(id.clone(), limits);
        }
        config.settings.insert(id, settings);
    }
    config
}

/// `[plugins.<id>]`.
fn settings(id: &str, table: Tree, faults: &mut Vec<Fault>) -> (Settings, PluginLimits) {
    let mut section = Section::new(format!("plugins.{}", quoted(id)), table, faults);
    let limits = PluginLimits {
        max_body: section.take("max_body", bytes),
        request_deadline: section.take("request_deadline", duration),
    };
    let settings = Settings {
        enabled: section.take("enabled", boolean),
        priority: section.take("priority", priority),
        initialize_deadline: section.take("initialize_deadline", duration),
        start_deadline: section.take("start_deadline", duration),
        stop_deadline: section.take("stop_deadline", duration),
        restart: section.take("restart", |value, origin| {
            one_of(value, origin, &Restart::ALL)
        }),
        on_panic: section.take("on_panic", |value, origin| {
            one_of(value, origin, &OnPanic::ALL)
        }),
        health_interval: section.take("health_interval", duration),
        health_deadline: section.take("health_deadline", duration),
        restart_when_unhealthy: section.take("restart_when_unhealthy", boolean),
        storage_limit: section.take("storage_limit", bytes),
        isolation: section.take("isolation", |value, origin| {
            one_of(value, origin, &Isolation::ALL)
        }),
        sessions: Sessions {
            ttl: section.take("session_ttl", time_to_live),
            most: section.take("max_sessions", most_sessions),
        },
        granted: Permissions {
            publish: section.take("publish", patterns).unwrap_or_default(),
            subscribe: section.take("subscribe", patterns).unwrap_or_default(),
        },
        config: section.table("config").to_json(),
    };
    section.finish();
    (settings, limits)
}

/// How long a session may lie unused: a time, or never ending.
fn time_to_live(value: &Value, origin: &Origin) -> Result<Duration, String> {
    match value.as_str() {
        Some("never" | "0s") => Ok(Duration::ZERO),
        Some(_) => lasting(value, origin, SESSION_LONGEST),
        None => Err(format!(
            "expected a time such as \"1h\", or \"never\", found {}",
            kind(value)
        )),
    }
}

fn most_sessions(value: &Value, _: &Origin) -> Result<u32, String> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("expected an integer from 1 to {}, found {value}", u32::MAX))
}

pub(super) fn path(value: &Value, origin: &Origin) -> Result<PathBuf, String> {
    let text = text(value, origin)?;
    if text.is_empty() {
        return Err("expected a path, found an empty string".to_owned());
    }
    Ok(origin.resolve(&text))
}

/// It is the first part of addresses, as an id is.
fn edge(value: &Value, origin: &Origin) -> Result<String, String> {
    let text = text(value, origin)?;
    match PluginId::new(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("expected a name for this host, and {error}")),
    }
}

fn paths(value: &Value, origin: &Origin) -> Result<Vec<PathBuf>, String> {
    let Some(items) = value.as_array() else {
        return Err("expected a list of directories, such as [\"plugins\"]".to_owned());
    };
    items.iter().map(|item| path(item, origin)).collect()
}

fn patterns(value: &Value, origin: &Origin) -> Result<Vec<TopicPattern>, String> {
    let Some(items) = value.as_array() else {
        return Err("expected a list of patterns, such as [\"logs.**\"]".to_owned());
    };
    let pattern = |item| {
        let text = text(item, origin)?;
        TopicPattern::new(&text).map_err(|error| error.to_string())
    };
    items.iter().map(pattern).collect()
}

fn trust(value: &Value, origin: &Origin) -> Result<Trust, String> {
    match text(value, origin)?.as_str() {
        "strict" => Ok(Trust::Strict),
        "lax" => Ok(Trust::Lax),
        other => Err(format!("expected \"strict\" or \"lax\", found {other:?}")),
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    value: &Value,
    origin: &Origin,
    words: &[(&str, T)],
) -> Result<T, String> {
    let text = text(value, origin)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("expected one of {}, found {text:?}", words.join(", "))
    })
}

fn threads(value: &Value, _: &Origin) -> Result<NonZero<usize>, String> {
    let number = value.as_u64().filter(|number| *number <= MOST_THREADS);
    number
        .and_then(|number| NonZero::new(usize::try_from(number).ok()?))
        .ok_or_else(|| format!("expected an integer from 1 to {MOST_THREADS}, found {value}"))
}

fn filter(value: &Value, origin: &Origin) -> Result<String, String> {
    let text = text(value, origin)?;
    if let Some(word) = no_level(&text) {
        return Err(format!(
            "expected a level (off, error, warn, info, debug or trace) or a plugin's id and its \
             level, such as \"heartbeat=debug\", found {word:?}"
        ));
    }
    match env_filter::Builder::new().try_parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!(
            "expected a filter such as \"info,heartbeat=debug\", found {text:?}: {error}"
        )),
    }
}

/// A part of a filter that stands alone and is no level: the filter would take it for a target of
/// which everything is wanted, and a mistyped level would silence all others.
fn no_level(filter: &str) -> Option<&str> {
    let levels = filter.split('/').next().unwrap_or_default();
    let mut words = levels.split(',').map(str::trim);
    words.find(|word| {
        !word.is_empty() && !word.contains('=') && word.parse::<log::LevelFilter>().is_err()
    })
}
