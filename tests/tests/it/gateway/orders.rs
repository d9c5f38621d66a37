//! Do orders over HTTP do what they say, say what they did, and leave alone what they refuse?

use super::{Served, site};
use jackfield_tests::Site;
use serde_json::json;
use std::fs;

fn file(site: &Site) -> String {
    fs::read_to_string(site.root().join("jackfield.toml")).unwrap()
}

#[test]
fn a_plugin_is_stopped_started_and_restarted() {
    let served = Served::start(site(&["echo"], ""));
    let would = served
        .post("/api/plugins/echo/stop?dry_run=true", "")
        .json();
    assert_eq!(
        (&would["dry_run"], &would["stop"]),
        (&json!(true), &json!(["echo"]))
    );
    assert_eq!(served.get("/echo/x").status, 200);
    let stopped = served.post("/api/plugins/echo/stop", "").json();
    assert_eq!(
        (&stopped["stop"], &stopped["state"]),
        (&json!(["echo"]), &json!("stopped"))
    );
    let gone = served.get("/echo/x");
    assert_eq!(gone.status, 503);
    assert_eq!(gone.detail(), "Plugin 'echo' is stopped: start it");
    assert_eq!(
        served.post("/api/plugins/echo/start", "").json()["state"],
        "running"
    );
    assert_eq!(served.get("/echo/x").status, 200);
    let again = served.post("/api/plugins/echo/restart", "").json();
    assert_eq!(
        (&again["stop"], &again["start"]),
        (&json!(["echo"]), &json!(["echo"]))
    );
    assert_eq!(served.get("/echo/x").status, 200);
}

#[test]
fn disabling_takes_everything_of_a_plugin_away() {
    let site = site(&["echo"], "");
    let served = Served::start(site);
    let before = file(&served.site);
    let would = served
        .post("/api/plugins/echo/disable?dry_run=1", "")
        .json();
    assert_eq!(would["file"]["enabled"], false);
    assert_eq!(file(&served.site), before);
    assert_eq!(served.post("/api/plugins/echo/disable", "").status, 200);
    assert_eq!(served.get("/echo/x").status, 503);
    assert_eq!(served.get("/api/plugins").json()["count"], 0);
    assert_eq!(
        served.get("/edges").json()["edges"][0]["plugins"],
        json!([])
    );
    assert!(file(&served.site).contains("enabled = false"));
    assert_eq!(served.post("/api/plugins/echo/start", "").status, 409);
    assert_eq!(
        served.post("/api/plugins/echo/enable", "").json()["state"],
        "running"
    );
    assert_eq!(
        (file(&served.site), served.get("/echo/x").status),
        (before, 200)
    );
}

#[test]
fn what_cannot_be_done_is_refused() {
    let served = Served::start(site(&["echo"], ""));
    for verb in ["start", "stop", "restart", "enable", "disable", "reload"] {
        let unknown = served.post(&format!("/api/plugins/ehco/{verb}"), "");
        assert_eq!(
            (unknown.status, unknown.detail()),
            (404, "Plugin 'ehco' not found".to_owned()),
            "{verb}"
        );
    }
    let verb = served.post("/api/plugins/echo/dance", "");
    assert_eq!(verb.status, 404);
    assert_eq!(served.get("/api/plugins/echo/stop").status, 405);
    assert_eq!(
        served
            .post("/api/plugins/echo/stop?dry_run=perhaps", "")
            .status,
        400
    );
}

