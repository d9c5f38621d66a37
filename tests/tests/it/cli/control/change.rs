//! Are plugins started, stopped and restarted with those that have to go with them, and told of?

use super::{add, chain, chain_states, enabled, id};
use crate::cli::{configure, jackfield, running::Host};
use jackfield_tests::Site;
use rustix::process::Signal;
use serde_json::json;

const UP: &str = "running";
const DOWN: &str = "stopped";

#[test]
fn all_that_goes_with_a_plugin_is_named() {
    let (site, _host) = chain();
    let said = |arguments: &str| {
        let said = jackfield(&site, arguments);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        said.out
    };
    assert_eq!(
        said("stop pace-0002 --dry-run"),
        "would stop pace-0003, pace-0002\n"
    );
    assert_eq!(
        said("restart pace-0001 --dry-run"),
        "would stop pace-0003, pace-0002, pace-0001\nwould start pace-0001, pace-0002, pace-0003\n"
    );
    assert_eq!(chain_states(&site), [UP; 4], "a dry run changes nothing");

    assert_eq!(said("stop pace-0002"), "stopped pace-0003, pace-0002\n");
    assert_eq!(chain_states(&site), [UP, DOWN, DOWN, UP]);
    assert_eq!(
        said("stop pace-0002"),
        "nothing to do: pace-0002 is stopped\n"
    );
    assert_eq!(
        said("start pace-0003 --dry-run"),
        "would start pace-0002, pace-0003\n"
    );
    assert_eq!(chain_states(&site), [UP, DOWN, DOWN, UP]);
    assert_eq!(said("start pace-0003"), "started pace-0002, pace-0003\n");
    assert_eq!(
        said("start pace-0003"),
        "nothing to do: pace-0003 is running\n"
    );
    assert_eq!(
        said("restart pace-0002"),
        "stopped pace-0003, pace-0002\nstarted pace-0002, pace-0003\n"
    );
    assert_eq!(chain_states(&site), [UP; 4]);
}

#[test]
fn who_stopped_what_is_told_of_it() {
    let (site, _host) = chain();
    jackfield(&site, "stop pace-0002");
    let report = jackfield(&site, "status --format json").json();
    assert_eq!(report["plugins"][1]["cause"], "stopped on request");
    assert_eq!(
        report["plugins"][2]["cause"],
        "stopped with pace-0002, which it requires"
    );
    let shown = jackfield(&site, "status");
    assert!(
        shown.out.contains("\n    stopped on request\n"),
        "{}",
        shown.out
    );
    jackfield(&site, "start pace-0002");
    let report = jackfield(&site, "status pace-0002 --format json").json();
    assert_eq!(report["plugins"][0]["cause"], json!(null));
}

#[test]
fn programs_are_told_in_json() {
    let (site, _host) = chain();
    let said = jackfield(&site, "stop pace-0003 --dry-run --format json");
    let expected = json!({
        "id": "pace-0003", "dry_run": true, "pending": false, "stop": ["pace-0003"], "start": [],
        "state": "running", "file": null,
    });
    assert_eq!(said.json(), expected);
    let said = jackfield(&site, "restart pace-0003 --format json");
    let expected = json!({
        "id": "pace-0003", "dry_run": false, "pending": false, "stop": ["pace-0003"],
        "start": ["pace-0003"], "state": "running", "file": null,
    });
    assert_eq!(said.json(), expected);
}

#[test]
fn an_unknown_plugin_is_answered_with_the_nearest() {
    let (site, _host) = chain();
    let text = "there is no plugin `pace-001`, did you mean `pace-0001`?";
    for arguments in [
        "status pace-001",
        "start pace-001",
        "stop pace-001",
        "stop pace-001 --dry-run",
        "stop pace-001 --no-wait",
        "restart pace-001",
        "enable pace-001",
        "disable pace-001",
        "disable pace-001 --dry-run",
        "reset-failed pace-001",
        "log-level pace-001 debug",
        "logs pace-001",
    ] {
        let said = jackfield(&site, arguments);
        assert_eq!(said.err, format!("error: {text}\n"), "{arguments}");
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{arguments}");
        let said = jackfield(&site, &format!("{arguments} --format json"));
        let error = json!({ "error": {
            "code": "unknown-plugin", "message": text, "nearest": "pace-0001",
        }});
        assert_eq!(said.json(), error, "{arguments}");
        assert_eq!(said.err, format!("error: {text}\n"), "{arguments}");
        assert_eq!(said.code, Some(1), "{arguments}");
    }
}

