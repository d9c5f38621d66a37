//! A host in a process of its own: this test binary again, told by its environment where to work.

use jackfield_loader::{ContentHash, Loader, Options, Request};
use jackfield_tests::Site;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// The site that a child works in; its `release` is what hanging constructors wait for.
const SITE: &str = "JACKFIELD_TEST_SITE";
const RELEASE: &str = "JACKFIELD_TEST_RELEASE";

/// How a process of this binary ended, and what it printed.
pub(super) struct Ended {
    pub(super) well: bool,
    pub(super) output: String,
}

/// Runs one ignored test of this binary in a process of its own.
pub(super) fn run(test: &str, site: &Site) -> Ended {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", test, "--ignored", "--nocapture"]);
    child.args(["--test-threads", "1"]);
    child.env(SITE, site.root());
    child.env(RELEASE, site.root().join("release"));
    let output = child.stdin(Stdio::null()).output().unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    Ended {
        well: output.status.success(),
        output: String::from_utf8_lossy(&text).into_owned(),
    }
}

/// Runs it; it has to pass.
pub(super) fn passes(test: &str, site: &Site) {
    let Ended { well, output } = run(test, site);
    assert!(well, "{output}");
    assert!(output.contains("test result: ok. 1 passed"), "{output}");
}

/// Where this child works; `None` when it is no child.
#[expect(
    clippy::disallowed_methods,
    reason = "a child is told by its environment"
)]
pub(super) fn root() -> Option<PathBuf> {
    env::var_os(SITE).map(PathBuf::from)
}

/// What a host is told, and what it found: a plugin is `(state, cause or first reason)`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Host {
    pub(super) config: BTreeMap<String, Map<String, Value>>,
    pub(super) priority: BTreeMap<String, i32>,
}

/// What a host found that came to its end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// By id: the state, and the cause or the first reason.
    pub(super) plugins: BTreeMap<String, (String, String)>,
    /// Id, content, step, and who else was inside.
    pub(super) quarantine: Vec<(String, ContentHash, String, Vec<String>)>,
    pub(super) abandoned: usize,
}

impl Host {
    /// With `misbehave` in this mode.
    pub(super) fn misbehaves(mode: &str) -> Self {
        let mut host = Self::default();
        host.set("misbehave", "mode", mode);
        host
    }

    /// Sets a key of a plugin's configuration.
    pub(super) fn set(&mut self, id: &str, key: &str, value: impl Into<Value>) {
        let config = self.config.entry(id.to_owned()).or_default();
        config.insert(key.to_owned(), value.into());
    }

    /// Starts everything in a child, asks `misbehave` and after its health, stops; `None` when the child did not come so
    /// far.
    pub(super) fn run(&self, site: &Site) -> Option<Found> {
        let found = site.root().join("found.json");
        let _ = fs::remove_file(&found);
        let told = serde_json::to_vec(self).unwrap();
        fs::write(site.root().join("host.json"), told).unwrap();
        let ended = run("faults::child::host", site);
        let text = fs::read(found).ok()?;
        assert!(ended.well, "{}", ended.output);
        Some(serde_json::from_slice(&text).unwrap())
    }
}

#[test]
#[ignore = "the child of the others"]
fn host() {
    let Some(root) = root() else { return };
    let told = fs::read(root.join("host.json")).unwrap();
    let told: Host = serde_json::from_slice(&told).unwrap();
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    for (id, config) in told.config {
        options.settings.entry(id).or_default().config = config;
    }
    for (id, priority) in told.priority {
        options.settings.entry(id).or_default().priority = Some(priority);
    }
    let loader = Loader::open(options).unwrap();
    loader.start();
    let mut plugins = BTreeMap::new();
    for status in loader.plugins() {
        let reason = status.reasons.first().map(|reason| reason.message.clone());
        let text = reason.or(status.cause).unwrap_or_default();
        plugins.insert(status.id.to_string(), (status.state.to_string(), text));
    }
    let quarantine = loader.quarantined().into_iter().map(|record| {
        let others = record.together_with.iter().map(ToString::to_string);
        let step = record.step.as_str().to_owned();
        (record.id.to_string(), record.hash, step, others.collect())
    });
    let found = Found {
        plugins,
        quarantine: quarantine.collect(),
        abandoned: loader.abandoned_threads(),
    };
    if let Some(plugin) = loader.plugin("misbehave") {
        loader.publish("misbehave.x", b"{}").unwrap();
        for path in ["/heard", "/handle"] {
            let _ = pollster::block_on(plugin.request(&Request::new("GET", path)));
        }
        let _ = plugin.health();
    }
    loader.stop(Duration::from_secs(30));
    fs::write(root.join("found.json"), serde_json::to_vec(&found).unwrap()).unwrap();
}
