//! Do `enable`, `disable`, `reset-failed`, `log-level` and `release` change what they say, and stay?

use super::{add, chain, chain_states, enabled};
use crate::cli::{Said, configure, jackfield, misbehaves, running::Host};
use jackfield_tests::Site;
use rustix::process::Signal;
use serde_json::json;
use std::fs;

const FILE: &str = "\
# Mine.
[plugins.pace-0001]
enabled = true # the first
[plugins.pace-0002]
enabled = true
";

fn file(site: &Site) -> String {
    fs::read_to_string(site.root().join("jackfield.toml")).unwrap()
}

/// 2 requires 1; 3 is not enabled.
fn site() -> Site {
    let site = Site::new();
    add(&site, 1, None);
    add(&site, 2, Some(1));
    add(&site, 3, None);
    configure(&site, FILE);
    site
}

fn good(said: &Said, out: &str) {
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        (out, "", Some(0))
    );
}

#[test]
fn disable_stops_and_enable_starts_also_after_the_next_start() {
    let site = site();
    let mut host = Host::start(&site, "run");
    host.wait("2 running, 1 disabled");
    good(
        &jackfield(&site, "disable pace-0001 --dry-run"),
        "jackfield.toml:3\n-enabled = true # the first\n+enabled = false # the first\n\
         would stop pace-0002, pace-0001\n",
    );
    assert_eq!(file(&site), FILE, "a dry run changes nothing");
    good(
        &jackfield(&site, "disable pace-0001"),
        "disabled in jackfield.toml\nstopped pace-0002, pace-0001\n",
    );
    let disabled = FILE.replace("enabled = true # the first", "enabled = false # the first");
    assert_eq!(file(&site), disabled);
    let states = || {
        let report = jackfield(&site, "status --format json").json();
        [0, 1, 2].map(|n| report["plugins"][n]["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(states(), ["disabled", "stopped", "disabled"]);
    let said = jackfield(&site, "start pace-0002");
    assert_eq!(
        said.err,
        "error: `pace-0002` cannot be started: requires pace-0001, which is disabled\n"
    );
    let said = jackfield(&site, "enable pace-0003");
    good(&said, "enabled in jackfield.toml\nstarted pace-0003\n");
    assert_eq!(
        file(&site),
        disabled + "\n[plugins.pace-0003]\nenabled = true\n"
    );
    good(
        &jackfield(&site, "enable pace-0003"),
        "enabled in jackfield.toml already\npace-0003 is running\n",
    );
    host.signal(Signal::TERM);
    assert_eq!(host.end().0, Some(0));
    let mut host = Host::start(&site, "run");
    host.wait("1 running, 1 rejected, 1 disabled");
}

#[test]
fn enable_of_what_cannot_start_yet_says_both() {
    let site = site();
    configure(&site, "[plugins.pace-0003]\nenabled = true\n");
    let mut host = Host::start(&site, "run");
    host.wait("1 running, 2 disabled");
    let said = jackfield(&site, "enable pace-0002");
    assert_eq!(
        (said.err.as_str(), said.code),
        (
            "error: enabled in jackfield.toml, but `pace-0002` cannot be started: requires \
             pace-0001, which is disabled\n",
            Some(1)
        )
    );
    good(
        &jackfield(&site, "enable pace-0001"),
        "enabled in jackfield.toml\nstarted pace-0001\n",
    );
    good(&jackfield(&site, "start pace-0002"), "started pace-0002\n");
}

#[test]
fn what_is_said_to_be_enabled_is_whether_one_waits_or_not() {
    let site = site();
    let text = "[plugins.pace-0003]\nenabled = true\n";
    configure(&site, text);
    let mut host = Host::start(&site, "run");
    host.wait("1 running, 2 disabled");
    let said = jackfield(&site, "enable pace-0002 --dry-run");
    let why = "`pace-0002` cannot be started: requires pace-0001, which is disabled";
    assert_eq!(said.err, format!("error: {why}\n"));
    assert_eq!((said.code, file(&site).as_str()), (Some(1), text));
    let said = jackfield(&site, "enable pace-0002 --no-wait");
    assert_eq!(
        said.err,
        format!("error: enabled in jackfield.toml, but {why}\n")
    );
    let enabled = format!("{text}\n[plugins.pace-0002]\nenabled = true\n");
    assert_eq!((said.code, file(&site)), (Some(1), enabled));
}

#[test]
fn without_a_host_the_file_alone_is_changed() {
    let site = site();
    let said = jackfield(&site, "disable pace-0002");
    assert_eq!(said.out, "disabled in jackfield.toml\n");
    assert_eq!(
        (said.err.as_str(), said.code),
        (
            "warning: no host runs: it counts from the next start\n",
            Some(0)
        )
    );
    assert!(file(&site).ends_with("[plugins.pace-0002]\nenabled = false\n"));
    let said = jackfield(&site, "enable pace-000");
    assert!(
        said.err
            .starts_with("error: there is no plugin `pace-000`, did you mean `pace-")
    );
    assert_eq!(said.code, Some(1));
}

#[test]
fn what_something_else_decides_is_not_written() {
    let site = site();
    let mut host = Host::start(&site, "run --all");
    host.wait("3 running");
    let said = jackfield(&site, "disable pace-0003");
    assert_eq!(
        said.err,
        "error: `pace-0003` would be enabled all the same, because `--all` says so: change that\n"
    );
    assert_eq!((said.code, file(&site).as_str()), (Some(2), FILE));
    drop(host);
    fs::remove_file(site.root().join("jackfield.toml")).unwrap();
    let mut host = Host::start(&site, "run");
    host.wait("3 running");
    let said = jackfield(&site, "disable pace-0003");
    assert_eq!(
        said.err,
        "error: there is no configuration file: make one, and enable in it what is to run, since \
         with one nothing else does\n"
    );
    assert_eq!(said.code, Some(2));
}

#[test]
fn a_failure_is_told_and_forgotten() {
    let site = Site::new();
    site.add("misbehave");
    configure(
        &site,
        "[plugins.misbehave]\nenabled = true\nrestart = \"never\"\n\
         config.mode = \"error-in-start\"\n",
    );
    let mut host = Host::start(&site, "run");
    host.wait("0 running, 1 failed");
    let said = jackfield(&site, "status misbehave --format json");
    assert_eq!(said.code, Some(1));
    let plugin = &said.json()["plugins"][0];
    assert_eq!(plugin["state"], "failed");
    let cause = plugin["cause"].as_str().unwrap();
    assert!(cause.starts_with("start: "), "{cause}");
    let shown = jackfield(&site, "status");
    assert!(shown.out.contains(cause), "{}", shown.out);

    good(
        &jackfield(&site, "reset-failed misbehave --dry-run"),
        "would forget that misbehave failed\n",
    );
    good(
        &jackfield(&site, "reset-failed misbehave"),
        "forgot that misbehave failed: it is stopped\n",
    );
    good(
        &jackfield(&site, "reset-failed misbehave"),
        "nothing to do: misbehave is stopped\n",
    );
    assert_eq!(jackfield(&site, "status").code, Some(0));
    let said = jackfield(&site, "start misbehave --format json");
    assert_eq!(said.json()["error"]["code"], "not-running");
    assert_eq!(said.code, Some(1));
}

#[test]
fn one_that_was_given_up_is_started_again_once_it_is_reset() {
    let site = Site::new();
    let release = misbehaves(&site, "fails-until-released", "");
    let mut host = Host::start(&site, "run");
    host.wait("misbehave: gave up after 5 starts within 60 s");
    fs::write(release, "").unwrap();
    let said = jackfield(&site, "reset-failed misbehave --format json");
    let told = said.json();
    assert_eq!(
        (&told["id"], &told["dry_run"], &told["reset"]),
        (&json!("misbehave"), &json!(false), &json!(true)),
        "{told}"
    );
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    host.wait("misbehave 1.0.0: starting -> running");
    let said = jackfield(&site, "reset-failed misbehave --format json");
    let told = said.json();
    assert_eq!(
        (&told["reset"], &told["state"]),
        (&json!(false), &json!("running"))
    );
}

#[test]
fn what_a_plugin_says_in_an_error_is_not_obeyed_by_a_terminal() {
    let site = Site::new();
    site.add("misbehave");
    configure(
        &site,
        "[plugins.misbehave]\nrestart = \"never\"\nenabled = true\n\
         config.mode = \"\\u001b]0;mine\\u0007\\u001b[2J\"\n",
    );
    let mut host = Host::start(&site, "run");
    host.wait("1 failed");
    let said = jackfield(&site, "start misbehave");
    assert!(
        said.err
            .contains("there is no mode `\\u{1b}]0;mine\\u{7}\\u{1b}[2J`"),
        "{said:?}"
    );
}

#[test]
fn programs_are_told_in_json_what_the_files_keep_from_being_done() {
    let site = site();
    let error = |arguments: &str| {
        let said = jackfield(&site, arguments);
        assert_eq!(said.out.lines().count(), 1, "{arguments}: {said:?}");
        let told = said.json()["error"].clone();
        let message = told["message"].as_str().unwrap();
        assert_eq!(said.err, format!("error: {message}\n"), "{arguments}");
        (told["code"].as_str().unwrap().to_owned(), said.code)
    };
    let wrong = ("configuration".to_owned(), Some(2));
    // No host runs, so this command would write it.
    assert_eq!(error("disable pace-0003 --all --format json"), wrong);
    fs::write(site.root().join("jackfield.toml"), "[host\n").unwrap();
    for arguments in [
        "enable pace-0003 --format json",
        "status --format json",
        "logs -f --format json",
        "plan --format json",
    ] {
        assert_eq!(error(arguments), wrong, "{arguments}");
    }
}

#[test]
fn the_level_of_one_plugin_is_set_and_taken_back() {
    let (site, mut host) = chain();
    good(
        &jackfield(&site, "log-level pace-0001"),
        "pace-0001: info\n",
    );
    good(
        &jackfield(&site, "log-level pace-0001 trace --dry-run"),
        "pace-0001: would be trace, is info\n",
    );
    good(
        &jackfield(&site, "log-level pace-0001 warn"),
        "pace-0001: warn, was info\n",
    );
    good(
        &jackfield(&site, "log-level pace-0001"),
        "pace-0001: warn\n",
    );
    good(
        &jackfield(&site, "log-level pace-0002"),
        "pace-0002: info\n",
    );
    good(
        &jackfield(&site, "log-level pace-0001 default"),
        "pace-0001: info, was warn\n",
    );
    host.wait("asked to log-level pace-0001 by process ");
}

#[test]
fn a_quieter_plugin_is_quieter_in_the_log() {
    let site = Site::new();
    site.add("heartbeat");
    configure(&site, "[plugins.heartbeat]\nenabled = true\n");
    let mut host = Host::start(&site, "run");
    host.wait("heartbeat: a tick every 1000 ms");
    host.wait("1 running");
    jackfield(&site, "log-level heartbeat error");
    jackfield(&site, "restart heartbeat");
    jackfield(&site, "log-level heartbeat default");
    jackfield(&site, "restart heartbeat");
    host.signal(Signal::TERM);
    let (_, log) = host.end();
    let ticks = log.iter().filter(|line| line.contains("a tick every"));
    assert_eq!(ticks.count(), 2, "{log:#?}");
}

#[test]
fn release_works_beside_a_running_host() {
    let site = Site::new();
    site.add("misbehave");
    configure(
        &site,
        "[plugins.misbehave]\nenabled = true\nconfig.mode = \"abort-in-initialize\"\n",
    );
    assert_eq!(jackfield(&site, "run").code, None);
    let mut host = Host::start(&site, "run");
    host.wait("0 running, 1 quarantined");
    let report = jackfield(&site, "status --format json").json();
    assert_eq!(report["plugins"][0]["state"], "quarantined");
    good(
        &jackfield(&site, "release misbehave"),
        "released misbehave: it is started again the next time the host starts\n",
    );
    host.signal(Signal::TERM);
    assert_eq!(host.end().0, Some(0));
    let plan = jackfield(&site, "plan --format json").json();
    assert_eq!(plan["start"][0]["id"], "misbehave");
}

#[test]
fn one_that_appeared_since_the_start_can_be_enabled() {
    let site = site();
    let mut host = Host::start(&site, "run");
    host.wait("2 running");
    add(&site, 4, Some(1));
    good(
        &jackfield(&site, "enable pace-0004"),
        "enabled in jackfield.toml\nstarted pace-0004\n",
    );
    let states = chain_states(&site);
    assert_eq!(states, ["running", "running", "disabled", "running"]);
    assert!(file(&site).ends_with(&enabled(&[4])));
}
