//! Does `check --conformance` find what is wrong with a plugin, and nothing where nothing is?

use super::{Said, command, configure};
use jackfield_tests::{Site, library};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The battery on a library.
fn examine(site: &Site, library: &Path, arguments: &[&str]) -> Said {
    let mut command = command(site, "check --conformance");
    command.args(arguments).arg(library);
    Said::new(command.output().unwrap())
}

/// Its checks by outcome: names of those that came out so.
fn having(report: &Value, outcome: &str) -> Vec<String> {
    let cases = report["cases"].as_array().unwrap().iter();
    let such = cases.filter(|case| case["outcome"] == outcome);
    such.map(|case| case["name"].as_str().unwrap().to_owned())
        .collect()
}

/// What the only check says that was made, of a plugin that misbehaves in that mode.
fn finding(mode: &str, check: &str, more: &[&str]) -> String {
    let site = Site::new();
    // The panic of a debug build takes its time to be told.
    let start = if mode == "hang-in-start" { 1 } else { 60 };
    configure(
        &site,
        &format!("[plugins.misbehave]\nstart_deadline = \"{start}s\"\n"),
    );
    fs::write(site.root().join("m.toml"), format!("mode = {mode:?}\n")).unwrap();
    let arguments = [
        "--format",
        "json",
        "--with-config",
        "m.toml",
        "--only",
        check,
    ];
    let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
    let said = examine(&site, &library("misbehave"), &arguments);
    assert_eq!(said.code, Some(1), "{said:?}");
    let report = &said.json()[0];
    assert_eq!(having(report, "failed"), [check], "{report}");
    report["cases"][1]["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_good_plugin_passes_every_check() {
    let site = Site::new();
    let arguments = ["--format", "json", "--request", "GET /ticks"];
    let said = examine(&site, &library("heartbeat"), &arguments);
    let report = &said.json()[0];
    assert_eq!(
        (said.code, &report["failed"]),
        (Some(0), &json!(0)),
        "{report}"
    );
    assert_eq!(
        (&report["id"], &report["version"]),
        (&json!("heartbeat"), &json!("1.0.0"))
    );
    assert_eq!(
        having(report, "passed"),
        [
            "file.loadable",
            "lifecycle.start",
            "lifecycle.rounds",
            "lifecycle.stop-without-start",
            "lifecycle.double-start",
            "lifecycle.double-stop",
            "configuration.violations",
            "configuration.unchecked",
            "requests.paths",
            "requests.methods",
            "requests.bodies",
            "requests.given",
            "requests.concurrent",
            "leftovers.threads",
            "leftovers.mapping",
        ]
    );
}

#[test]
fn every_plugin_of_the_repository_is_good() {
    let site = Site::new();
    site.add("heartbeat");
    let mut command = command(&site, "check --conformance --rounds 2 --format json");
    let names = ["recorder", "sysinfo", "guestbook", "greeter"];
    command.args(names.map(library));
    let said = Said::new(command.output().unwrap());
    for report in said.json().as_array().unwrap() {
        assert_eq!(having(report, "failed"), [] as [&str; 0], "{report}");
        assert!(having(report, "passed").len() >= 13, "{report}");
    }
    assert_eq!(said.code, Some(0));
}

#[test]
fn what_a_plugin_lacks_skips_its_checks() {
    let site = Site::new();
    let said = examine(&site, &library("recorder"), &["--format", "json"]);
    let report = &said.json()[0];
    assert_eq!(having(report, "passed"), ["file.loadable"]);
    assert_eq!(
        report["cases"][1]["message"],
        "`recorder` requires heartbeat ^1, which is not there: name its directory with --plugins"
    );
    assert_eq!(
        (said.err.as_str(), said.code),
        (
            &*format!(
                "warning: {}: no check was made: `recorder` requires heartbeat ^1, which is not \
                 there: name its directory with --plugins\n",
                library("recorder").display()
            ),
            Some(1)
        )
    );
}

/// Waits until that file is there, or is not.
fn wait_for(path: &Path, there: bool) {
    let until = Instant::now() + Duration::from_secs(50);
    while path.exists() != there {
        assert!(Instant::now() < until, "{}: {there}", path.display());
        thread::yield_now();
    }
}

/// A battery whose plugin hangs in its start, in the temporary directory `t` of the site.
fn hanging(site: &Site) -> Child {
    fs::create_dir(site.root().join("t")).unwrap();
    let release = site.root().join("release");
    let text = format!("mode = \"hang-in-start\"\nrelease = {release:?}\n");
    fs::write(site.root().join("m.toml"), text).unwrap();
    configure(site, "[plugins.misbehave]\nstart_deadline = \"10m\"\n");
    let arguments = "check --conformance --only lifecycle.start --with-config m.toml";
    let mut command = command(site, arguments);
    command
        .arg(library("misbehave"))
        .env("TMPDIR", site.root().join("t"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for(&site.root().join("release.begun"), true);
    child
}

/// Where the checks of a battery are made, and the process that makes one.
fn place(site: &Site, battery: &Child) -> (PathBuf, Pid) {
    let mut places = fs::read_dir(site.root().join("t")).unwrap();
    let place = places.next().unwrap().unwrap().path();
    let id = battery.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let child = children.trim().parse().unwrap();
    (place, Pid::from_raw(child).unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_of_a_battery_that_is_interrupted() {
    let site = Site::new();
    let battery = hanging(&site);
    let (place, child) = place(&site, &battery);
    let mode = fs::metadata(&place).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700, "nobody else can look into it");
    kill_process(Pid::from_child(&battery), Signal::TERM).unwrap();
    let said = Said::new(battery.wait_with_output().unwrap());
    assert_eq!(said.err, "error: interrupted: not every check was made\n");
    assert_eq!(said.code, Some(1));
    assert!(!place.exists());
    assert!(test_kill_process(child).is_err(), "its process is gone");
}

#[cfg(target_os = "linux")]
#[test]
fn a_check_ends_when_its_battery_was_killed() {
    let site = Site::new();
    let mut battery = hanging(&site);
    let (_, child) = place(&site, &battery);
    battery.kill().unwrap();
    battery.wait().unwrap();
    // Whose child it is now takes it away, or leaves it as one that has ended.
    let until = Instant::now() + Duration::from_secs(30);
    let runs = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while runs() {
        assert!(Instant::now() < until, "it goes on");
        thread::yield_now();
    }
}

#[test]
fn secrets_of_others_are_no_business_of_a_plugin_that_is_checked() {
    let site = Site::new();
    configure(
        &site,
        "[plugins.other.config]\ntoken = \"hunter2\"\n\
         [plugins.misbehave.config]\nmode = \"hunter3\"\n",
    );
    let arguments = ["--only", "lifecycle.start", "--format", "json"];
    let said = examine(&site, &library("misbehave"), &arguments);
    let message = &said.json()[0]["cases"][1]["message"];
    let expected = "expected it to run, found it failed: initialize: there is no mode `hunter3`";
    assert_eq!(message, expected);
}

#[test]
fn a_start_that_hangs_is_found() {
    assert_eq!(
        finding("hang-in-start", "lifecycle.start", &[]),
        "expected it to run, found it failed: start did not return within 1 s"
    );
}

#[test]
fn a_stop_that_fails_is_found() {
    assert_eq!(
        finding("error-in-stop", "lifecycle.stop-without-start", &[]),
        "`misbehave` did not stop: stop: an error in Stop, as configured"
    );
}

#[test]
fn a_panic_is_found() {
    let message = finding(
        "panic-in-handle",
        "requests.given",
        &["--request", "GET /handle"],
    );
    let (answer, panic) = message.split_once("; ").unwrap();
    assert_eq!(
        answer,
        "GET /handle: expected an answer, found: `misbehave` panicked: a panic in Handle, as \
         configured"
    );
    assert!(
        panic.starts_with("expected no panic, found misbehave: "),
        "{panic}"
    );
    let message = finding("thread-panic", "lifecycle.start", &[]);
    assert!(
        message.starts_with("expected no panic, found misbehave: panicked at "),
        "{message}"
    );
    assert!(
        message.ends_with("a panic in a thread, as configured: return an error there"),
        "{message}"
    );
}

#[test]
fn a_crash_is_found() {
    assert_eq!(
        finding(
            "abort-in-handle",
            "requests.methods",
            &["--request", "GET /handle"]
        ),
        "expected the process to go on, found that the plugin ended it (signal: 6 (SIGABRT)): GET \
         /handle: run it in a debugger, or as `jackfield run` with a core file"
    );
    assert_eq!(
        finding("exit-in-start", "lifecycle.start", &[]),
        "expected the process to go on, found that the plugin ended it (exit status: 0): \
         initialize and start: run it in a debugger, or as `jackfield run` with a core file"
    );
}

#[test]
fn an_answer_that_does_not_come_is_found() {
    let more = ["--request", "GET /handle", "--answer-within", "1"];
    assert_eq!(
        finding("hang-in-handle", "requests.given", &more),
        "GET /handle: expected an answer within 1 s, found none: let what waits there have a limit"
    );
}

#[test]
fn a_thread_left_behind_is_found() {
    let message = finding("thread", "leftovers.threads", &[]);
    assert!(
        message.starts_with("expected no thread to be left, found 1: "),
        "{message}"
    );
    assert!(
        message.ends_with(": end and join them in `stop`"),
        "{message}"
    );
    assert_eq!(
        finding("thread-with-context", "leftovers.mapping", &[]),
        "expected the library to be unmapped, found it pinned: it kept its context beyond its own \
         drop, so a thread of it may still run"
    );
}

#[test]
fn people_get_a_table_and_programs_junit() {
    let site = Site::new();
    let only = [
        "--only",
        "requests.given",
        "--only",
        "lifecycle.rounds",
        "--rounds",
        "2",
    ];
    let arguments: Vec<&str> = only
        .iter()
        .chain(&["--junit", "report.xml"])
        .copied()
        .collect();
    let library = library("greeter");
    let said = examine(&site, &library, &arguments);
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<Vec<&str>> = said
        .out
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][1..], ["greeter", "1.0.0"]);
    assert_eq!(lines[1], ["CHECK", "OUTCOME", "MS", "WHAT"]);
    assert_eq!(lines[2][..2], ["file.loadable", "passed"]);
    assert_eq!(lines[3][..2], ["lifecycle.rounds", "passed"]);
    assert_eq!(lines[3][3..], ["2", "rounds"]);
    assert_eq!(lines[4][..2], ["requests.given", "skipped"]);
    assert_eq!(
        said.out.lines().last(),
        Some("2 passed, 0 failed, 1 skipped")
    );

    let text = fs::read(site.root().join("report.xml")).unwrap();
    let report = quick_junit::Report::deserialize(&*text).unwrap();
    assert_eq!((report.tests, report.failures), (3, 0));
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), library.to_str().unwrap());
    let names: Vec<_> = suite
        .test_cases
        .iter()
        .map(|case| case.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["file.loadable", "lifecycle.rounds", "requests.given"]
    );
    let skipped = &suite.test_cases[2];
    assert_eq!(skipped.classname.as_ref().unwrap().as_str(), "greeter");
    let status = quick_junit::TestCaseStatus::Skipped {
        message: Some("no request is given: name some with --request \"GET /path\"".into()),
        ty: None,
        description: None,
    };
    assert_eq!(skipped.status, status);
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let site = Site::new();
    let said = examine(&site, &library("greeter"), &["--request", "ticks"]);
    assert_eq!(
        said.err,
        "error: \"ticks\" is no request: expected a method and a path, such as \"GET /ticks\"\n"
    );
    assert_eq!(said.code, Some(2));
    let said = examine(
        &site,
        &library("greeter"),
        &["--with-config", "absent.toml"],
    );
    assert_eq!(
        said.err,
        "error: absent.toml: No such file or directory (os error 2): expected the plugin's \
         configuration, in TOML\n"
    );
    let said = examine(&site, &library("greeter"), &["--only", "nothing"]);
    assert!(
        said.err.contains("expected one of lifecycle.start, "),
        "{said:?}"
    );
    fs::write(site.root().join("no.so"), "no library").unwrap();
    let said = examine(&site, Path::new("no.so"), &["--format", "json"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(having(&said.json()[0], "failed"), ["file.loadable"]);
}
