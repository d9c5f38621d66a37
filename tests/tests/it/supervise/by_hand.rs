//! Does a restart by hand bring back what it stopped, also where a stop goes wrong?

use super::scene::{Scene, ids, soon, state, status};
use jackfield_loader::{ControlError, Recovery, State};
use std::time::Duration;

#[test]
fn one_that_refuses_to_stop_comes_back_with_those_that_require_it() {
    let scene = Scene::new("error-in-stop");
    let loader = scene.start();
    let error = loader.restart_plugin("misbehave", soon()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`misbehave` did not stop: stop: an error in Stop, as configured"
    );
    for id in ["misbehave", "pace-0002"] {
        assert_eq!(state(&loader, id), State::Running, "{id}");
    }
    let twice = ["initialize", "start", "stop", "drop", "initialize", "start"];
    assert_eq!(scene.diary("misbehave"), twice);
    assert_eq!(scene.diary("pace-0002"), twice);
}

#[test]
fn one_that_hangs_in_its_stop_comes_back_once_nobody_is_inside_it() {
    let mut scene = Scene::new("hang-in-stop");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.watch = Duration::from_millis(5);
    scene.settings(|settings| settings.stop_deadline = Some(Duration::from_millis(200)));
    let loader = scene.start();
    let error = loader.restart_plugin("misbehave", soon()).unwrap_err();
    let ControlError::NotStopped { id, cause } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (id.as_str(), &*cause),
        ("misbehave", "stop did not return within 0.2 s")
    );
    let held = status(&loader, "misbehave");
    assert!(
        matches!(
            held.restart,
            Some(Recovery::Pending { attempt: 1, .. } | Recovery::Held { attempt: 1 })
        ),
        "{held:?}"
    );
    let waits = status(&loader, "pace-0002");
    let awaits = Recovery::Awaits {
        id: ids(&["misbehave"]).remove(0),
    };
    assert_eq!((waits.state, waits.restart), (State::Stopped, Some(awaits)));
    scene.release();
    for id in ["misbehave", "pace-0002"] {
        let runs = loader.wait(id, soon(), |state| state == State::Running);
        assert!(runs.is_some(), "{:?}", loader.status(id));
    }
    assert_eq!(status(&loader, "misbehave").restarts, 1);
}
