//! Is a plugin that failed before it ran held for as long as something of it is still inside?

use super::scene::{Scene, soon, state, status};
use jackfield_loader::{Loader, Recovery, State};
use std::time::Duration;

/// A task of it outlives the failure.
fn with_task(mode: &str) -> Scene {
    let mut scene = Scene::new(mode);
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.watch = Duration::from_millis(5);
    scene.settings(|settings| settings.stop_deadline = Some(Duration::from_millis(50)));
    scene
}

fn is_held(loader: &Loader, attempt: u32) {
    let held = loader.wait_for("misbehave", soon(), |status| {
        let is_it = status.restart == Some(Recovery::Held { attempt });
        // Without that it would be tried until it is given up.
        let gave_up = matches!(status.restart, Some(Recovery::GaveUp { .. }));
        (is_it || gave_up).then_some(is_it)
    });
    let found = status(loader, "misbehave");
    assert_eq!(held, Some(true), "{found:?}");
}

fn starts(scene: &Scene) -> usize {
    let diary = scene.diary("misbehave");
    diary.iter().filter(|step| *step == "initialize").count()
}

#[test]
fn start_leaves_task() {
    let scene = with_task("start-leaves-task");
    let loader = scene.start();
    is_held(&loader, 1);
    assert_eq!(starts(&scene), 1);
    scene.release();
    let runs = loader.wait("pace-0002", soon(), |state| state == State::Running);
    assert!(runs.is_some(), "{:?}", loader.status("pace-0002"));
    assert_eq!(starts(&scene), 2);
}

#[test]
fn initialize_leaves_task() {
    let scene = with_task("initialize-leaves-task");
    let loader = scene.start();
    is_held(&loader, 1);
    assert_eq!(starts(&scene), 1);
    // By hand it can be started all the same; what it stores is not held.
    let error = loader.start_plugin("misbehave", soon()).unwrap_err();
    let text = "`misbehave` is failed: initialize: it was not released";
    assert_eq!(error.to_string(), text);
    is_held(&loader, 2);
    assert_eq!(starts(&scene), 2);
    scene.release();
    let runs = loader.wait("misbehave", soon(), |state| state == State::Running);
    assert!(runs.is_some(), "{:?}", loader.status("misbehave"));
    assert_eq!(
        (starts(&scene), state(&loader, "echo")),
        (3, State::Running)
    );
}
