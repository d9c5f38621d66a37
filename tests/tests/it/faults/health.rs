//! Is what a plugin says of its health taken for what it is?

use super::scene::{Scene, pinned};
use jackfield_loader::{HealthStatus, RequestError};
use std::thread;

#[test]
fn error_in_health() {
    let scene = Scene::new("error-in-health");
    let health = scene.plugin("misbehave").health().unwrap();
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert_eq!(health.message, "an error in Health, as configured");
    scene.stops_well();
}

#[test]
fn panic_in_health() {
    let scene = Scene::new("panic-in-health");
    assert_eq!(
        scene.plugin("misbehave").health(),
        Err(RequestError::Panicked {
            id: "misbehave".to_owned(),
            message: "a panic in Health, as configured".to_owned(),
        })
    );
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn hang_in_health() {
    let mut scene = Scene::new("hang-in-health");
    let plugin = scene.plugin("misbehave");
    let asked = thread::spawn(move || plugin.health().map(|health| health.status));
    scene.hangs();
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    let cause = "1 calls into it have not returned";
    scene.stops_with(cause);
    assert_eq!(scene.unload("misbehave"), pinned(cause));
    scene.release();
    // Whoever had asked gets an answer all the same.
    assert_eq!(asked.join().unwrap(), Ok(HealthStatus::Healthy));
}

#[test]
fn health_lies() {
    let scene = Scene::new("health-lies");
    let health = scene.plugin("misbehave").health().unwrap();
    assert_eq!(health.status, HealthStatus::Healthy);
    let text = r#"{"detail":"nothing works here"}"#;
    assert_eq!(scene.ask("/fine"), Ok((500, text.to_owned())));
    scene.stops_well();
}
