//! Does the tracker take backends and collectors that come, and let go of those that stop?

use super::{Scene, entry, get, kept, plugin, post, soon, stop, until};
use jackfield_loader::{HealthStatus, State, Unload};
use serde_json::{Value, json};

fn refresh() -> Value {
    json!({"refresh_ms": 10, "params": {"seed": 7}})
}

#[test]
fn without_a_backend_it_runs_and_says_so() {
    let scene = Scene::new()
        .tracked(1, json!({"collector": "counts"}))
        .with("tracker", refresh());
    let loader = scene.start();
    assert_eq!(loader.status("tracker").unwrap().state, State::Running);
    let health = plugin(&loader, "tracker").health().unwrap();
    assert_eq!(health.status, HealthStatus::Degraded);
    assert_eq!(
        health.message,
        "no backend runs: what is collected goes nowhere"
    );
    let (status, body) = post(
        &loader,
        "tracker",
        "/metric",
        json!({"name": "a", "value": 1}),
    );
    assert_eq!((status, body), (503, json!({"detail": "no backend runs"})));
    stop(&loader);
}

#[test]
fn it_starts_after_the_backends_that_there_are() {
    // Its id and its priority would have it start first.
    let scene = Scene::new()
        .tracked(1, json!({"backend": "keeps"}))
        .with("tracker", refresh());
    let mut options = scene.options();
    options.settings.get_mut("tracker").unwrap().priority = Some(-5);
    let loader = jackfield_loader::Loader::open(options).unwrap();
    let proposal = loader.start();
    let order: Vec<&str> = proposal
        .plan
        .start
        .iter()
        .map(|step| proposal.plugins[step.node].manifest.id.as_str())
        .collect();
    assert_eq!(order, ["tracked-0001", "tracker"]);
    stop(&loader);
}

#[test]
fn a_backend_that_stops_is_let_go_and_one_that_comes_is_taken() {
    let scene = Scene::new()
        .tracked(1, json!({"collector": "counts"}))
        .tracked(2, json!({"backend": "keeps"}))
        .with("tracker", refresh());
    let loader = scene.start();
    kept(&loader, 2, 3);
    loader.stop_plugin("tracked-0002", soon()).unwrap();
    let status = loader.status("tracked-0002").unwrap();
    assert_eq!(status.unload, Some(Unload::Unmapped));
    assert_eq!(get(&loader, "tracker", "/status")["backends"], json!([]));

    loader.start_plugin("tracked-0002", soon()).unwrap();
    kept(&loader, 2, 3);
    until("the parameter", || {
        let kept = kept(&loader, 2, 0);
        (kept["params"] == json!({"seed": 7})).then_some(kept)
    });
    // The collector comes and goes likewise, and is asked from step 1 on.
    loader.stop_plugin("tracked-0001", soon()).unwrap();
    let status = loader.status("tracked-0001").unwrap();
    assert_eq!(status.unload, Some(Unload::Unmapped));
    assert_eq!(entry(&loader, "collectors", "tracked-0001"), None);
    loader.start_plugin("tracked-0001", soon()).unwrap();
    until("the collector", || {
        entry(&loader, "collectors", "tracked-0001").filter(|entry| entry["readings"] != 0)
    });
    stop(&loader);
}

#[test]
fn what_waits_when_the_tracker_stops_is_written() {
    let scene = Scene::new()
        .with("sqlite-backend", json!({}))
        .with("tracker", json!({}));
    let loader = scene.start();
    let many: Vec<Value> = (0..3000)
        .map(|step| json!({"name": "loss", "value": 0.5, "step": step}))
        .collect();
    let (status, _) = post(&loader, "tracker", "/metric", json!(many));
    assert_eq!(status, 202);
    loader.stop_plugin("tracker", soon()).unwrap();
    let series = get(&loader, "sqlite-backend", "/experiments/current/metrics");
    assert_eq!(series["metrics"][0]["count"], 3000);
    stop(&loader);
}
