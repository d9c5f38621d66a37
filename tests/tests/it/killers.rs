//! Does the next start leave out the plugin that killed the host, and only that one?
//!
//! Each host runs in a child process: this test binary again, told by its environment what to do.

use jackfield_loader::{HostFacts, Loader, Options, Request};
use jackfield_tests::{Site, broken};
use serde_json::json;
use std::{
    env, fs,
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// The site that a child works in.
const SITE: &str = "JACKFIELD_TEST_SITE";
/// The mode of its plugin `misbehave`.
const MODE: &str = "JACKFIELD_TEST_MODE";

#[test]
#[ignore = "the child of the others"]
#[expect(
    clippy::disallowed_methods,
    reason = "a child is told by its environment"
)]
fn child() {
    let root = PathBuf::from(env::var_os(SITE).unwrap());
    let mode = env::var(MODE).unwrap();
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    let settings = options.settings.entry("misbehave".to_owned()).or_default();
    settings.config = json!({ "mode": mode }).as_object().unwrap().clone();
    let mut loader = Loader::open(options).unwrap();
    loader.start();
    for status in loader.plugins() {
        let cause = status.cause.unwrap_or_default();
        let reason = status.reasons.first().map(|reason| reason.message.clone());
        println!(
            "{}: {}: {}{cause}",
            status.id,
            status.state,
            reason.unwrap_or_default()
        );
    }
    if let Some(plugin) = loader.plugin("misbehave") {
        loader.publish("misbehave.x", b"{}").unwrap();
        for path in ["/heard", "/handle"] {
            let _ = pollster::block_on(plugin.request(&Request::new("GET", path)));
        }
    }
    loader.stop(Duration::from_secs(30));
    println!("stopped");
}

/// What one host said, and whether it came to its own end.
struct Run {
    output: String,
    ended: bool,
}

impl Run {
    fn says(&self, line: &str) -> bool {
        self.output.lines().any(|said| said.starts_with(line))
    }
}

fn run(site: &Site, mode: &str) -> Run {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killers::child", "--ignored", "--nocapture"])
        .env(SITE, site.root())
        .env(MODE, mode)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut output).unwrap();
    child.wait().unwrap();
    let ended = output.lines().any(|line| line == "stopped");
    Run { output, ended }
}

/// Starts hosts until one lives, which is the third at the latest: where several plugins were inside
/// when the first died, each is tried alone by the second.
fn first_to_live(site: &Site, mode: &str) -> Run {
    assert!(
        !run(site, mode).ended,
        "the first host should not have lived"
    );
    (0..2)
        .map(|_| run(site, mode))
        .find(|run| run.ended)
        .expect("the third host lives")
}

fn with_misbehave() -> Site {
    let site = Site::new();
    site.add("echo");
    site.add("misbehave");
    site
}

/// It is quarantined, and the other plugin runs.
fn quarantines(mode: &str) {
    let run = first_to_live(&with_misbehave(), mode);
    assert!(run.says("misbehave: quarantined: "), "{}", run.output);
    assert!(run.says("echo: running: "), "{}", run.output);
}

/// Nobody can tell who did it, and everything starts again.
fn kills_a_host_that_runs(mode: &str) {
    let site = with_misbehave();
    let run = run(&site, mode);
    assert!(run.says("misbehave: running: "), "{}", run.output);
    assert!(!run.ended, "{}", run.output);
    let run = self::run(&site, "none");
    assert!(
        run.ended && run.says("misbehave: running: "),
        "{}",
        run.output
    );
}

#[test]
fn exit_in_initialize() {
    quarantines("exit-in-initialize");
}

#[test]
fn abort_in_initialize() {
    quarantines("abort-in-initialize");
}

#[test]
fn exit_in_start() {
    quarantines("exit-in-start");
}

#[test]
fn abort_in_start() {
    quarantines("abort-in-start");
}

#[test]
fn exit_in_handle() {
    kills_a_host_that_runs("exit-in-handle");
}

#[test]
fn abort_in_handle() {
    kills_a_host_that_runs("abort-in-handle");
}

#[test]
fn exit_in_event() {
    kills_a_host_that_runs("exit-in-event");
}

#[test]
fn abort_in_event() {
    kills_a_host_that_runs("abort-in-event");
}

#[test]
fn exit_in_stop() {
    kills_a_host_that_runs("exit-in-stop");
}

#[test]
fn abort_in_stop() {
    kills_a_host_that_runs("abort-in-stop");
}

#[test]
fn exit_in_drop() {
    kills_a_host_that_runs("exit-in-drop");
}

#[test]
fn abort_in_drop() {
    kills_a_host_that_runs("abort-in-drop");
}

fn with_broken(name: &str) -> Site {
    let site = Site::new();
    site.add("echo");
    let facts = HostFacts::current();
    broken(&site.plugins(), name, facts.target, &facts.abi.to_string());
    site
}

fn constructor_quarantines(name: &str) {
    let run = first_to_live(&with_broken(name), "none");
    assert!(
        run.says(&format!("{name}: quarantined: ")),
        "{}",
        run.output
    );
    assert!(run.says("echo: running: "), "{}", run.output);
}

#[test]
fn a_constructor_that_dereferences_null() {
    constructor_quarantines("constructor-null");
}

#[test]
fn a_constructor_that_ends_the_process() {
    constructor_quarantines("constructor-exit");
}

#[test]
fn a_constructor_that_sleeps() {
    // It sleeps for less than a constructor may take, and is looked at afterwards.
    let run = run(&with_broken("constructor-sleep"), "none");
    assert!(run.ended, "{}", run.output);
    assert!(
        run.says("constructor-sleep: rejected: it exports no root module: "),
        "{}",
        run.output
    );
    assert!(run.says("echo: running: "), "{}", run.output);
}

#[test]
fn a_destructor_that_aborts() {
    let site = with_broken("destructor-abort");
    let output = run(&site, "none").output;
    assert!(!output.contains("destructor-abort: running"), "{output}");
    fs::remove_file(site.plugins().join("libdestructor-abort.so")).unwrap();
    assert!(run(&site, "none").ended);
}

#[test]
fn a_note_without_the_code_that_it_promises() {
    let run = run(&with_broken("no-symbol"), "none");
    assert!(run.ended, "{}", run.output);
    assert!(
        run.says("no-symbol: rejected: it exports no root module: "),
        "{}",
        run.output
    );
    assert!(run.says("echo: running: "), "{}", run.output);
}

#[test]
fn a_library_that_needs_what_nobody_has() {
    let run = run(&with_broken("unresolved"), "none");
    assert!(run.ended, "{}", run.output);
    assert!(
        run.says("unresolved: failed: the system's loader refuses it: "),
        "{}",
        run.output
    );
    assert!(
        run.output.contains("jackfield_nobody_has_this"),
        "{}",
        run.output
    );
    assert!(run.says("echo: running: "), "{}", run.output);
}
