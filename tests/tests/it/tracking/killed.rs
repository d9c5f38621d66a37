//! Is every metric that a backend has acknowledged still there when its host was killed?

use super::{Scene, entry, get, no_config, post, stop, until};
use jackfield_loader::{Loader, Options};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

/// Set for the child to the site that it works in.
const SITE: &str = "JACKFIELD_TEST_SITE";

#[test]
#[ignore = "the child of what_was_acknowledged_survives_a_kill"]
#[expect(
    clippy::disallowed_methods,
    reason = "a child is told its site by its environment"
)]
fn killed_child() {
    let root = PathBuf::from(std::env::var_os(SITE).unwrap());
    let loader = Loader::open(Options::new(root.join("plugins"), root.join("state"))).unwrap();
    loader.start();
    for step in 1_u64.. {
        let body = json!({"name": "loss", "value": 0.5, "step": step});
        post(&loader, "tracker", "/metric", body);
        until("the acknowledgement", || {
            entry(&loader, "backends", "sqlite-backend")
                .filter(|entry| entry["written"].as_u64() >= Some(step))
        });
        println!("acknowledged {step}");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let scene = Scene::new()
        .with("sqlite-backend", no_config())
        .with("tracker", no_config());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tracking::killed::killed_child",
            "--ignored",
            "--nocapture",
        ])
        .env(SITE, scene.site.root())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let acknowledged: Vec<u64> = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
        .take(20)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(acknowledged, (1..=20).collect::<Vec<_>>());

    let loader = scene.start();
    let points = get(
        &loader,
        "sqlite-backend",
        "/experiments/1/metrics/loss?limit=20",
    );
    let steps = points["points"].as_array().unwrap().iter();
    let steps: Vec<u64> = steps.map(|point| point["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, acknowledged);
    let killed = get(&loader, "sqlite-backend", "/experiments/1");
    assert_eq!(killed["ended_unix_ms"], Value::Null);
    stop(&loader);
}
