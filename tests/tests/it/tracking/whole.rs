//! Do the real collector, the tracker and the real backend work together, and keep what they have?

use super::{Scene, ask, entry, get, plugin, post, refused, soon, stop, until};
use jackfield_loader::HealthStatus;
use serde_json::{Value, json};
use std::fs;

fn scene() -> Scene {
    Scene::new()
        .with(
            "system-collector",
            json!({"interval_ms": 200, "include_processes": true, "process_limit": 3}),
        )
        .with(
            "sqlite-backend",
            json!({"experiment": "first", "artifact_limit_mb": 1}),
        )
        .with(
            "tracker",
            json!({
                "rules": [{}, {"metric": "top_processes.*", "exclude": true}],
                "params": {"machine": "here"},
            }),
        )
}

/// All that a reading has, in this order.
const FIELDS: [&str; 24] = [
    "timestamp",
    "uptime",
    "system_uptime",
    "cpu_percent",
    "cpu_count_logical",
    "cpu_count_physical",
    "cpu_freq",
    "memory_total",
    "memory_available",
    "memory_used",
    "memory_percent",
    "swap_total",
    "swap_used",
    "swap_percent",
    "disk_total",
    "disk_used",
    "disk_percent",
    "disk_read_bytes",
    "disk_write_bytes",
    "network_bytes_sent",
    "network_bytes_recv",
    "network_bytes_sent_rate",
    "network_bytes_recv_rate",
    "top_processes",
];

fn keys(value: &Value) -> Vec<&str> {
    let map = value.as_object().unwrap();
    map.keys().map(String::as_str).collect()
}

