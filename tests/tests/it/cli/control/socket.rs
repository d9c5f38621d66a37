//! Does the socket keep others out, and stand clients that are rude, slow, many or gone?

use super::{chain, chain_states};
use crate::cli::{configure, jackfield, running::Host};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::{
        fs::{FileTypeExt, MetadataExt},
        net::UnixStream,
    },
    time::{Duration, Instant},
};

/// How many clients a host takes.
const CLIENTS: usize = 64;

struct Raw(BufReader<UnixStream>);

impl Raw {
    fn new(site: &Site) -> Self {
        let stream = UnixStream::connect(site.state().join("control.sock")).unwrap();
        let limit = Some(Duration::from_secs(60));
        stream.set_read_timeout(limit).unwrap();
        stream.set_write_timeout(limit).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    /// The next line; `None` where the host has closed the connection.
    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn ask(&mut self, line: &str) -> Option<Value> {
        self.send(line.as_bytes());
        self.send(b"\n");
        self.line()
    }

    /// Whether it is served rather than told that there are too many.
    fn is_served(&mut self) -> bool {
        // Who is turned away may find the connection closed before it has said anything.
        let _ = self.0.get_mut().write_all(b"{\"v\":1,\"do\":\"status\"}\n");
        match self.line() {
            Some(answer) if answer["ok"].is_object() => true,
            Some(answer) => {
                assert_eq!(answer["error"]["code"], "too-many", "{answer}");
                let text = "64 clients are connected already: end some of them";
                assert_eq!(answer["error"]["message"], text);
                assert!(self.line().is_none());
                false
            }
            None => false,
        }
    }
}

/// A host without plugins.
fn host() -> (Site, Host) {
    let site = Site::new();
    configure(&site, "");
    let mut host = Host::start(&site, "run");
    host.wait("0 running");
    (site, host)
}

fn code(answer: Option<Value>) -> String {
    let answer = answer.expect("an answer");
    answer["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn it_is_its_owners_alone() {
    let (site, _host) = host();
    let path = site.state().join("control.sock");
    let metadata = fs::metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    assert_eq!(metadata.uid(), rustix::process::geteuid().as_raw());
    // The directory in which it was made is gone.
    assert!(!site.state().join(".control").exists());
}

#[test]
fn a_long_path_is_no_hindrance() {
    let (site, _host) = host();
    let state = site.root().join("s".repeat(150)).join("t".repeat(150));
    let arguments = format!("run --state {}", state.display());
    let mut second = Host::start(&site, &arguments);
    second.wait("0 running");
    let said = jackfield(&site, &format!("status --state {}", state.display()));
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
}

#[test]
fn several_requests_go_over_one_connection() {
    let (site, _host) = chain();
    let mut client = Raw::new(&site);
    for _ in 0..3 {
        let answer = client
            .ask(r#"{"v":1,"do":"status","id":"pace-0001"}"#)
            .unwrap();
        assert_eq!(answer["v"], 1);
        assert_eq!(answer["ok"]["plugins"][0]["state"], "running");
    }
    let answer = client.ask(r#"{"v":1,"do":"stop","id":"pace-0003","dry_run":true}"#);
    assert_eq!(answer.unwrap()["ok"]["stop"], json!(["pace-0003"]));
}

#[test]
fn what_is_no_request_is_answered_and_ends_nothing() {
    let (site, _host) = host();
    let mut client = Raw::new(&site);
    for (line, expected) in [
        ("", "bad-request"),
        ("hello", "bad-request"),
        ("[1, 2]", "bad-request"),
        (r#"{"do":"status"}"#, "bad-request"),
        (r#"{"v":1,"do":"status","id":7}"#, "bad-request"),
        (
            r#"{"v":1,"do":"stop","id":"a","force":true}"#,
            "bad-request",
        ),
        (
            r#"{"v":1,"do":"stop","id":"a","wait_ms":99999999999}"#,
            "bad-request",
        ),
        (r#"{"v":2,"do":"status"}"#, "unsupported-version"),
        (r#"{"v":1,"do":"explode"}"#, "unknown-command"),
        (r#"{"v":1,"do":"stop","id":"a"}"#, "unknown-plugin"),
    ] {
        assert_eq!(code(client.ask(line)), expected, "{line}");
    }
    client.send(b"\xff\xfe\x00\n");
    assert_eq!(code(client.line()), "bad-request");
    assert!(client.is_served());
}

#[test]
fn a_line_has_a_longest_length() {
    let (site, _host) = host();
    let mut client = Raw::new(&site);
    // The longest that is read; that it is no JSON is the answer.
    let mut line = vec![b'x'; (1 << 20) - 1];
    line.push(b'\n');
    client.send(&line);
    assert_eq!(code(client.line()), "bad-request");
    // The host may close before all of it is written.
    let _ = client.0.get_mut().write_all(&vec![b'x'; 4 << 20]);
    let mut rest = String::new();
    match client.0.read_to_string(&mut rest) {
        Ok(_) => assert!(rest.contains("\"too-long\""), "{rest}"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    assert!(Raw::new(&site).is_served());
}

#[test]
fn half_a_line_holds_nobody_up_and_is_given_up() {
    let (site, _host) = host();
    let mut slow = Raw::new(&site);
    slow.send(br#"{"v":1,"do":"#);
    assert!(Raw::new(&site).is_served());
    assert_eq!(code(slow.line()), "too-slow");
    assert!(slow.line().is_none());
}

#[test]
fn there_are_so_many_clients_and_the_next_is_told() {
    let (site, _host) = host();
    let mut clients: Vec<Raw> = (0..CLIENTS).map(|_| Raw::new(&site)).collect();
    for client in &mut clients {
        assert!(client.is_served());
    }
    for _ in CLIENTS..70 {
        assert!(!Raw::new(&site).is_served());
    }
    let said = jackfield(&site, "status --format json");
    assert_eq!(
        (said.code, &said.json()["error"]["code"]),
        (Some(1), &json!("too-many"))
    );
    assert!(clients[0].is_served(), "who was there stays");
    drop(clients);
    all_are_served(&site);
}

/// As many as there may be are served, once the host has seen that the others went.
fn all_are_served(site: &Site) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut served = Vec::new();
    while served.len() < CLIENTS {
        let mut client = Raw::new(site);
        match client.is_served() {
            true => served.push(client),
            false => assert!(
                Instant::now() < deadline,
                "only {} are served",
                served.len()
            ),
        }
    }
}

#[test]
fn a_client_that_goes_away_ends_its_stream() {
    let (site, _host) = host();
    let follow = r#"{"v":1,"do":"logs","follow":true,"lines":1}"#;
    let mut clients: Vec<Raw> = (0..CLIENTS).map(|_| Raw::new(&site)).collect();
    for client in &mut clients {
        let answer = client.ask(follow).unwrap();
        assert!(answer["record"].is_object(), "{answer}");
    }
    assert!(!Raw::new(&site).is_served());
    drop(clients);
    all_are_served(&site);
}

#[test]
fn a_client_that_never_reads_loses_records_and_nobody_waits() {
    let (site, mut host) = chain();
    let mut deaf = Raw::new(&site);
    deaf.send(b"{\"v\":1,\"do\":\"logs\",\"follow\":true,\"lines\":10}\n");
    // Each is a record; more than are kept, and than a socket takes.
    let mut busy = Raw::new(&site);
    for _ in 0..14_000 {
        let answer = busy.ask(r#"{"v":1,"do":"log-level","id":"pace-0001","level":"info"}"#);
        assert!(answer.unwrap()["ok"].is_object());
        host.wait("asked to log-level pace-0001");
    }
    assert_eq!(chain_states(&site), ["running"; 4].map(str::to_owned));
    let mut told = 0;
    let dropped = loop {
        let answer = deaf.line().expect("it is not cut off");
        match answer["dropped"].as_u64() {
            Some(dropped) => break dropped,
            None => told += 1,
        }
    };
    assert!(dropped > 0 && told < 14_000, "{dropped} after {told}");
    // And then it goes on with what is there.
    let record = deaf.line().unwrap();
    assert!(record["record"]["sequence"].as_u64().unwrap() > dropped);
}

#[test]
fn a_plugin_that_blocks_every_thread_of_the_runtime_keeps_no_operator_out() {
    let site = Site::new();
    site.add("misbehave");
    configure(
        &site,
        "[plugins.misbehave]\nenabled = true\nconfig.mode = \"task-blocks\"\n",
    );
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    assert!(Raw::new(&site).is_served());
}
