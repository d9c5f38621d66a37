//! Is there a bound on what a plugin can ask for?

use super::scene::Scene;

#[test]
fn spawn_flood() {
    let scene = Scene::new("spawn-flood");
    // The handler itself is a task as well.
    let expected = "9999: a plugin has at most 10000 tasks, and this one has them: let one do the work \
                    of several, or wait until some have ended";
    assert_eq!(scene.ask("/handle"), Ok((200, expected.to_owned())));
    scene.stops_well();
}

#[test]
fn subscribe_flood() {
    let scene = Scene::new("subscribe-flood");
    let expected = "1023: a plugin has at most 1024 subscriptions, and this one has them: end those \
                    that it no longer needs, or subscribe once with a wildcard";
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
