//! Does each collector reach each backend that the rules name, whatever the others do?

use super::{Scene, entry, get, kept, plugin, post, stop, until};
use jackfield_loader::{HealthStatus, Loader};
use jackfield_manifest::OnPanic;
use serde_json::{Value, json};

#[test]
fn the_rules_say_what_goes_where() {
    let scene = Scene::new()
        .tracked(1, json!({"collector": "counts"}))
        .tracked(2, json!({"backend": "keeps"}))
        .tracked(3, json!({"backend": "keeps"}))
        .with(
            "tracker",
            json!({"rules": [
                {"source": "tracked-0001.*", "metric": "cpu.*", "target": "tracked-0002"},
                {"metric": "count"},
                {"metric": "count", "target": "tracked-0003", "exclude": true},
                {"type": "params", "target": "tracked-0003"},
            ], "params": {"lr": 0.1}}),
        );
    let loader = scene.start();
    let some = kept(&loader, 2, 6);
    let metrics = some["metrics"].as_array().unwrap();
    for (at, pair) in metrics.chunks_exact(2).enumerate() {
        let step = at + 1;
        let expected = [
            json!({"name": "tracked-0001.count", "value": step as f64, "step": step}),
            json!({"name": "tracked-0001.cpu.percent", "value": 12.5, "step": step}),
        ];
        assert_eq!(pair, expected);
    }
    assert_eq!(some["params"], json!({}));
    until("the parameter", || {
        let other = kept(&loader, 3, 0);
        assert_eq!(other["metrics"], json!([]));
        (other["params"] == json!({"lr": 0.1})).then_some(other)
    });
    let asked = get(&loader, "tracker", "/rules?source=a&metric=count");
    assert_eq!(asked["targets"], json!(["tracked-0002"]));
    assert_eq!(asked["rules"].as_array().unwrap().len(), 4);
    stop(&loader);
}

#[test]
fn whoever_fails_panics_or_hangs_keeps_nobody_waiting() {
    let scene = Scene::new()
        .tracked(1, json!({"collector": "counts"}))
        .tracked(2, json!({"collector": "fails"}))
        .tracked(3, json!({"collector": "panics"}))
        .tracked(4, json!({"collector": "hangs"}))
        .tracked(5, json!({"backend": "keeps"}))
        .tracked(6, json!({"backend": "fails"}))
        .tracked(7, json!({"backend": "panics"}))
        .tracked(8, json!({"backend": "hangs"}))
        .tracked(9, json!({"backend": "refuses"}))
        .with("tracker", json!({}));
    let mut options = scene.options();
    // Each panic is theirs alone: stopped and started again, they would be given up in time.
    for id in ["tracked-0003", "tracked-0007"] {
        let settings = options.settings.get_mut(id).unwrap();
        settings.on_panic = Some(OnPanic::Continue);
    }
    let loader = Loader::open(options).unwrap();
    loader.start();
    // Three metrics each time: it goes on while the others are at their worst.
    kept(&loader, 5, 30);
    let fault = |list: &str, id: &str| {
        let entry = until(id, || {
            entry(&loader, list, id).filter(|entry| !entry["fault"].is_null())
        });
        entry["fault"].as_str().unwrap().to_owned()
    };
    assert_eq!(fault("collectors", "tracked-0002"), "not now");
    assert_eq!(fault("collectors", "tracked-0003"), "it panicked: as told");
    assert_eq!(fault("backends", "tracked-0006"), "not now");
    assert_eq!(fault("backends", "tracked-0007"), "it panicked: as told");
    assert_eq!(fault("backends", "tracked-0009"), "not that");
    let hung = entry(&loader, "collectors", "tracked-0004").unwrap();
    assert!(hung["collecting_for_ms"].is_u64() && hung["fault"].is_null());
    let hung = entry(&loader, "backends", "tracked-0008").unwrap();
    assert!(hung["writing_for_ms"].is_u64(), "{hung}");
    let error = hung["status_error"].as_str().unwrap();
    assert!(
        [
            "it did not answer within 2s",
            "it has not answered an earlier question yet"
        ]
        .contains(&error),
        "{error}"
    );
    let good = entry(&loader, "backends", "tracked-0005").unwrap();
    assert!(good["status"]["kept"].as_u64() >= Some(30), "{good}");
    let health = plugin(&loader, "tracker").health().unwrap();
    assert_eq!(health.status, HealthStatus::Degraded);
    assert!(
        health.message.contains("backend tracked-0006: not now"),
        "{health:?}"
    );
    for id in ["tracked-0004", "tracked-0008"] {
        post(&loader, id, "/release", Value::Null);
    }
    stop(&loader);
}

#[test]
fn what_is_kept_is_given_once_and_one_that_is_no_good_costs_itself_only() {
    let scene = Scene::new()
        .tracked(1, json!({"backend": "picks"}))
        .tracked(2, json!({"backend": "stumbles"}))
        .with("tracker", json!({}));
    let loader = scene.start();
    let many: Vec<Value> = (0..10)
        .map(|step| json!({"name": "loss", "value": if step % 4 == 3 { -1 } else { 1 }, "step": step}))
        .collect();
    let (status, _) = post(&loader, "tracker", "/metric", json!(many));
    assert_eq!(status, 202);
    let steps = |number, count| {
        let kept = kept(&loader, number, count);
        let metrics = kept["metrics"].as_array().unwrap().iter();
        let steps: Vec<u64> = metrics.map(|one| one["step"].as_u64().unwrap()).collect();
        steps
    };
    // It refuses what is negative.
    assert_eq!(steps(1, 8), [0, 1, 2, 4, 5, 6, 8, 9]);
    // It can take none each third time.
    assert_eq!(steps(2, 10), (0..10).collect::<Vec<_>>());
    for (id, written, failed) in [("tracked-0001", 8, 2), ("tracked-0002", 10, 0)] {
        until(id, || {
            let entry = entry(&loader, "backends", id)?;
            (entry["written"] == written && entry["failed"] == failed).then_some(entry)
        });
    }
    stop(&loader);
}

#[test]
fn a_backend_that_hangs_costs_its_queue_and_then_its_oldest() {
    let scene = Scene::new()
        .tracked(1, json!({"backend": "hangs"}))
        .with("tracker", json!({"queue_bytes": 1024}));
    let loader = scene.start();
    let metric = |step: u32| {
        let body = json!({"name": "loss", "value": 1.0, "step": step});
        let (status, body) = post(&loader, "tracker", "/metric", body);
        assert_eq!(status, 202);
        assert_eq!(body, json!({"targets": ["tracked-0001"], "metrics": 1}));
    };
    metric(1);
    let (status, _) = super::ask(&loader, "tracked-0001", "GET", "/inside", "");
    assert_eq!(status, 204);
    // 100 bytes each: ten fit.
    (2..=21).for_each(metric);
    let health = plugin(&loader, "tracker").health().unwrap();
    let details: Value = serde_json::from_str(&health.metadata).unwrap();
    assert_eq!(details["dropped"], 10);
    post(&loader, "tracked-0001", "/release", Value::Null);
    let some = kept(&loader, 1, 11);
    let metrics = some["metrics"].as_array().unwrap();
    let steps: Vec<u64> = metrics
        .iter()
        .map(|metric| metric["step"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [1, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    stop(&loader);
}