#[test]
fn without_a_host_it_is_told_where_one_was_looked_for() {
    let site = jackfield_tests::Site::new();
    let text = "no host runs: state/control.sock: there is no such socket: start one with \
                `jackfield run`, or name the state directory of the one that runs with --state";
    for arguments in [
        "status",
        "start web",
        "stop web",
        "restart web",
        "reset-failed web",
        "log-level web",
        "logs -f",
        "top --once",
    ] {
        let said = jackfield(&site, arguments);
        assert_eq!(said.err, format!("error: {text}\n"), "{arguments}");
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{arguments}");
    }
    let said = jackfield(&site, "status --format json");
    let error = json!({ "error": { "code": "no-host", "message": text } });
    assert_eq!(said.json(), error);
}

#[test]
fn who_does_not_wait_is_answered_before_it_is_done() {
    let (site, host) = chain();
    drop(host);
    let slow = enabled(&[4]) + "config.stop_ms = 1500\n";
    configure(&site, &slow);
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    let said = jackfield(&site, "stop pace-0004 --no-wait");
    assert_eq!(
        (said.out.as_str(), said.code),
        ("stopping pace-0004\n", Some(0))
    );
    host.wait("pace-0004 1.0.0: stopping -> stopped");

    jackfield(&site, "start pace-0004");
    let said = jackfield(&site, "stop pace-0004 --wait=1ms");
    let text = "error: `pace-0004`: the stop was not done within 1ms: it goes on, see `jackfield \
                status pace-0004`\n";
    assert_eq!((said.err.as_str(), said.code), (text, Some(1)));
    host.wait("pace-0004 1.0.0: stopping -> stopped");
}

#[test]
fn what_cannot_be_started_is_told_with_its_root_cause() {
    let (site, host) = chain();
    drop(host);
    configure(&site, &enabled(&[2, 3]));
    let mut host = Host::start(&site, "run");
    host.wait("0 running");
    let said = jackfield(&site, "start pace-0003 --format json");
    let message = "`pace-0003` cannot be started: requires pace-0002, which was not started (root \
                   cause: pace-0001 is disabled)";
    let error = json!({ "error": { "code": "left-out", "message": message } });
    assert_eq!(said.json(), error);
    assert_eq!(said.code, Some(1));
}

#[test]
fn a_host_that_stops_takes_its_socket_with_it_and_another_does_not() {
    let (site, mut host) = chain();
    let said = jackfield(&site, "run");
    assert_eq!(said.code, Some(1));
    assert_eq!(chain_states(&site), [UP; 4], "the first is there still");
    jackfield(&site, &format!("stop {}", id(1)));
    host.signal(Signal::TERM);
    host.wait("1 stopped in");
    assert_eq!(host.end().0, Some(0));
    assert!(!site.state().join("control.sock").exists());
}

#[test]
fn a_socket_that_was_left_behind_is_told_and_replaced() {
    let (site, host) = chain();
    host.signal(Signal::KILL);
    assert_eq!(host.end().0, None);
    assert!(site.state().join("control.sock").exists());
    let said = jackfield(&site, "status");
    assert_eq!(
        said.err,
        "error: no host runs: state/control.sock: nobody listens, it was left behind by a host \
         that was ended: start one with `jackfield run`, or name the state directory of the one \
         that runs with --state\n"
    );
    assert_eq!(said.code, Some(1));
    let mut host = Host::start(&site, "run");
    host.wait("4 running");
    assert_eq!(chain_states(&site), [UP; 4]);
}

#[test]
fn what_is_being_started_when_the_host_stops_is_stopped_as_well() {
    let (site, host) = chain();
    drop(host);
    configure(&site, &(enabled(&[4]) + "config.start_ms = 1000\n"));
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    jackfield(&site, "stop pace-0004");
    let said = jackfield(&site, "start pace-0004 --no-wait");
    assert_eq!(said.out, "starting pace-0004\n");
    host.wait("asked to start pace-0004");
    host.signal(Signal::TERM);
    host.wait("SIGTERM: stopping");
    let said = jackfield(&site, "start pace-0004 --format json");
    let code = &said.json()["error"]["code"];
    // It says no for as long as it is there.
    let codes = ["stopping", "no-host", "unreachable"];
    assert!(codes.iter().any(|expected| code == expected), "{said:?}");
    // From inside its `start`, or from before it was mapped.
    host.wait(" -> stopped (");
    host.wait(" stopped in ");
    assert_eq!(host.end().0, Some(0));
}

#[test]
fn a_host_that_is_starting_listens_to_signals() {
    let site = Site::new();
    add(&site, 1, None);
    add(&site, 2, Some(1));
    let slow = "config.start_ms = 1000\n";
    configure(&site, &(enabled(&[2, 1]) + slow));
    let mut host = Host::start(&site, "run");
    host.wait("pace-0001 1.0.0: found in ");
    host.signal(Signal::TERM);
    host.wait("SIGTERM: stopping");
    host.wait(" stopped in ");
    let (code, log) = host.end();
    assert_eq!(code, Some(0));
    let started = |line: &String| line.contains("pace-0002 1.0.0: starting -> running");
    assert!(!log.iter().any(started), "{log:?}");
}
