//! Does `run` start what is enabled, stay, stop in order on a signal, and tell of it?

use super::{command, configure, jackfield, misbehaves};
use jackfield_manifest::PluginId;
use jackfield_tests::Site;
use rustix::process::{Pid, Signal, kill_process};
use sqlite_kit::rusqlite::{self, Connection, OpenFlags};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::{Duration, Instant},
};

/// A host that runs, and what it logs, without the time.
pub(crate) struct Host {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Host {
    pub(crate) fn start(site: &Site, arguments: &str) -> Self {
        let mut command = command(site, arguments);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = sync_channel(10_000);
        thread::spawn(move || {
            for line in log.lines() {
                let line = line.unwrap();
                let (_time, rest) = line.split_once(' ').unwrap_or(("", &line));
                if sender.send(rest.to_owned()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// The next line with that text in it.
    pub(crate) fn wait(&mut self, text: &str) -> String {
        self.wait_for(text, |line| line.contains(text))
    }

    /// The line that says how many came to run.
    pub(crate) fn wait_until_started(&mut self) -> String {
        self.wait_for("N running", |line| {
            let rest = line.strip_prefix("INFO  jackfield: ").unwrap_or_default();
            rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(" running")
        })
    }

    fn wait_for(&mut self, text: &str, is_it: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("`{text}` did not come: {:#?}", self.seen)
            };
            self.seen.push(line.clone());
            if is_it(&line) {
                return line;
            }
        }
    }

    /// What it has logged so far; waits a little for more.
    pub(crate) fn seen(&mut self) -> &[String] {
        let more = self.lines.recv_timeout(Duration::from_millis(20));
        self.seen.extend(more);
        self.seen.extend(self.lines.try_iter());
        &self.seen
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its exit code, once it has ended, and everything that it logged.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().unwrap().code();
        self.seen.extend(self.lines.iter());
        (code, std::mem::take(&mut self.seen))
    }
}

#[test]
fn a_task_that_panics_is_named_with_its_plugin() {
    let site = Site::new();
    site.add("misbehave");
    configure(
        &site,
        "[plugins.misbehave]\nenabled = true\nconfig.mode = \"schedule-panic\"\n",
    );
    let mut host = Host::start(&site, "run");
    let line = host.wait("a panic in a run, as configured");
    assert!(line.contains("misbehave"), "{line}");
    assert!(line.contains("task `chime` panicked at "), "{line}");
    host.signal(Signal::TERM);
    assert_eq!(host.end().0, Some(0));
}

impl Drop for Host {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without what is different each time: `(340 µs)`, `in 3 ms`.
fn timeless(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    while let Some(at) = words
        .iter()
        .position(|word| ["µs", "ms", "s"].contains(&word.trim_end_matches([':', ')'])))
    {
        words.drain(at - 1..=at);
    }
    words.join(" ")
}

#[test]
fn from_start_to_stop() {
    let site = Site::new();
    for name in ["heartbeat", "minimal", "echo"] {
        site.add(name);
    }
    std::fs::write(site.plugins().join("libcut.so"), "\u{7f}ELF").unwrap();
    configure(
        &site,
        "[plugins.heartbeat]\nenabled = true\n[plugins.echo]\nenabled = true\n\
         [plugins.echo.config]\n",
    );
    let mut host = Host::start(&site, "run");
    let summary = host.wait("2 running");
    assert_eq!(
        timeless(&summary),
        "INFO  jackfield: 2 running, 1 rejected, 1 disabled in"
    );
    host.signal(Signal::TERM);
    host.wait("SIGTERM: stopping");
    let (code, log) = host.end();
    let log: Vec<String> = log.iter().map(|line| timeless(line)).collect();
    assert_eq!(code, Some(0), "{log:#?}");
    let at = |text: &str| {
        let found = log.iter().position(|line| line == text);
        found.unwrap_or_else(|| panic!("{text} is not in {log:#?}"))
    };
    let steps = [
        at("INFO  jackfield: looking for plugins in plugins"),
        at("INFO  jackfield: heartbeat 1.0.0: found in plugins/libheartbeat.so"),
        at("INFO  jackfield: heartbeat 1.0.0: starting -> running"),
        at("INFO  jackfield: heartbeat 1.0.0: stopping -> stopped"),
        at("INFO  jackfield: 2 stopped in"),
    ];
    assert!(steps.is_sorted(), "{log:#?}");
    let rejected = log.iter().find(|line| line.contains("libcut.so")).unwrap();
    assert!(rejected.starts_with("WARN  jackfield: plugins/libcut.so: not started: "));
}

#[test]
fn interrupted_before_anything_runs() {
    let site = Site::new();
    assert_eq!(jackfield(&site, "list").code, Some(0));
    assert!(!site.state().exists(), "reading leaves nothing behind");
    let mut host = Host::start(&site, "run");
    host.wait("0 running");
    host.signal(Signal::INT);
    host.wait("SIGINT: stopping");
    assert_eq!(host.end().0, Some(0));
}

#[test]
fn a_state_directory_serves_one_host() {
    let site = Site::new();
    let mut host = Host::start(&site, "run");
    host.wait("0 running");
    let said = jackfield(&site, "run");
    assert_eq!(said.code, Some(1));
    let told = said.err.lines().last().unwrap();
    assert!(
        told.starts_with("error: another host uses the state directory "),
        "{told}"
    );
    host.signal(Signal::INT);
    assert_eq!(host.end().0, Some(0));
}

#[test]
fn a_plugin_that_hangs_in_stop_is_told_and_a_second_signal_ends_at_once() {
    let site = Site::new();
    site.add("pace");
    configure(
        &site,
        "[host]\nstop_deadline = \"100ms\"\n[plugins.pace-0000]\nenabled = true\n\
         [plugins.pace-0000.config]\nstop_ms = 60000\n",
    );
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    host.signal(Signal::INT);
    host.wait("0 stopped, 1 did not (pace-0000) in");
    assert_eq!(host.end().0, Some(1));

    let text = std::fs::read_to_string(site.root().join("jackfield.toml")).unwrap();
    configure(
        &site,
        &text
            .replace("100ms", "60s")
            .replace("enabled = true", "enabled = true\nstop_deadline = \"60s\""),
    );
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    host.signal(Signal::INT);
    host.wait("SIGINT: stopping");
    host.signal(Signal::INT);
    assert_eq!(host.end().0, Some(130));
}

#[test]
fn a_start_that_hangs_does_not_hold_up_the_end() {
    let site = Site::new();
    let more = "start_deadline = \"10m\"\n[host]\nstop_deadline = \"1s\"\n";
    let release = misbehaves(&site, "hang-in-start", more);
    let mut host = Host::start(&site, "run");
    let begun = release.with_extension("begun");
    let until = Instant::now() + Duration::from_secs(30);
    while !begun.exists() {
        assert!(Instant::now() < until, "it did not begin to hang");
        thread::yield_now();
    }
    let signalled = Instant::now();
    host.signal(Signal::TERM);
    host.wait("SIGTERM: stopping");
    let (code, log) = host.end();
    // It hangs for a minute.
    assert!(signalled.elapsed() < Duration::from_secs(30), "{log:#?}");
    assert_eq!(code, Some(1), "{log:#?}");
}

#[test]
fn what_ended_the_host_is_quarantined_until_it_is_released() {
    let site = Site::new();
    site.add("misbehave");
    configure(
        &site,
        "[plugins.misbehave]\nenabled = true\n\
         [plugins.misbehave.config]\nmode = \"abort-in-initialize\"\n",
    );
    // It ends by SIGABRT, so there is no code.
    assert_eq!(jackfield(&site, "run").code, None);

    let mut host = Host::start(&site, "run");
    host.wait("0 running, 1 quarantined");
    host.signal(Signal::TERM);
    let (code, log) = host.end();
    assert_eq!(code, Some(0));
    let told = log
        .iter()
        .find(|line| line.contains("quarantined: the host ended while its initialize ran"));
    let told = told.unwrap_or_else(|| panic!("{log:#?}"));
    assert!(
        told.ends_with("or release it with `jackfield release misbehave`"),
        "{told}"
    );

    let plan = jackfield(&site, "plan --format json").json();
    assert_eq!(plan["rejected"][0]["code"], "quarantined");
    let said = jackfield(&site, "release misbehav");
    assert_eq!(
        said.out,
        "misbehav is not quarantined, did you mean `misbehave`?\n"
    );
    assert_eq!(said.code, Some(1));
    let said = jackfield(&site, "release misbehave");
    assert_eq!(
        said.out,
        "released misbehave: it is started again the next time the host starts\n"
    );
    assert_eq!(said.code, Some(0));
    let plan = jackfield(&site, "plan --format json").json();
    assert_eq!(plan["start"][0]["id"], "misbehave");
}

#[test]
fn what_was_hashed_once_is_listed_with_its_hash() {
    let site = Site::new();
    let path = site.add("minimal");
    let listed = jackfield(&site, "list --format json").json();
    assert_eq!(listed[0]["sha256"], serde_json::Value::Null);
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    host.signal(Signal::INT);
    assert_eq!(host.end().0, Some(0));
    let listed = jackfield(&site, "list --format json").json();
    let inspect = format!("inspect --format json {}", path.display());
    let inspected = jackfield(&site, &inspect).json();
    assert!(inspected["sha256"].is_string());
    assert_eq!(listed[0]["sha256"], inspected["sha256"]);
}

/// Which host the first change that the recorder has written down is told of.
fn edge_recorded(site: &Site) -> String {
    let path = site.state().join("data/recorder/records.db");
    let until = Instant::now() + Duration::from_secs(30);
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    database.busy_timeout(Duration::from_secs(30)).unwrap();
    loop {
        let sql = "SELECT payload FROM records ORDER BY id LIMIT 1";
        match database.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)) {
            Ok(payload) => {
                let change: serde_json::Value = serde_json::from_slice(&payload).unwrap();
                return change["edge"].as_str().unwrap().to_owned();
            }
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                assert!(Instant::now() < until, "no change was recorded");
                thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn plugins_are_told_what_the_host_is_called() {
    let edge = |text: &str| {
        let site = Site::new();
        for name in ["heartbeat", "recorder", "minimal"] {
            site.add(name);
        }
        configure(
            &site,
            &format!(
                "{text}host.enable_by_default = true\n\
                 [plugins.recorder.config]\ntopics = [\"topology.changed\"]\nflush_ms = 10\n"
            ),
        );
        let mut host = Host::start(&site, "run");
        host.wait("3 running");
        assert_eq!(jackfield(&site, "stop minimal-0000").code, Some(0));
        let edge = edge_recorded(&site);
        host.signal(Signal::TERM);
        assert_eq!(host.end().0, Some(0));
        edge
    };
    assert_eq!(edge("host.edge = \"north-1\"\n"), "north-1");
    // Where nobody says, as the machine is, if that can be the name of a host.
    let name = rustix::system::uname();
    let name = name.nodename().to_str().unwrap();
    let expected = match PluginId::new(name) {
        Ok(_) => name,
        Err(_) => "local",
    };
    assert_eq!(edge(""), expected);
}
