//! Do `call`, `events` and `sessions` find the running host, and say what it says?

use super::{Said, command, jackfield};
use crate::gateway::{Served, site};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

fn run(command: &mut Command) -> Said {
    Said::new(command.output().unwrap())
}

/// What `call` says with these arguments, which may hold spaces.
fn call(site: &Site, arguments: &[&str]) -> Said {
    run(command(site, "call").args(arguments))
}

#[test]
fn a_call_says_what_was_answered() {
    let served = Served::start(site(&["echo", "shelf"], ""));
    let site = &served.site;
    let said = call(site, &["shelf", "GET", "version"]);
    assert_eq!(
        (&*said.out, &*said.err, said.code),
        (r#"{"version":"1.0.0"}"#, "", Some(0))
    );
    let lamp = r#"{"title":"Lamp"}"#;
    let said = call(site, &["shelf", "post", "/books", "--json", lamp]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = call(site, &["shelf", "POST", "/books", "--json", lamp]);
    assert_eq!(
        (&*said.out, said.code),
        ("", Some(1)),
        "an error is nothing to go on with"
    );
    assert_eq!(
        said.err,
        "error: 409 Conflict: \"Lamp\" stands there already\n"
    );
    let books = ["shelf", "GET", "books", "--query", "tag=a b&c"];
    assert_eq!(call(site, &books).out, "[]");
    let file = site.root().join("body");
    fs::write(&file, [0, 255, 10]).unwrap();
    let data = format!("@{}", file.display());
    let output = command(site, "call")
        .args(["echo", "PUT", "x", "--header", "X-Own: mine", "--data"])
        .arg(data)
        .output()
        .unwrap();
    assert_eq!(output.stdout, [0, 255, 10]);
    for (arguments, code) in [
        (&["nobody", "GET", "x"][..], 1),
        (&["echo", "GET", "x", "--json", "{"], 2),
        (&["echo", "PUT", "x", "--data", "@/nowhere/at/all"], 2),
        (&["echo", "GET", "x", "--header", "authorization: x"], 2),
    ] {
        assert_eq!(call(site, arguments).code, Some(code), "{arguments:?}");
    }
}

#[test]
fn where_no_host_serves_it_says_so() {
    let none = site(&[], "");
    let said = jackfield(&none, "sessions");
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.starts_with("error: no host runs: "),
        "{}",
        said.err
    );
    let said = jackfield(&none, "call x GET y --url http://127.0.0.1:1");
    assert_eq!(said.code, Some(1));
    assert!(
        said.err
            .starts_with("error: cannot ask http://127.0.0.1:1/x/y: "),
        "{}",
        said.err
    );
    let mut host = super::running::Host::start(&none, "run");
    host.wait_until_started();
    let said = jackfield(&none, "sessions");
    assert!(
        said.err
            .starts_with("error: the running host serves no HTTP: "),
        "{}",
        said.err
    );
}

#[test]
fn the_place_is_its_owners_alone_and_goes_with_the_host() {
    let served = Served::start(site(&[], ""));
    let place = served.site.state().join("http.json");
    let mode = fs::metadata(&place).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let told: Value = serde_json::from_str(&fs::read_to_string(&place).unwrap()).unwrap();
    assert_eq!(
        told,
        json!({"scheme": "http", "addresses": [served.address.to_string()]})
    );
    let _site = served.stop();
    assert!(!place.exists());
}

#[test]
fn a_token_is_taken_from_a_file_or_the_environment() {
    let served = Served::start(site(&["echo"], "[http]\naccess = \"tokens\"\n"));
    let site = &served.site;
    let said = jackfield(site, "call echo GET x");
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.starts_with("error: 401 Unauthorized: "),
        "{}",
        said.err
    );
    let token = jackfield(site, "token new --role admin").out;
    let file = site.root().join("token");
    fs::write(&file, &token).unwrap();
    let said = jackfield(
        site,
        &format!("call echo GET x --token-file {}", file.display()),
    );
    assert_eq!((&*said.err, said.code), ("", Some(0)));
    let said = run(command(site, "sessions --format json").env("JACKFIELD_TOKEN", token.trim()));
    assert_eq!(
        (&*said.err, said.json()),
        ("", json!({ "echo": [] })),
        "and no word of a variable that nobody knows"
    );
}

#[test]
fn sessions_are_listed() {
    let served = Served::start(site(&["echo", "greeter"], ""));
    let said = jackfield(&served.site, "sessions");
    assert_eq!(said.out, "there are no sessions\n");
    let sid = served.post("/echo/register_session", "").json()["sid"].clone();
    let said = jackfield(&served.site, "sessions --format json");
    assert_eq!(said.json(), json!({"echo": [sid], "greeter": []}));
    let said = jackfield(&served.site, "sessions echo");
    let row = format!("echo    {}", sid.as_str().unwrap());
    assert!(said.out.lines().any(|line| line == row), "{}", said.out);
    let said = jackfield(&served.site, "sessions nobody");
    assert_eq!(said.code, Some(1));
}

#[test]
fn events_are_shown_also_of_a_host_that_comes_back() {
    let served = Served::start(site(&["heartbeat"], ""));
    // What runs is told a moment after it does.
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let said = jackfield(&served.site, "events -n 1");
        assert_eq!(said.code, Some(0), "{}", said.err);
        if said.out == "topology running: heartbeat\n" {
            break;
        }
        assert!(Instant::now() < until, "{}", said.out);
    }
    let mut reader = command(&served.site, "events -n 2 --format json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
    let event = |line: String| serde_json::from_str::<Value>(&line).unwrap();
    let first = event(lines.next().unwrap().unwrap());
    assert_eq!(first["topic"], "topology");
    let served = Served::start(served.stop());
    let second = event(lines.next().unwrap().unwrap());
    assert_eq!(second["topic"], "topology");
    let output = reader.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the host went away"), "{said}");
    drop(served);
}
