//! Is what the host says of itself and of its plugins what clients expect, and true?

use super::{Got, Served, site};
use serde_json::{Value, json};

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn ids(got: &Got) -> Vec<String> {
    let plugins = got.json()["plugins"].as_array().unwrap().clone();
    plugins
        .iter()
        .map(|plugin| plugin["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn with_nothing_enabled_there_is_nothing() {
    let served = Served::start(site(&[], "[host]\nenable_by_default = false\n"));
    assert_eq!(
        served.get("/api/plugins").text(),
        r#"{"count":0,"plugins":[]}"#
    );
    assert_eq!(served.get("/api/plugins/menu").text(), r#"{"sections":[]}"#);
    assert_eq!(
        served.get("/api/v1/status").json(),
        json!({"discovered": 0, "loaded": 0, "active": 0, "errors": 0, "plugins": {}})
    );
    let detailed = served.get("/api/v1/health/detailed").json();
    assert_eq!(detailed["container"], "healthy");
    assert_eq!(
        detailed["summary"],
        json!({"total": 0, "healthy": 0, "unhealthy": 0})
    );
}

#[test]
fn the_list_has_what_is_enabled_or_all() {
    let site = site(&["echo", "greeter"], "");
    site.add("heartbeat");
    let served = Served::start(site);
    let list = served.get("/api/plugins");
    assert_eq!(
        (ids(&list), list.json()["count"].clone()),
        (vec!["echo".to_owned(), "greeter".to_owned()], json!(2))
    );
    let first = &list.json()["plugins"][0];
    assert_eq!(
        keys(first)[..5],
        ["id", "name", "version", "description", "author"]
    );
    assert_eq!(
        (&first["state"], &first["enabled"], &first["reason"]),
        (&json!("running"), &json!(true), &Value::Null)
    );
    assert_eq!(first["hash"].as_str().unwrap().len(), 64);
    let all = served.get("/api/plugins?all=true");
    assert_eq!(ids(&all), ["echo", "greeter", "heartbeat"]);
    let disabled = &all.json()["plugins"][2];
    assert_eq!(
        (&disabled["state"], &disabled["enabled"]),
        (&json!("disabled"), &json!(false))
    );
    assert_eq!(disabled["started_at"], Value::Null);
    let bad = served.get("/api/plugins?all=maybe");
    assert_eq!(
        (bad.status, bad.detail()),
        (
            400,
            "`all` in the query: expected true or false, found `maybe`".to_owned()
        )
    );
    assert_eq!(
        served.get("/api/plugins/echo").json(),
        list.json()["plugins"][0]
    );
    let unknown = served.get("/api/plugins/ehco");
    assert_eq!(
        (unknown.status, unknown.detail()),
        (404, "Plugin 'ehco' not found".to_owned())
    );
    assert_eq!(unknown.json()["did_you_mean"], "echo");
}

#[test]
fn every_plugin_has_a_version_a_health_and_a_place_in_the_topology() {
    let site = site(&["heartbeat"], "[host]\nedge = \"here\"\n");
    site.add("echo");
    let served = Served::start(site);
    assert_eq!(
        served.get("/heartbeat/version").text(),
        r#"{"version":"1.0.0"}"#
    );
    let health = served.get("/heartbeat/health").json();
    for (key, value) in [
        ("status", json!("healthy")),
        ("plugin", json!("heartbeat")),
        ("name", json!("Heartbeat")),
        ("healthy", json!(true)),
        ("state", json!("running")),
        ("version", json!("1.0.0")),
        ("active_sessions", json!(0)),
        ("enabled", json!(true)),
        (
            "configuration",
            json!({"has_config": true, "config_keys": ["period_ms"]}),
        ),
    ] {
        assert_eq!(health[key], value, "{key}");
    }
    assert_eq!(
        keys(&health["metadata"]),
        ["version", "description", "priority", "dependencies"]
    );
    assert!(health["uptime_seconds"].as_f64().unwrap() >= 0.0);
    let out = served.get("/echo/health");
    assert_eq!(
        (out.status, out.json()["healthy"].clone()),
        (503, json!(false))
    );
    assert_eq!(served.post("/heartbeat/version", "").status, 405);
    assert_eq!(served.get("/nobody/version").status, 404);
    let plugin = json!({
        "type": "heartbeat",
        "namespace": "/here/heartbeat",
        "version": "1.0.0",
        "enabled": true,
        "state": "running",
        "ui_config": {},
    });
    let topology = json!({"data": {
        "bridge": {"url": served.url("")},
        "edges": {"here": {
            "endpoint": {"type": "jackfield"},
            "plugins": {"heartbeat": plugin},
        }},
    }});
    assert_eq!(served.get("/edge/list").json(), topology);
    assert_eq!(served.post("/edge/list", "").json(), topology);
    assert_eq!(
        served.get("/edges").json(),
        json!({
            "edges": [{"name": "here", "plugins": ["heartbeat"], "connected": true, "plugin_count": 1}],
            "total": 1,
        })
    );
    assert_eq!(served.post("/edge/disconnect/there", "").status, 404);
    assert_eq!(served.post("/edge/disconnect/here", "").status, 409);
}

#[test]
fn the_host_says_how_it_does() {
    let served = Served::start(site(&["heartbeat"], ""));
    assert_eq!(served.get("/healthz").text(), r#"{"status":"ok"}"#);
    assert_eq!(served.get("/health/live").status, 200);
    let host = served.get("/api/v1/health").json();
    assert_eq!(
        keys(&host),
        [
            "status",
            "service",
            "version",
            "timestamp",
            "uptime_seconds"
        ]
    );
    assert_eq!(host["service"], "jackfield");
    let detailed = served.get("/api/v1/health/detailed").json();
    assert_eq!(detailed["container"], "healthy");
    assert_eq!(detailed["services"]["heartbeat"]["healthy"], true);
    assert_eq!(
        detailed["summary"],
        json!({"total": 1, "healthy": 1, "unhealthy": 0})
    );
    let process = &detailed["process"];
    assert!(process["pid"].as_u64().unwrap() > 0);
    for key in ["memory_mb", "cpu_percent", "threads", "open_files"] {
        assert!(process[key].as_f64().unwrap() > 0.0, "{key}: {process}");
    }
}

#[test]
fn one_that_failed_makes_the_container_degraded_and_is_counted() {
    let site = site(&["echo"], "");
    site.add("misbehave");
    let text = std::fs::read_to_string(site.root().join("jackfield.toml")).unwrap();
    let own = "[plugins.misbehave]\nenabled = true\nrestart = \"never\"\n\
               config.mode = \"error-in-start\"\n";
    std::fs::write(site.root().join("jackfield.toml"), text + own).unwrap();
    let served = Served::start(site);
    let detailed = served.get("/api/v1/health/detailed").json();
    assert_eq!(detailed["container"], "degraded");
    assert_eq!(
        detailed["summary"],
        json!({"total": 2, "healthy": 1, "unhealthy": 1})
    );
    assert!(
        detailed["services"]["misbehave"]["error"].is_string(),
        "{detailed}"
    );
    let status = served.get("/api/v1/status").json();
    assert_eq!(
        (&status["discovered"], &status["active"], &status["errors"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert!(
        status["plugins"]["misbehave"]["error"].is_string(),
        "{status}"
    );
    assert_eq!(status["plugins"]["echo"]["status"], json!({}));
    let call = served.get("/misbehave/fine");
    assert_eq!(
        (call.status, call.json()["state"].clone()),
        (503, json!("failed"))
    );
}

#[test]
fn plans_graphs_and_reasons_are_those_of_the_command_line() {
    let site = site(&["echo"], "");
    site.add("heartbeat");
    let served = Served::start(site);
    let plan = served.get("/api/plan").json();
    assert_eq!(plan["start"][0]["id"], "echo");
    assert_eq!(plan["rejected"][0]["code"], "disabled");
    let graph = served.get("/api/graph").json();
    assert_eq!(
        graph["nodes"],
        json!([{"id": "echo", "version": "1.0.0", "plan": "starts", "note": "", "state": "running"}])
    );
    assert_eq!(
        served.get("/api/plugins/echo/why").json()["outcome"],
        "starts"
    );
    let why = served.get("/api/plugins/heartbeat/why").json();
    assert_eq!(why["outcome"], "left-out");
    assert_eq!(served.get("/api/plugins/nobody/why").status, 404);
}
