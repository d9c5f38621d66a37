//! Is the host's log on the bus and in the log store, once each, without ever causing itself?

use super::{Scene, get, no_config, refused, soon, stop};
use crate::cli::running::Host;
use jackfield_tests::{Site, library};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlite_kit::rusqlite::{Connection, OpenFlags};
use std::{fs, time::Instant};

/// What the program logs on this site until that is enough, and then to its end.
fn run(site: &Site, config: &str, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    fs::write(site.root().join("jackfield.toml"), config).unwrap();
    let (mut host, deadline) = (Host::start(site, "run"), soon());
    loop {
        let lines = host.seen();
        if enough(lines) {
            break;
        }
        assert!(Instant::now() < deadline, "{lines:#?}");
    }
    host.signal(Signal::TERM);
    let (code, lines) = host.end();
    assert_eq!(code, Some(0), "{lines:#?}");
    lines
}

/// Whether the log store of that site has kept such a message, while its host runs.
fn is_kept(site: &Site, message: &str) -> bool {
    let path = site.state().join("data/log-store/logs.db");
    let Ok(database) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        return false;
    };
    let count = "SELECT count(*) FROM records WHERE instr(message, ?1) > 0";
    let count = database.query_row(count, [message], |row| row.get::<_, i64>(0));
    // It is not there yet, or its tables are not.
    count.is_ok_and(|count| count > 0)
}

/// What the log store of that site has kept.
fn stored(scene: &Scene, query: &str) -> Vec<Value> {
    let loader = scene.start();
    let page = get(&loader, "log-store", &format!("/logs?{query}"));
    stop(&loader);
    page["records"].as_array().unwrap().clone()
}

fn message(record: &Value) -> &str {
    record["message"].as_str().unwrap()
}

const ENABLED: &str = "host.enable_by_default = true\n";

#[test]
fn the_hosts_log_is_kept_with_its_fields() {
    // It starts after the log store, so what it logs from its start on is kept.
    let scene = Scene::new()
        .with("log-store", no_config())
        .tracked(1, no_config());
    let cut = &fs::read(library("heartbeat")).unwrap()[..20_000];
    fs::write(scene.site.plugins().join("libcut.so"), cut).unwrap();
    run(&scene.site, ENABLED, |_| is_kept(&scene.site, "2 running"));
    let records = stored(&scene, "limit=1000");
    let find = |begin: &str| {
        let record = records
            .iter()
            .find(|record| message(record).contains(begin));
        record.unwrap_or_else(|| panic!("{begin}: {records:#?}"))
    };
    // Said before anybody ran who could have subscribed.
    find("tracked-0001 1.0.0: found in ");
    find("plugins/libcut.so): not started: ");
    let started = find("tracked-0001 1.0.0: starting -> running");
    assert_eq!(
        (&started["level"], &started["plugin"]),
        (&json!("info"), &Value::Null)
    );
    assert_eq!(
        (&started["target"], &started["lost"]),
        (&json!("jackfield"), &json!(0))
    );
    assert_eq!(started["module"], "jackfield_loader::registry");
    assert!(started["time"].as_str().unwrap().ends_with('Z') && started["line"].is_u64());
    let own = find("as it is told");
    assert_eq!(
        (&own["plugin"], &own["target"]),
        (&json!("tracked-0001"), &json!("tracked-0001"))
    );
    assert_eq!(
        (&own["module"], &own["fields"]),
        (&json!("tracked"), &json!({"backend": "none"}))
    );
    assert_eq!(stored(&scene, "plugin=tracked-0001").len(), 1);
    // What is less urgent is not published.
    assert!(records.iter().all(|record| record["level"] != "debug"));
}

#[test]
fn a_subscriber_that_logs_what_it_hears_is_not_its_own_cause() {
    let scene = Scene::new()
        .with("log-store", no_config())
        .tracked(1, no_config());
    let config = format!("{ENABLED}[plugins.tracked-0001.config]\nlistens = true\n");
    let is_heard = |line: &String| line.contains("tracked-0001: heard logs.");
    let lines = run(&scene.site, &config, |lines| {
        is_kept(&scene.site, "2 running") && lines.iter().any(is_heard)
    });
    let heard = lines.iter().filter(|line| is_heard(line)).count();
    // Each time it logs and fails, which are two lines; others have to be the cause.
    let others = lines.len() - 2 * heard;
    assert!((1..=others).contains(&heard), "{lines:#?}");
    let failed = "event logs.info of : and did not like it";
    assert!(lines.iter().any(|line| line.contains(failed)), "{lines:#?}");
    let records = stored(&scene, "limit=1000");
    for record in &records {
        let message = message(record);
        assert!(
            !message.contains("heard") && !message.contains("did not like"),
            "{record}"
        );
    }
}