#[test]
fn the_machine_is_measured_and_kept() {
    let scene = scene();
    let loader = scene.start();
    let (status, collected) = post(&loader, "tracker", "/collect", Value::Null);
    assert_eq!(status, 200);
    assert!(!collected["system-collector"].is_null(), "{collected}");
    let path = "/experiments/current/metrics/system-collector.memory_total?from=2&limit=1";
    let point = until("the second reading", || {
        let (status, body) = ask(&loader, "sqlite-backend", "GET", path, "");
        let body: Value = serde_json::from_slice(&body).unwrap();
        let point = body["points"].get(0).cloned();
        point.filter(|_| status == 200)
    });
    assert_eq!(point["step"], 2);
    assert!(point["value"].as_f64() > Some(1e6) && point["time_unix_ms"].as_i64() > Some(0));
    let current = "/experiments/current";
    let series = get(&loader, "sqlite-backend", &format!("{current}/metrics"));
    let series = series["metrics"].as_array().unwrap();
    let names: Vec<&str> = series
        .iter()
        .map(|series| series["name"].as_str().unwrap())
        .collect();
    for name in [
        "timestamp",
        "uptime",
        "cpu_count_logical",
        "memory_total",
        "memory_available",
        "memory_percent",
        "swap_total",
        "disk_read_bytes",
        "network_bytes_sent",
        "network_bytes_recv_rate",
    ] {
        let name = format!("system-collector.{name}");
        assert!(names.contains(&&*name), "{name} of {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("top_processes")));
    assert_eq!(
        get(&loader, "sqlite-backend", &format!("{current}/params")),
        json!({"machine": "here"})
    );
    let reading = get(&loader, "system-collector", "/collect");
    assert_eq!(keys(&reading), FIELDS);
    assert_eq!(keys(&reading["cpu_freq"]), ["current", "min", "max"]);
    let processes = reading["top_processes"].as_array().unwrap();
    assert!((1..=3).contains(&processes.len()), "{reading}");
    assert_eq!(
        keys(&processes[0]),
        ["pid", "name", "cpu_percent", "memory_percent"]
    );
    let collector = entry(&loader, "collectors", "system-collector").unwrap();
    assert_eq!(collector["status"]["active"], true, "{collector}");
    for id in ["system-collector", "sqlite-backend", "tracker"] {
        let health = plugin(&loader, id).health().unwrap();
        assert_eq!(health.status, HealthStatus::Healthy, "{id}: {health:?}");
    }
    stop(&loader);
}

#[test]
fn experiments_outlive_a_run() {
    let scene = scene();
    let loader = scene.start();
    post(
        &loader,
        "tracker",
        "/params",
        json!({"params": {"lr": 0.1}}),
    );
    let body = json!({"name": "train/loss", "value": 0.25, "step": 1});
    post(&loader, "tracker", "/metric", body);
    loader.stop_plugin("tracker", soon()).unwrap();
    stop(&loader);
    drop(loader);

    let loader = scene.start();
    let all = get(&loader, "sqlite-backend", "/experiments");
    let all = all["experiments"].as_array().unwrap();
    assert_eq!(
        (&all[0]["id"], &all[0]["current"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        (&all[1]["id"], &all[1]["current"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(all[1]["name"], "first");
    assert!(all[1]["ended_unix_ms"].as_i64() >= all[1]["started_unix_ms"].as_i64());
    let points = get(
        &loader,
        "sqlite-backend",
        "/experiments/1/metrics/train%2Floss",
    );
    assert_eq!(points["points"][0]["value"], 0.25);
    let params = get(&loader, "sqlite-backend", "/experiments/1/params");
    assert_eq!(params, json!({"lr": 0.1, "machine": "here"}));

    let backend = "sqlite-backend";
    let deleted = ask(&loader, backend, "DELETE", "/experiments/1", "");
    assert_eq!(deleted, (204, Vec::new()));
    assert_eq!(
        refused(&loader, backend, "GET", "/experiments/1", ""),
        (404, "there is no experiment `1`".to_owned())
    );
    assert_eq!(
        refused(&loader, backend, "DELETE", "/experiments/current", ""),
        (
            409,
            "experiment 2 is under way: it can be deleted when it is over".to_owned()
        )
    );
    stop(&loader);
}

#[test]
fn an_artifact_comes_back_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("model.bin");
    let bytes: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    fs::write(&file, &bytes).unwrap();
    let scene = Scene::new()
        .with("sqlite-backend", json!({"artifact_limit_mb": 1}))
        .with("tracker", json!({"artifact_roots": [place.path()]}));
    let loader = scene.start();
    let log = |local: &std::path::Path| {
        let body = json!({"path": local, "artifact_path": "models/best.bin"});
        let (status, body) = post(&loader, "tracker", "/artifact", body);
        assert_eq!(status, 202, "{body}");
    };
    log(&file);
    let listed = until("the artifact", || {
        let all = get(&loader, "sqlite-backend", "/experiments/current/artifacts");
        all["artifacts"].get(0).cloned()
    });
    assert_eq!(
        (&listed["path"], &listed["bytes"]),
        (&json!("models/best.bin"), &json!(300_000))
    );
    let hash = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(listed["sha256"], hash);
    let whole = "/experiments/current/artifact?path=models/best.bin";
    assert_eq!(
        ask(&loader, "sqlite-backend", "GET", whole, ""),
        (200, bytes.clone())
    );
    let part = format!("{whole}&offset=299990&length=100");
    assert_eq!(
        ask(&loader, "sqlite-backend", "GET", &part, ""),
        (200, bytes[299_990..].to_vec())
    );

    // Too large: it is given up, and what was there stays.
    let large = place.path().join("large.bin");
    fs::File::create(&large)
        .unwrap()
        .set_len((1 << 20) + 1)
        .unwrap();
    log(&large);
    let entry = until("the refusal", || {
        entry(&loader, "backends", "sqlite-backend").filter(|entry| entry["failed"] == 1)
    });
    let large = large.canonicalize().unwrap();
    assert_eq!(
        entry["fault"],
        format!(
            "{}: expected at most 1048576 bytes (`artifact_limit_mb`), found more",
            large.display()
        )
    );
    assert_eq!(
        ask(&loader, "sqlite-backend", "GET", whole, ""),
        (200, bytes)
    );
    stop(&loader);
}

#[test]
fn a_bad_question_is_refused() {
    let scene = Scene::new().with("sqlite-backend", json!({}));
    let loader = scene.start();
    let cases = [
        (
            "/experiments?limit=0",
            400,
            "limit: expected a number from 1 to 10000, found `0`",
        ),
        (
            "/experiments?befor=1",
            400,
            "expected one of `before`, `limit`, found `befor`",
        ),
        ("/experiments/nine", 404, "there is no experiment `nine`"),
        (
            "/experiments/current/metrics/a?from=b",
            400,
            "from: expected a whole number, found `b`",
        ),
        (
            "/experiments/current/metrics/a",
            404,
            "experiment 1 has no metric `a`",
        ),
        (
            "/experiments/current/artifact",
            400,
            "path: expected that of an artifact, found none",
        ),
        (
            "/experiments/current/artifact?path=../x",
            404,
            "experiment 1 has no artifact `../x`",
        ),
    ];
    for (path, status, message) in cases {
        let answer = refused(&loader, "sqlite-backend", "GET", path, "");
        assert_eq!(answer, (status, message.to_owned()), "{path}");
    }
    stop(&loader);
}
