//! Does the simulator make figures up that others can set?

use super::Scene;
use serde_json::{Value, json};

#[test]
fn figures_are_set_and_incidents_resolved() {
    let scene = Scene::start("simulator", &json!({ "seed": 7 }));
    let metrics = scene.get("/metrics");
    assert_eq!(metrics["seed"], 7);
    assert_eq!(metrics["metrics"].as_object().unwrap().len(), 6);

    let set = json!({ "metric": "queue_length", "value": 3.5 });
    let (status, overrides) = scene.json("POST", "/overrides", &set);
    assert_eq!(
        (status, &overrides["overrides"][0]["value"]),
        (200, &json!(3.5))
    );
    assert_eq!(scene.get("/metrics")["metrics"]["queue_length"], 3.5);

    let (status, incident) = scene.json("POST", "/incidents", &json!({ "title": "on fire" }));
    assert_eq!((status, &incident["severity"]), (201, &json!("minor")));
    let (status, _) = scene.json("POST", "/incidents/1/resolve", &Value::Null);
    assert_eq!(status, 200);
    let (status, restarted) = scene.json("POST", "/restart", &Value::Null);
    assert_eq!((status, restarted), (200, json!({ "restarts": 1 })));
    assert_eq!(scene.get("/overrides"), json!({ "overrides": [] }));

    let (status, refused) = scene.json("POST", "/overrides", &json!({ "metric": 7 }));
    assert_eq!(status, 400, "{refused}");
    scene.stop();
}