#[test]
fn what_is_not_to_be_published_is_not() {
    let scene = Scene::new()
        .with("log-store", no_config())
        .tracked(1, no_config());
    let config =
        format!("{ENABLED}log.publish = \"warn\"\n[plugins.tracked-0001.config]\nlistens = true\n");
    let running = |lines: &[String]| lines.iter().any(|line| line.contains("2 running"));
    let lines = run(&scene.site, &config, running);
    assert!(
        !lines.iter().any(|line| line.contains("heard")),
        "{lines:#?}"
    );
    assert_eq!(stored(&scene, ""), [] as [Value; 0]);
}

#[test]
fn questions_select_by_level_plugin_time_and_text() {
    let scene = Scene::new().with("log-store", json!({"keep_days": 0}));
    let loader = scene.start();
    let publish = |time: &str, level: &str, plugin: Value, message: &str| {
        let payload = json!({
            "time": time, "level": level, "plugin": plugin, "message": message,
        });
        let topic = format!("logs.{level}");
        loader
            .publish(&topic, payload.to_string().as_bytes())
            .unwrap();
    };
    publish("2026-01-01T00:00:00Z", "error", json!("a"), "one");
    publish("2026-01-02T00:00:00Z", "warn", json!("b"), "two");
    publish("2026-01-03T00:00:00Z", "info", Value::Null, "three");
    let ask = |query: &str| {
        let page = get(&loader, "log-store", &format!("/logs?{query}"));
        let messages: Vec<&str> = page["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(message)
            .collect();
        (messages.join(" "), page["more"] == true)
    };
    super::until("the last", || {
        let (all, _) = ask("");
        (all == "three two one").then(|| all.into())
    });
    let answer = |text: &str, more| (text.to_owned(), more);
    assert_eq!(ask("level=warn"), answer("two one", false));
    assert_eq!(ask("plugin=b"), answer("two", false));
    assert_eq!(ask("plugin="), answer("three", false));
    assert_eq!(
        ask("since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z"),
        answer("two", false)
    );
    assert_eq!(ask("text=THR"), answer("three", false));
    assert_eq!(ask("limit=2"), answer("three two", true));
    assert_eq!(ask("limit=2&before=2"), answer("one", false));
    let summary = get(&loader, "log-store", "/summary");
    assert_eq!(
        summary["plugins"][0],
        json!({
            "plugin": null, "level": "info", "count": 1, "last_unix_ms": 1_767_398_400_000_i64,
        })
    );
    assert_eq!(
        refused(&loader, "log-store", "GET", "/logs?level=loud", ""),
        (
            400,
            "level: expected one of error, warn, info, debug, trace, found `loud`".to_owned()
        )
    );
    stop(&loader);
    drop(loader);
    assert_eq!(stored(&scene, "").len(), 3);
}

#[test]
fn what_is_kept_can_be_read_while_nothing_can_be_written() {
    let scene = Scene::new().with("log-store", no_config());
    let loader = scene.start();
    let publish = |message: &str| {
        let payload = json!({"message": message}).to_string();
        loader.publish("logs.info", payload.as_bytes()).unwrap();
    };
    let ask = || {
        let page = get(&loader, "log-store", "/logs");
        let records = page["records"].as_array().unwrap();
        let messages: Vec<&str> = records.iter().map(message).collect();
        json!([messages, page["behind"]])
    };
    let comes = |expected: Value| {
        super::until("what is kept", || {
            (ask() == expected).then_some(Value::Null)
        });
    };
    publish("one");
    comes(json!([["one"], 0]));
    let path = scene.site.state().join("data/log-store/logs.db");
    let database = Connection::open(path).unwrap();
    let spoil = "CREATE TRIGGER spoiled BEFORE INSERT ON records
                 BEGIN SELECT raise(ABORT, 'as told'); END";
    database.execute_batch(spoil).unwrap();
    publish("two");
    comes(json!([["one"], 1]));
    assert_eq!(get(&loader, "log-store", "/summary")["behind"], 1);
    database.execute_batch("DROP TRIGGER spoiled").unwrap();
    comes(json!([["two", "one"], 0]));
    drop(database);
    stop(&loader);
}
