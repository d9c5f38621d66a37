//! Is the log told to whoever asks: the last of it, what comes, of whom and how grave?

use super::chain;
use crate::cli::{Said, command, configure, jackfield, running::Host};
use jackfield_tests::Site;
use rustix::process::Signal;
use std::{
    io::{BufRead, BufReader},
    process::{ChildStdout, Stdio},
};

/// Without the time.
fn lines(said: &Said) -> Vec<String> {
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    let lines = said.out.lines();
    lines
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .collect()
}

#[test]
fn the_last_of_the_log() {
    let (site, mut host) = chain();
    let all = lines(&jackfield(&site, "logs"));
    assert_eq!(all[0], "INFO  jackfield: looking for plugins in plugins");
    assert!(all.iter().any(|line| line.contains("4 running in ")));
    assert_eq!(lines(&jackfield(&site, "logs -n 2")), all[all.len() - 2..]);
    assert_eq!(jackfield(&site, "logs -n 0").out, "");
    let own = lines(&jackfield(&site, "logs pace-0002"));
    let found = "INFO  jackfield: pace-0002 1.0.0: found in plugins/libpace-0002.so";
    assert_eq!(own[0], found);
    assert!(own[1].starts_with("INFO  jackfield: pace-0002 1.0.0: starting -> running ("));
    assert_eq!(own.len(), 2);
    assert_eq!(jackfield(&site, "logs --level warn").out, "");
    let said = jackfield(&site, "logs pace-0002 -n 1 --format json");
    let record = said.json();
    assert_eq!(record["level"], "INFO");
    assert_eq!(record["target"], "jackfield");
    assert!(
        record["message"]
            .as_str()
            .unwrap()
            .starts_with("pace-0002 1.0.0: starting")
    );
    host.signal(Signal::TERM);
    host.wait("4 stopped in");
}

#[test]
fn of_a_plugin_its_own_records() {
    let site = Site::new();
    site.add("heartbeat");
    configure(&site, "[plugins.heartbeat]\nenabled = true\n");
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    let own = lines(&jackfield(&site, "logs heartbeat"));
    assert_eq!(own[1], "INFO  heartbeat: a tick every 1000 ms");
}

/// The next line with that text in it.
fn wait(log: &mut BufReader<ChildStdout>, text: &str) -> String {
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        if line.contains(text) {
            return line;
        }
        line.clear();
    }
    panic!("`{text}` did not come");
}

#[test]
fn what_comes_is_told_until_the_host_stops() {
    let (site, host) = chain();
    let mut following = command(&site, "logs -f pace-0002");
    let mut following = following
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(following.stdout.take().unwrap());
    wait(&mut log, "pace-0002 1.0.0: found in");
    jackfield(&site, "stop pace-0001");
    wait(&mut log, "pace-0002 1.0.0: stopping -> stopped");
    jackfield(&site, "start pace-0002");
    wait(&mut log, "pace-0002 1.0.0: starting -> running");
    host.signal(Signal::TERM);
    wait(&mut log, "pace-0002 1.0.0: stopping -> stopped");
    let output = following.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(err, "warning: the host has stopped\n");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(host.end().0, Some(0));
}
