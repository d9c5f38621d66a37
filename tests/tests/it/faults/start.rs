//! Is what a failed `start` had half set up taken down, once?

use super::scene::{Scene, pinned};
use jackfield_loader::{State, Unload};

const STATES: [State; 4] = [
    State::Loaded,
    State::Initializing,
    State::Initialized,
    State::Starting,
];
const DIARY: [&str; 4] = ["initialize", "start", "stop", "drop"];

fn fails(mode: &str, cause: &str) {
    let mut scene = Scene::new(mode);
    scene.did_not_come_up(cause, STATES.to_vec());
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    assert_eq!(scene.loader.abandoned_threads(), 0);
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.diary("misbehave"), DIARY);
}

#[test]
fn error_in_start() {
    let cause = "start: an error in Start, as configured";
    fails("error-in-start", cause);
}

#[test]
fn panic_in_start() {
    let cause = "start: panicked: a panic in Start, as configured";
    fails("panic-in-start", cause);
}

#[test]
fn hang_in_start() {
    let mut scene = Scene::new("hang-in-start");
    let cause = "start did not return within 1 s";
    scene.did_not_come_up(cause, STATES.to_vec());
    let inside = "a thread is still inside its start";
    assert_eq!(scene.unload("misbehave"), pinned(inside));
    assert_eq!(scene.loader.abandoned_threads(), 1);
    assert_eq!(scene.diary("misbehave"), DIARY[..2]);
    scene.comes_back();
    assert_eq!(scene.diary("misbehave"), DIARY);
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    scene.did_not_come_up(cause, STATES.to_vec());
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.diary("misbehave"), DIARY);
}
