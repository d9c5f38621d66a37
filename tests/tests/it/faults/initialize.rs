//! What becomes of a plugin whose `initialize` goes wrong, and of those that need it?

use super::scene::{Scene, pinned};
use jackfield_loader::{State, Unload};

const STATES: [State; 2] = [State::Loaded, State::Initializing];

/// There was nothing yet that could be stopped or dropped.
fn fails(mode: &str, cause: &str) {
    let mut scene = Scene::new(mode);
    scene.did_not_come_up(cause, STATES.to_vec());
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    assert_eq!(scene.loader.abandoned_threads(), 0);
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.diary("misbehave"), ["initialize"]);
}

#[test]
fn error_in_initialize() {
    let cause = "initialize: an error in Initialize, as configured";
    fails("error-in-initialize", cause);
}

#[test]
fn panic_in_initialize() {
    let cause = "initialize: panicked: a panic in Initialize, as configured";
    fails("panic-in-initialize", cause);
}

#[test]
fn hang_in_initialize() {
    let mut scene = Scene::new("hang-in-initialize");
    let cause = "initialize did not return within 1 s";
    scene.did_not_come_up(cause, STATES.to_vec());
    let inside = "a thread is still inside its initialize";
    assert_eq!(scene.unload("misbehave"), pinned(inside));
    assert_eq!(scene.loader.abandoned_threads(), 1);
    assert_eq!(scene.diary("misbehave"), ["initialize"]);
    // Coming back late changes nothing, except that it can be taken down.
    scene.comes_back();
    assert_eq!(scene.diary("misbehave"), ["initialize", "stop", "drop"]);
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    scene.did_not_come_up(cause, STATES.to_vec());
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.diary("misbehave"), ["initialize", "stop", "drop"]);
}

#[test]
fn hang_in_initialize_beyond_the_end() {
    let mut scene = Scene::new("hang-in-initialize");
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.loader.abandoned_threads(), 1);
    scene.comes_back();
    assert_eq!(scene.diary("misbehave"), ["initialize", "stop", "drop"]);
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
}
