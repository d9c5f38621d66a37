//! Is there a bound on what a plugin can ask for?

use super::scene::Scene;

#[test]
fn spawn_flood() {
    let scene = Scene::new("spawn-flood");
    // The handler itself is a task as well.
    let expected = "9999: the plugin has 10000 tasks already";
    assert_eq!(scene.ask("/handle"), Ok((200, expected.to_owned())));
    scene.stops_well();
}

#[test]
fn subscribe_flood() {
    let scene = Scene::new("subscribe-flood");
    let expected = "1023: a plugin has at most 1024 subscriptions";
    assert_eq!(scene.ask("/handle"), Ok((200, expected.to_owned())));
    scene.stops_well();
}

#[test]
fn publish_flood() {
    let scene = Scene::new("publish-flood");
    assert_eq!(scene.ask("/handle"), Ok((204, String::new())));
    scene.stops_well();
}

#[test]
fn log_flood() {
    let scene = Scene::new("log-flood");
    assert_eq!(scene.ask("/handle"), Ok((204, String::new())));
    scene.stops_well();
}
