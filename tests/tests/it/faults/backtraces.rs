//! Does the log say where a plugin panicked, in its own code?

use super::child;
use jackfield_loader::{Loader, Options, Request, RequestError};
use jackfield_manifest::OnPanic;
use jackfield_tests::Site;
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use std::{fs, path::Path, process::Command, sync::Mutex, time::Duration};

/// What the host's log gets, as text.
static RECORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Between two of them, in a file.
const SEPARATOR: char = '\x1e';

struct Listener;

impl Log for Listener {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = format!("{} {}: {}", record.level(), record.target(), record.args());
        RECORDS.lock().unwrap().push(text);
    }

    fn flush(&self) {}
}

/// A host with `misbehave` in the mode that a file says.
#[test]
#[ignore = "the child of another"]
fn host() {
    let Some(root) = child::root() else { return };
    let mode = fs::read_to_string(root.join("mode")).unwrap();
    log::set_logger(&Listener).unwrap();
    log::set_max_level(LevelFilter::Error);
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    let settings = options.settings.entry("misbehave".to_owned()).or_default();
    settings.on_panic = Some(OnPanic::Continue);
    settings.config = json!({ "mode": mode }).as_object().unwrap().clone();
    let loader = Loader::open(options).unwrap();
    loader.start();
    if let Some(plugin) = loader.plugin("misbehave") {
        for _ in 0..20 {
            let request = Request::new("GET", "/handle");
            match pollster::block_on(plugin.request(&request)) {
                Ok(answer) => assert_eq!(answer.status(), 200),
                Err(error) => assert!(matches!(error, RequestError::Panicked { .. })),
            }
        }
    }
    assert_eq!(loader.stop(Duration::from_secs(30)).failed, []);
    let records = RECORDS.lock().unwrap().join(&SEPARATOR.to_string());
    fs::write(root.join("records"), records).unwrap();
}

/// What is logged of the panics of that mode.
fn panics(site: &Site, mode: &str) -> Vec<String> {
    fs::write(site.root().join("mode"), mode).unwrap();
    child::passes("faults::backtraces::host", site);
    let records = fs::read_to_string(site.root().join("records")).unwrap();
    let records = records.split(SEPARATOR).map(str::to_owned);
    records
        // A task, which a blocking handler is as well, is named first.
        .filter(|record| record.starts_with("ERROR misbehave: ") && record.contains("panicked at "))
        .collect()
}

/// The one record of a mode that panics once, as lines.
fn lines(site: &Site, mode: &str) -> Vec<String> {
    let [record] = &panics(site, mode)[..] else {
        panic!("not one panic: {:?}", panics(site, mode));
    };
    record.lines().map(str::to_owned).collect()
}

/// The name in a line of a backtrace.
fn function(line: &str) -> &str {
    let line = line.strip_prefix("    ").expect("it is indented");
    line.split_once(" at ").expect("its line is known").0
}

#[test]
fn the_frames_are_the_plugins_own() {
    let site = Site::new();
    site.add("misbehave");
    let lines = lines(&site, "panic-in-start");
    assert!(
        lines[0].ends_with(": a panic in Start, as configured"),
        "{lines:#?}"
    );
    let functions: Vec<&str> = lines[1..].iter().map(|line| function(line)).collect();
    assert_eq!(functions[0], "misbehave::act::at", "{lines:#?}");
    assert_eq!(
        functions[1], "<misbehave::Misbehave as plugin_api::plugin::Plugin>::start",
        "{lines:#?}"
    );
    assert!(lines[1].contains("/src/act.rs:"), "{lines:#?}");
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("panicking") || line.contains("::ffi::")),
        "{lines:#?}"
    );
}

#[test]
fn a_thread_of_the_plugin_is_heard_as_well() {
    let site = Site::new();
    site.add("misbehave");
    let lines = lines(&site, "thread-panic");
    assert!(
        lines[0].ends_with(": a panic in a thread, as configured"),
        "{lines:#?}"
    );
    let functions: Vec<&str> = lines[1..].iter().map(|line| function(line)).collect();
    let [function] = functions[..] else {
        panic!("{lines:#?}")
    };
    assert!(
        function.starts_with("misbehave::special::start::"),
        "{lines:#?}"
    );
}

/// The addresses of a library without names are good for asking one that has them.
#[test]
fn a_stripped_plugin_gives_addresses() {
    let site = Site::new();
    let library = site.add("misbehave");
    let named = site.root().join("named.so");
    fs::copy(&library, &named).unwrap();
    let status = Command::new("strip").arg(&library).status().unwrap();
    assert!(status.success());
    let lines = lines(&site, "panic-in-start");
    let names: Vec<String> = lines[1..]
        .iter()
        .filter_map(|line| line.strip_prefix("    libmisbehave.so+"))
        .map(|address| asked(&named, address))
        .collect();
    assert!(
        names.iter().any(|name| name.contains("/src/act.rs:")),
        "{lines:#?} {names:#?}"
    );
}

fn asked(library: &Path, address: &str) -> String {
    let mut command = Command::new("addr2line");
    command.arg("-e").arg(library).args(["-C", "-f", address]);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn endless_panics_have_sixteen_backtraces() {
    let site = Site::new();
    site.add("misbehave");
    let panics = panics(&site, "panic-in-handle");
    assert_eq!(panics.len(), 20);
    let traced = panics.iter().filter(|panic| panic.lines().count() > 1);
    assert_eq!(traced.count(), 16);
}