#[test]
fn a_configuration_is_shown_saved_and_taken() {
    let site = site(
        &["heartbeat"],
        "# kept\n[plugins.heartbeat.config]\nperiod_ms = 500 # too\n",
    );
    let served = Served::start(site);
    let shown = served.get("/api/plugins/heartbeat/config").json();
    assert_eq!(
        shown,
        json!({"config": {"period_ms": 500}, "source": "file", "path": "jackfield.toml"})
    );
    let before = file(&served.site);
    for (body, status, detail) in [
        (
            "{\"config\": {\"period_ms\": \"x\"}}",
            422,
            "period_ms: expected an integer, found \"x\"",
        ),
        (
            "{\"config\": {\"period\": 1}}",
            422,
            "period: expected `period_ms`, found an unknown key",
        ),
        ("{\"config\": 7}", 422, "found a `config` that is no object"),
        ("{}", 422, "found no `config`"),
        ("[]", 422, "expected a JSON object as the body"),
        ("{", 400, "expected a JSON object as the body"),
    ] {
        let refused = served.post("/api/plugins/heartbeat/config", body);
        assert_eq!(refused.status, status, "{body}");
        assert!(refused.detail().contains(detail), "{}", refused.detail());
        assert_eq!(file(&served.site), before, "{body}");
    }
    let fields = served.post(
        "/api/plugins/heartbeat/config",
        "{\"config\": {\"period_ms\": \"x\"}}",
    );
    assert_eq!(
        fields.json()["fields"],
        json!([{"field": "period_ms", "expected": "an integer", "found": "\"x\""}])
    );
    let saved = served.post(
        "/api/plugins/heartbeat/config",
        "{\"config\": {\"period_ms\": 250}}",
    );
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(saved.json()["status"], "saved");
    assert_eq!(saved.json()["config"], json!({"period_ms": 250}));
    assert_eq!(file(&served.site), before.replace("500", "250"));
    assert_eq!(served.get("/heartbeat/health").status, 200);
}

#[test]
fn what_a_plugin_refuses_is_not_in_the_file_either() {
    let own = "config.mode = \"none\"\n";
    let site = site(&["misbehave"], own);
    let served = Served::start(site);
    let before = file(&served.site);
    let wanted = json!({"config": {"mode": "error-in-reconfigure"}}).to_string();
    let refused = served.post("/api/plugins/misbehave/config", &wanted);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused
            .detail()
            .starts_with("the plugin refused the configuration: ")
    );
    assert_eq!(file(&served.site), before);
    assert_eq!(served.get("/misbehave/fine").status, 200);
}

#[test]
fn what_is_refused_leaves_the_plugin_its_menu_and_its_file_alone() {
    let site = site(&["simulator"], "# mine\nconfig.seed = 7 # lucky\n");
    let served = Served::start(site);
    let before = (
        file(&served.site),
        served.get("/api/plugins").json(),
        served.get("/api/plugins/menu").json(),
        served.get("/api/plugins/simulator/config").json(),
    );
    assert_ne!(before.2["sections"], json!([]));
    for (body, status) in [
        (&br#"{"config": {"seed": -1}}"#[..], 422),
        (br#"{"config": {"seed": 8, "sed": 8}}"#, 422),
        (br#"{"config": {"seed": 1e999}}"#, 400),
        (br#"{"config": {"seed": 8}"#, 400),
        (br#"{"config": {"seed": 8}} {}"#, 400),
        (b"{\"config\": {\"seed\": 8, \"\xff\": 8}}", 400),
        (b"", 400),
    ] {
        let refused = served.post("/api/plugins/simulator/config", body);
        assert_eq!(refused.status, status, "{}", String::from_utf8_lossy(body));
        let after = (
            file(&served.site),
            served.get("/api/plugins").json(),
            served.get("/api/plugins/menu").json(),
            served.get("/api/plugins/simulator/config").json(),
        );
        assert_eq!(after, before, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_configuration_of_one_that_does_not_run_holds_from_its_start() {
    let site = site(&["heartbeat"], "");
    let served = Served::start(site);
    served.post("/api/plugins/heartbeat/stop", "");
    let saved = served.post(
        "/api/plugins/heartbeat/config",
        "{\"config\": {\"period_ms\": 333}}",
    );
    assert_eq!(saved.status, 200, "{}", saved.text());
    served.post("/api/plugins/heartbeat/start", "");
    let mut served = served;
    served.host().wait("a tick every 333 ms");
}

#[test]
fn a_reload_takes_what_stands_in_the_file() {
    let site = site(&["heartbeat"], "config.period_ms = 500\n");
    let mut served = Served::start(site);
    let changed = file(&served.site).replace("500", "444");
    fs::write(served.site.root().join("jackfield.toml"), changed).unwrap();
    let would = served
        .post("/api/plugins/heartbeat/reload?dry_run=true", "")
        .json();
    assert_eq!(would["dry_run"], true);
    assert_eq!(served.post("/api/plugins/heartbeat/reload", "").status, 200);
    served.host().wait("a tick every 444 ms");
    let broken = file(&served.site).replace("444", "\"x\"");
    fs::write(served.site.root().join("jackfield.toml"), broken).unwrap();
    let refused = served.post("/api/plugins/heartbeat/reload", "");
    assert_eq!(refused.status, 409);
    assert_eq!(served.get("/heartbeat/health").status, 200);
}
