//! Do `token` and `audit` do what they say, whether a host runs or not, and is nothing exposed that
//! nobody asked for?

use super::{Said, add, command, configure, jackfield, running::Host};
use jackfield_tests::Site;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const TOKENS: &str = "http.access = \"tokens\"\n";

fn site() -> Site {
    let site = Site::new();
    configure(&site, TOKENS);
    site
}

fn good(said: &Said) -> &str {
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{said:?}");
    &said.out
}

/// Makes a token, and gives its text and its id.
fn make(site: &Site, arguments: &str) -> (String, String) {
    let said = jackfield(site, &format!("token new {arguments}"));
    let token = good(&said).strip_suffix('\n').unwrap().to_owned();
    let list = jackfield(site, "token list --format json").json();
    let id = list.as_array().unwrap().last().unwrap()["id"].as_str();
    (token, id.unwrap().to_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What the audit log has, as `audit` writes it with more arguments.
fn audit(site: &Site, more: &str) -> Vec<Value> {
    let said = jackfield(site, &format!("audit --format json {more}"));
    let lines = good(&said).lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_token_is_shown_once_and_kept_nowhere() {
    let site = site();
    let said = jackfield(&site, "token list");
    assert_eq!(
        good(&said),
        "there are no tokens: `jackfield token new` makes one\n"
    );
    let (token, id) = make(&site, "--role use --name ci --expires 30d --rate 5");
    assert!(token.starts_with("jf_") && token.len() == 67, "{token}");
    let list = jackfield(&site, "token list --format json").json();
    let told = &list[0];
    for (key, value) in [
        ("id", json!(id)),
        ("name", json!("ci")),
        ("role", json!("use")),
        ("expired", json!(false)),
        ("rate", json!(5)),
    ] {
        assert_eq!(told[key], value, "{told}");
    }
    let shown = jackfield(&site, "token list");
    let expires = told["expires"].as_str().unwrap();
    let created = told["created"].as_str().unwrap();
    let header = "ID        ROLE  CREATED               EXPIRES               RATE  NAME";
    let row = format!("{id}  use   {created}  {expires}   5/s  ci");
    assert_eq!(good(&shown), format!("{header}\n{row}\n"));
    for entry in fs::read_dir(site.state()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&token[3..]), "{}", path.display());
    }
}

#[test]
fn a_token_is_revoked_by_its_id() {
    let site = site();
    let (_, id) = make(&site, "--role admin");
    let said = jackfield(&site, &format!("token revoke {}", &id[1..]));
    let near = format!(
        "error: there is no token {:?}, did you mean {id}?\n",
        &id[1..]
    );
    assert_eq!((said.err, said.code), (near, Some(1)));
    let said = jackfield(&site, &format!("token revoke {id}"));
    assert_eq!(good(&said), format!("revoked {id} (admin)\n"));
    assert_eq!(
        jackfield(&site, "token list --format json").json(),
        json!([])
    );
    let told: Vec<Value> = audit(&site, "")
        .iter()
        .map(|line| json!([line["who"], line["action"], line["result"], line["detail"]]))
        .collect();
    let detail = format!("{id} (admin)");
    assert_eq!(
        told,
        [
            json!(["command line", "token new", "done", detail]),
            json!(["command line", "token revoke", "done", detail]),
        ]
    );
}

#[test]
fn what_cannot_be_is_told_and_nothing_is_made() {
    let site = site();
    for (arguments, error) in [
        ("--role root", "invalid value 'root' for '--role <ROLE>'"),
        ("", "the following required arguments were not provided"),
        ("--role use --expires soon", "expected a time such as 30d"),
        (
            "--role use --expires 0s",
            "expected a time above 0 and of at most 100 years",
        ),
        (
            "--role use --rate 0",
            "invalid value '0' for '--rate <NUMBER>'",
        ),
    ] {
        let said = jackfield(&site, &format!("token new {arguments}"));
        assert!(said.err.contains(error), "{arguments}: {}", said.err);
        assert_eq!((said.out.as_str(), said.code), ("", Some(2)), "{arguments}");
    }
    let mut named = command(&site, "token new --role use --name");
    let said = Said::new(named.arg("a\nb").output().unwrap());
    assert_eq!(
        (said.out.as_str(), said.code),
        ("", Some(2)),
        "{}",
        said.err
    );
    assert!(!site.state().join("tokens.json").exists());
}

#[test]
fn who_makes_a_token_that_nobody_asks_for_is_told() {
    let site = Site::new();
    let said = jackfield(&site, "token new --role use");
    assert_eq!(
        said.err,
        "warning: http.access is \"open\": nobody is asked for a token until it is \"tokens\"\n"
    );
    assert_eq!((said.out.lines().count(), said.code), (1, Some(0)));
}

#[test]
fn what_changes_a_running_host_is_written_down() {
    let site = site();
    site.add("heartbeat");
    configure(
        &site,
        &format!("{TOKENS}[plugins.heartbeat]\nenabled = true\n"),
    );
    let mut host = Host::start(&site, "run");
    host.wait("1 running");
    for (arguments, code) in [
        ("stop heartbeat --dry-run", 0),
        ("stop heartbeat", 0),
        ("start heartbeat", 0),
        ("stop absent", 1),
        ("log-level heartbeat", 0),
        ("log-level heartbeat debug", 0),
        ("status", 0),
        ("disable heartbeat --no-wait", 0),
    ] {
        assert_eq!(jackfield(&site, arguments).code, Some(code), "{arguments}");
    }
    make(&site, "--role read");
    host.signal(Signal::TERM);
    assert_eq!(host.end().0, Some(0));
    let lines = audit(&site, "");
    let mut told: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
            [text("who"), text("action"), text("plugin"), text("result")].join(" ")
        })
        .collect();
    // What nobody waits for may be done after what follows it.
    told.sort();
    assert_eq!(
        told,
        [
            "command line token new - done",
            "control socket disable heartbeat done",
            "control socket log-level heartbeat done",
            "control socket start heartbeat done",
            "control socket stop absent failed",
            "control socket stop heartbeat done",
        ]
    );
    let user = rustix::process::getuid().as_raw();
    let from = lines[0]["from"].as_str().unwrap();
    assert!(from.starts_with("process ") && from.ends_with(&format!(" of user {user}")));
    assert_eq!(audit(&site, "--plugin absent").len(), 1);
    assert_eq!(audit(&site, "-n 2")[..], lines[lines.len() - 2..]);
    assert_eq!(mode(&site.state().join("audit.jsonl")), 0o600);
    let shown = jackfield(&site, "audit --plugin absent");
    let ends = ": stop [absent]: there is no plugin `absent`\n";
    assert!(
        good(&shown).contains(" failed  control socket from process "),
        "{}",
        shown.out
    );
    assert!(shown.out.ends_with(ends), "{}", shown.out);
}

