use super::*;
use plugin_api::serde_json::{Value, json};
use testkit::{Ask, Testkit};

fn kit(config: Value) -> Testkit<Simulator> {
    Testkit::builder().config(config).start().unwrap()
}

fn get(kit: &Testkit<Simulator>, path: &str) -> Value {
    let answer = kit.get(path).unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.read_json().unwrap()
}

fn post(kit: &Testkit<Simulator>, path: &str, body: &Value) -> (u16, Value) {
    let answer = kit.post(path, body).unwrap();
    (answer.status(), answer.read_json().unwrap())
}

#[test]
fn two_of_one_seed_show_the_same() {
    let figures = |seed| {
        let kit = kit(json!({ "seed": seed }));
        kit.advance(Duration::from_millis(90_500));
        get(&kit, "/metrics")
    };
    assert_eq!(figures(7), figures(7));
    assert_ne!(figures(7)["metrics"], figures(8)["metrics"]);
    assert_eq!(figures(7)["time_s"], 90.5);
}

#[test]
fn a_figure_is_set_and_comes_back() {
    let kit = kit(json!({}));
    let body = json!({ "metric": "cpu_percent", "value": 12.5, "ttl_s": 10 });
    let held =
        |ttl| json!({ "overrides": [{ "metric": "cpu_percent", "value": 12.5, "ttl_s": ttl }] });
    assert_eq!(post(&kit, "/overrides", &body), (200, held(10.0)));
    kit.advance(Duration::from_secs(4));
    assert_eq!(get(&kit, "/overrides"), held(6.0));
    assert_eq!(get(&kit, "/metrics")["metrics"]["cpu_percent"], 12.5);
    kit.advance(Duration::from_secs(6));
    assert_eq!(get(&kit, "/metrics")["overridden"], json!([]));

    post(&kit, "/overrides", &body);
    for removed in [1, 0] {
        let ask = Ask::new("DELETE", "/overrides/cpu_percent");
        let answer: Value = kit.request(ask).unwrap().read_json().unwrap();
        assert_eq!(answer, json!({ "removed": removed }));
    }
    let (status, refused) = post(&kit, "/overrides", &json!({ "metric": "cpu_percent" }));
    assert_eq!(status, 400);
    assert!(
        refused["detail"].as_str().unwrap().contains("value"),
        "{refused}"
    );
}

#[test]
fn an_incident_is_opened_and_resolved() {
    let kit = kit(json!({}));
    let body =
        json!({ "title": "slow", "severity": "critical", "metric": "latency_ms", "factor": 0 });
    let (status, opened) = post(&kit, "/incidents", &body);
    assert_eq!(
        (status, &opened["id"], &opened["open"]),
        (201, &json!(1), &json!(true))
    );
    assert_eq!(get(&kit, "/metrics")["metrics"]["latency_ms"], 0.0);
    let (status, resolved) = post(&kit, "/incidents/1/resolve", &json!({}));
    assert_eq!((status, &resolved["open"]), (200, &json!(false)));
    assert_eq!(get(&kit, "/incidents"), json!({ "incidents": [resolved] }));
    let unknown = post(&kit, "/incidents/2/resolve", &json!({}));
    assert_eq!(unknown, (404, json!({ "detail": "unknown incident: 2" })));
}

#[test]
fn a_restart_begins_anew() {
    let kit = kit(json!({}));
    let begin = get(&kit, "/metrics")["metrics"].clone();
    kit.advance(Duration::from_secs(100));
    assert_ne!(get(&kit, "/metrics")["metrics"], begin);
    assert_eq!(
        post(&kit, "/restart", &json!({})),
        (200, json!({ "restarts": 1 }))
    );
    assert_eq!(get(&kit, "/metrics")["metrics"], begin);
}

#[test]
fn figures_are_published_where_that_is_asked_for() {
    let kit = kit(json!({ "publish_every_ms": 1000 }));
    kit.advance(Duration::from_millis(2500));
    let topics: Vec<String> = kit
        .published()
        .into_iter()
        .map(|event| event.topic)
        .collect();
    assert_eq!(topics, [TOPIC; 2]);
    let last: Value = kit.published()[1].json().unwrap();
    assert_eq!(last["time_s"], 2.0);
}

#[test]
fn incidents_are_told_of() {
    let kit = kit(json!({}));
    post(&kit, "/incidents", &json!({ "title": "slow" }));
    post(&kit, "/incidents/1/resolve", &json!({}));
    let told: Vec<Value> = kit
        .published()
        .iter()
        .map(|event| {
            assert_eq!(event.topic, "notifications");
            event.json().unwrap()
        })
        .collect();
    let notification = |state| {
        let data = json!({ "id": 1, "title": "slow", "severity": "minor", "state": state });
        json!({ "topic": "incident", "data": data })
    };
    assert_eq!(told, [notification("open"), notification("resolved")]);
}

/// What `plugin.toml` offers is what there is.
#[test]
fn its_forms_offer_every_figure() {
    let manifest = include_str!("../plugin.toml");
    let names: Vec<String> = SIGNALS.iter().map(|s| format!("\"{}\"", s.name)).collect();
    let options = format!("options = [{}]", names.join(", "));
    assert_eq!(manifest.matches(&options).count(), 2);
    assert!(manifest.contains(&format!("topic = \"{NOTIFICATION}\"")));
    let module = include_str!("../ui/module.js");
    assert!(module.contains(&format!("topic: \"{NOTIFICATION}\"")));
}

#[test]
fn it_tells_of_itself() {
    let kit = kit(json!({}));
    let menu = kit.describe("menu").unwrap();
    assert_eq!(menu[0]["items"][0]["path"], "/simulator/metrics");
    let signals = get(&kit, "/signals");
    assert_eq!(
        signals[0],
        json!({ "name": "cpu_percent", "unit": "%", "least": 0.0, "most": 100.0 })
    );
    // Every route of its own says what it is for.
    let routes = kit.describe("routes").unwrap();
    let routes = routes["routes"].as_array().unwrap();
    let silent = routes.iter().filter(|route| route["summary"].is_null());
    let silent: Vec<&Value> = silent.map(|route| &route["pattern"]).collect();
    assert_eq!(
        silent,
        [
            "/register_session",
            "/unregister_session/{sid}",
            "/list_sessions"
        ]
    );
}
