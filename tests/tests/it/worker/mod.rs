//! Is a plugin in a process of its own what it is in the host's, and does the host live on without it?

use crate::gateway::{Served, site, until};
use rustix::process::Signal;
use serde_json::json;
use std::{fs, path::Path};

/// A site with one plugin, in a process of its own; `more` is what else its configuration says of it.
fn isolated(plugin: &str, more: &str) -> jackfield_tests::Site {
    site(&[plugin], &format!("isolation = \"process\"\n{more}"))
}

/// The processes that a process has started.
fn children(of: u32) -> Vec<u32> {
    let path = format!("/proc/{of}/task");
    let tasks = fs::read_dir(path).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let all: Vec<u32> = children
        .flat_map(|text| {
            let pids = text.split_ascii_whitespace();
            pids.map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()
        })
        .collect();
    all
}

fn is_there(pid: u32) -> bool {
    // One that has ended and that nobody asks after is there no more.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .and_then(|rest| rest.trim_start().chars().next())
        .is_some_and(|state| state != 'Z')
}

/// Whether a library is mapped there.
fn maps(pid: u32, library: &str) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines().any(|line| {
        let path = Path::new(line.split_ascii_whitespace().nth(5).unwrap_or_default());
        path.file_name().is_some_and(|name| name == library)
    })
}

#[test]
fn it_answers_from_a_process_of_its_own() {
    let mut served = Served::start(isolated("echo", ""));
    let got = served.post("/echo/x/y?a=1", "hello");
    assert_eq!((got.status, got.text()), (200, "hello"));
    let host = served.host().pid();
    let workers = children(host);
    assert_eq!(workers.len(), 1, "{workers:?}");
    assert!(!maps(host, "libecho.so"));
    assert!(maps(workers[0], "libecho.so"));
    let listed = served.get("/api/plugins").json();
    assert_eq!(listed["plugins"][0]["isolation"], json!("process"));
    let (code, log) = served.end();
    assert_eq!(code, Some(0), "{log:#?}");
    assert!(!is_there(workers[0]));
}

#[test]
fn the_host_lives_on_when_it_dies() {
    let more = "restart = \"on-failure\"\n[plugins.misbehave.config]\nmode = \"abort-in-handle\"\n";
    let mut served = Served::start(isolated("misbehave", more));
    let before = children(served.host().pid());
    let got = served.get("/misbehave/handle");
    assert_eq!(got.status, 502, "{got:?}");
    assert!(got.detail().contains("signal 6 (SIGABRT)"), "{got:?}");
    until("it is started again", || {
        served.get("/misbehave/fine").status == 200
    });
    let after = children(served.host().pid());
    assert_eq!(after.len(), 1);
    assert_ne!(before, after);
    let status = served.get("/api/plugins/misbehave").json();
    assert_eq!(status["state"], json!("running"), "{status}");
}

#[test]
fn one_that_is_killed_is_started_again() {
    let mut served = Served::start(isolated("echo", "restart = \"on-failure\"\n"));
    let before = children(served.host().pid());
    let pid = i32::try_from(before[0]).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    served
        .host()
        .wait("its worker was ended by signal 9 (SIGKILL)");
    until("it is started again", || {
        served.post("/echo/x", "again").text() == "again"
    });
    assert_ne!(children(served.host().pid()), before);
}

#[test]
fn it_goes_with_its_host() {
    let mut served = Served::start(isolated("echo", ""));
    let host = served.host().pid();
    let workers = children(host);
    served.host().signal(Signal::KILL);
    until("its worker is gone", || !is_there(workers[0]));
}

#[test]
fn a_typed_service_does_not_cross() {
    let of_it = "[plugins.teller-0000]\nenabled = true\nisolation = \"process\"\n";
    let site = site(&[], of_it);
    site.add("teller");
    let served = Served::start(site);
    let told = served.get("/api/plugins?all=true").json();
    let reason = told["plugins"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("it provides service `"), "{told}");
    assert!(reason.contains("take `isolation` out"), "{told}");
}

#[test]
fn one_that_hangs_is_ended() {
    let more = "initialize_deadline = \"3s\"\nrestart = \"never\"\n\
                [plugins.misbehave.config]\nmode = \"hang-in-initialize\"\n";
    let served = Served::start(isolated("misbehave", more));
    let status = served.get("/api/plugins").json();
    let entry = &status["plugins"][0];
    assert_eq!(entry["state"], json!("failed"), "{status}");
    let reason = entry["reason"].as_str().unwrap();
    assert!(reason.contains("did not return within 3 s"), "{status}");
    assert_eq!(served.get("/misbehave/fine").status, 503);
    // Its worker is gone: nothing of it is left behind.
    let (code, log) = served.end();
    assert_eq!(code, Some(0), "{log:#?}");
}