#[test]
fn what_is_changed_while_no_host_runs_is_written_down_without_its_value() {
    let site = site();
    add(&site, "store", "1.0.0", "");
    configure(&site, &format!("{TOKENS}[plugins.store]\nenabled = true\n"));
    let change = || {
        for arguments in [
            "config set store pin hush",
            "config set store pin hush --dry-run",
            "config unset store pin",
            "config replace store {\"pin\":\"hush\"}",
            "disable store",
            "disable store",
            "disable store --dry-run",
        ] {
            let said = jackfield(&site, arguments);
            assert_eq!(said.code, Some(0), "{arguments}: {said:?}");
            assert!(!said.err.contains("audit"), "{arguments}: {said:?}");
        }
    };
    // No host has ever been here.
    change();
    assert!(!site.state().exists());
    fs::create_dir(site.state()).unwrap();
    configure(&site, &format!("{TOKENS}[plugins.store]\nenabled = true\n"));
    change();
    let lines = audit(&site, "--plugin store");
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["action"], &line["detail"]))
        .collect();
    let key = &json!("plugins.store.config.pin");
    assert_eq!(
        told,
        [
            (&json!("config set"), key),
            (&json!("config unset"), key),
            (&json!("config replace"), key),
            (&json!("disable"), &json!("no host ran")),
        ]
    );
    let text = fs::read_to_string(site.state().join("audit.jsonl")).unwrap();
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn an_audit_log_that_says_nothing_is_shown_as_such() {
    let site = site();
    assert_eq!(good(&jackfield(&site, "audit")), "");
    let path = site.state().join("audit.jsonl");
    fs::create_dir_all(site.state()).unwrap();
    fs::write(&path, "half of a li").unwrap();
    let said = jackfield(&site, "audit");
    assert!(
        said.err.starts_with("warning: 1 lines cannot be read"),
        "{}",
        said.err
    );
    assert_eq!((said.out.as_str(), said.code), ("", Some(0)));
    // What stands in it is not obeyed by a terminal.
    let evil = "{\"time\":\"\\u001b[2J\",\"who\":\"\\u001b]0;x\\u0007\",\"action\":\"a\\nb\",\
                \"result\":\"done\"}\n";
    fs::write(&path, evil).unwrap();
    let said = jackfield(&site, "audit");
    assert_eq!(good(&said), "\\u{1b}[2J done    \\u{1b}]0;x\\u{7}: a\\nb\n");
}

#[test]
fn where_it_listens_is_said_on_the_command_line_too() {
    let site = Site::new();
    let said = jackfield(&site, "run --listen nowhere");
    assert_eq!(
        said.err,
        "error: --listen: http.listen: expected an address and a port such as \
         \"127.0.0.1:8080\" or \"[::1]:8080\", or a port, found \"nowhere\"\n"
    );
    let said = jackfield(&site, "run --listen 0.0.0.0:0");
    assert!(
        said.err.starts_with(
            "error: --listen: http.listen: 0.0.0.0:0 can be reached from other machines, and \
             http.access is \"open\": "
        ),
        "{}",
        said.err
    );
    assert_eq!(said.code, Some(2));
}
