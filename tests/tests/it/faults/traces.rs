//! Does what was refused, failed, stopped or disabled leave nothing behind in the process?

use super::{child, scene::until};
use jackfield_loader::{HostFacts, Loader, Options, State};
use jackfield_manifest::Restart;
use jackfield_tests::{Site, broken};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Copies of `misbehave`, each of which fails in another way.
const FAILING: [(&str, &str); 4] = [
    ("misbehav1", "error-in-initialize"),
    ("misbehav2", "panic-in-initialize"),
    ("misbehav3", "error-in-start"),
    ("misbehav4", "panic-in-start"),
];

fn with_all() -> Site {
    let site = Site::new();
    site.add("minimal");
    for (id, _) in FAILING {
        site.add_patched("misbehave", &format!("lib{id}.so"), &[("misbehave", id)]);
    }
    let facts = HostFacts::current();
    for name in ["no-symbol", "unresolved"] {
        broken(&site.plugins(), name, facts.target, &facts.abi.to_string());
    }
    site
}

/// A loader's whole life: one plugin runs, everything else is refused or fails.
fn round(root: &Path, panics: bool) {
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    for (id, mode) in FAILING {
        let settings = options.settings.entry(id.to_owned()).or_default();
        settings.restart = Some(Restart::Never);
        settings.config = json!({ "mode": mode }).as_object().unwrap().clone();
        settings.enabled = Some(panics || !mode.starts_with("panic"));
    }
    let loader = Loader::open(options).unwrap();
    loader.start();
    assert_eq!(loader.status("minimal-0000").unwrap().state, State::Running);
    for (id, mode) in FAILING {
        let fails = panics || !mode.starts_with("panic");
        let state = if fails {
            State::Failed
        } else {
            State::Disabled
        };
        assert_eq!(loader.status(id).unwrap().state, state);
    }
    assert_eq!(loader.stop(Duration::from_secs(30)).failed, []);
    assert_eq!(loader.abandoned_threads(), 0);
}

/// The main thread and that of the one test.
const OWN_THREADS: usize = 2;

/// Hears errors, and with them the backtraces.
struct Listener;

static BACKTRACES: AtomicU32 = AtomicU32::new(0);

impl Log for Listener {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        // It goes down to the plugin's own function.
        if text.starts_with("panicked at ") && text.contains("/src/act.rs") {
            BACKTRACES.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// What a process has that can be left behind.
#[derive(Debug, PartialEq, Eq)]
struct Traces {
    threads: usize,
    descriptors: BTreeSet<String>,
    /// The files that are mapped, and how often.
    mapped: Vec<String>,
}

impl Traces {
    fn now() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let files = maps
            .lines()
            .filter_map(|line| line.find('/').map(|at| &line[at..]));
        Self {
            threads: threads(),
            descriptors: descriptors(),
            mapped: files.map(str::to_owned).collect(),
        }
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn descriptors() -> BTreeSet<String> {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    open.map(|entry| {
        let path = entry.unwrap().path();
        let target = fs::read_link(&path).map(|target| target.display().to_string());
        // The listing itself is open, too, and gone by now.
        format!("{}: {}", path.display(), target.unwrap_or_default())
    })
    .filter(|descriptor| !descriptor.contains("/proc/") || !descriptor.ends_with("/fd"))
    .collect()
}

/// Waits until the process has what it had before: threads take a moment to be gone.
fn nothing_is_left(before: &Traces) {
    until("a thread is left", || threads() == before.threads);
    assert_eq!(Traces::now(), *before);
}

#[test]
fn fifty_rounds_leave_no_thread_mapping_or_descriptor() {
    child::passes("faults::traces::fifty_rounds", &with_all());
}

#[test]
#[ignore = "the child of another"]
fn fifty_rounds() {
    let Some(root) = child::root() else { return };
    // The first round has the system's loader, the allocator and the timer set themselves up.
    log::set_logger(&Listener).unwrap();
    log::set_max_level(LevelFilter::Error);
    round(&root, true);
    until("a thread is left", || threads() == OWN_THREADS);
    let before = Traces::now();
    assert!(!before.mapped.iter().any(|path| path.contains("/store/")));
    for number in 0..50 {
        // A panic is told with a backtrace, for which a debug build reads megabytes.
        round(&root, number % 10 == 0);
    }
    assert_eq!(BACKTRACES.load(Ordering::Relaxed), 12);
    nothing_is_left(&before);
}

#[test]
fn five_hundred_rounds_need_no_more_memory_than_a_hundred() {
    let site = Site::new();
    site.add("minimal");
    let (id, _) = FAILING[0];
    site.add_patched("misbehave", &format!("lib{id}.so"), &[("misbehave", id)]);
    child::passes("faults::traces::five_hundred_rounds", &site);
}

#[test]
#[ignore = "the child of another"]
fn five_hundred_rounds() {
    let Some(root) = child::root() else { return };
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    let settings = options.settings.entry(FAILING[0].0.to_owned()).or_default();
    let mode = json!({"mode": "error-in-initialize"});
    settings.config = mode.as_object().unwrap().clone();
    let rounds = |count| {
        for _ in 0..count {
            let loader = Loader::open(options.clone()).unwrap();
            loader.start();
            assert_eq!(loader.status("minimal-0000").unwrap().state, State::Running);
            assert_eq!(loader.stop(Duration::from_secs(30)).failed, []);
        }
    };
    rounds(100);
    let (early, peak_early) = memory();
    rounds(400);
    let (late, peak_late) = memory();
    println!("resident: {early} kB after 100 rounds, {late} kB after 500");
    assert!(
        late * 4 <= early * 5,
        "resident: {early} kB, then {late} kB"
    );
    assert!(
        peak_late * 4 <= peak_early * 5,
        "peak: {peak_early} kB, then {peak_late} kB"
    );
}

/// Resident memory and its peak, in kB.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let number = line.split_ascii_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    };
    (field("VmRSS:"), field("VmHWM:"))
}

#[test]
fn a_disabled_plugin_is_only_looked_at() {
    let site = Site::new();
    for name in ["minimal", "echo", "misbehave"] {
        site.add(name);
    }
    child::passes("faults::traces::disabled", &site);
}

#[test]
#[ignore = "the child of another"]
fn disabled() {
    let Some(root) = child::root() else { return };
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    for id in ["minimal-0000", "echo", "misbehave"] {
        options.settings.entry(id.to_owned()).or_default().enabled = Some(false);
    }
    let loader = Loader::open(options).unwrap();
    let before = Traces::now();
    loader.start();
    assert_eq!(Traces::now(), before);
    for id in ["minimal-0000", "echo", "misbehave"] {
        let status = loader.status(id).unwrap();
        assert_eq!(status.state, State::Disabled);
        // Not even hashed, so not copied either.
        assert_eq!(status.hash, None);
    }
    assert_eq!(fs::read_dir(root.join("state/store")).unwrap().count(), 0);
}
