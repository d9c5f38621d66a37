//! Do the plugins that see requests for others limit and log them, as libraries in a host?

use super::Scene;
use jackfield_loader::{Header, Request};
use serde_json::{Value, json};

/// What a hook gives for a request to another plugin: status and headers.
fn ask(scene: &Scene, extensions: &[(&str, &str)]) -> (u16, Vec<(String, String)>) {
    let extensions: Vec<Header<'_>> = extensions
        .iter()
        .map(|(name, value)| Header::new(name, value.as_bytes()))
        .collect();
    let request = Request::new("GET", "/sysinfo/cpu").with_extensions(&extensions);
    let answer = pollster::block_on(scene.plugin.request(&request)).unwrap();
    let headers = answer.headers().map(|(name, value)| {
        let value = String::from_utf8_lossy(value).into_owned();
        (name.to_owned(), value)
    });
    (answer.status(), headers.collect())
}

#[test]
fn a_client_that_asks_too_often_is_told_to_wait() {
    let scene = Scene::start("rate-limit", &json!({ "requests": 2, "window_s": 3600 }));
    let before = [
        ("phase", "before"),
        ("client", "10.0.0.1"),
        ("request-id", "r"),
    ];
    let statuses = [(); 3].map(|()| ask(&scene, &before).0);
    assert_eq!(statuses, [100, 100, 429]);
    let (_, headers) = ask(&scene, &before);
    let has = |name: &str| headers.iter().any(|(known, _)| known == name);
    assert!(
        has("retry-after") && has("ratelimit") && has("ratelimit-policy"),
        "{headers:?}"
    );
    let after = [
        ("phase", "after"),
        ("client", "10.0.0.1"),
        ("response-status", "200"),
    ];
    let (status, headers) = ask(&scene, &after);
    assert_eq!(status, 100);
    assert!(
        headers.iter().any(|(name, _)| name == "set-ratelimit"),
        "{headers:?}"
    );
    let counts = scene.get("/counts");
    assert_eq!(
        (&counts["passed"], &counts["refused"]),
        (&json!(2), &json!(2))
    );
    scene.stop();
}

#[test]
fn answers_go_on_as_they_are_once_they_are_logged() {
    let scene = Scene::start("request-log", &json!({}));
    let after = [
        ("phase", "after"),
        ("client", "10.0.0.1"),
        ("response-status", "404"),
    ];
    assert_eq!(ask(&scene, &after), (100, Vec::new()));
    let (status, _) = scene.json("GET", "/nothing", &Value::Null);
    assert_eq!(status, 404);
    scene.stop();
}
