//! Does a plugin that panics fail, wherever that happens, and does it come back?

use super::scene::{LONG, Scene, soon, status};
use jackfield_loader::{Loader, Recovery, Request, RequestError, State, Unload};
use jackfield_manifest::Restart;
use std::time::Duration;

/// It stays where the panic brings it.
fn frail(mode: &str) -> Scene {
    let mut scene = Scene::new(mode);
    scene.settings(|settings| settings.restart = Some(Restart::Never));
    scene
}

fn fails_with(loader: &Loader, message: &str) {
    let failed = |state| state == State::Failed;
    let has_failed = loader.wait("misbehave", soon(), failed);
    let failed = status(loader, "misbehave");
    assert!(has_failed.is_some(), "{failed:?}");
    let cause = format!("panicked: {message}");
    assert_eq!(failed.cause.as_deref(), Some(&*cause));
    // The log's business is done, nothing is left over.
    let unload = loader.wait_for("misbehave", soon(), |status| status.unload.clone());
    assert_eq!(unload, Some(Unload::Unmapped));
    assert!(loader.plugin("misbehave").is_none());
    assert_eq!(loader.abandoned_threads(), 0);
}

fn ask(loader: &Loader, path: &str) -> Result<u16, RequestError> {
    let plugin = loader.plugin("misbehave").expect("it runs");
    let answer = pollster::block_on(plugin.request(&Request::new("GET", path)))?;
    Ok(answer.status())
}

#[test]
fn a_panic_in_a_handler_ends_the_plugin_and_those_that_require_it() {
    for path in ["/handle", "/quick"] {
        let scene = frail("panic-in-handle");
        let loader = scene.start();
        let message = "a panic in Handle, as configured";
        let panicked = RequestError::Panicked {
            id: "misbehave".to_owned(),
            message: message.to_owned(),
        };
        assert_eq!(ask(&loader, path), Err(panicked));
        fails_with(&loader, message);
        let once = ["initialize", "start", "stop", "drop"];
        assert_eq!(scene.diary("misbehave"), once);
        let dependent = status(&loader, "pace-0002");
        assert_eq!(
            (dependent.state, dependent.cause.as_deref()),
            (State::Stopped, Some("requires misbehave, which has failed"))
        );
        assert_eq!(scene.diary("pace-0002"), once);
        assert_eq!(status(&loader, "echo").state, State::Running);
        assert_eq!(status(&loader, "misbehave").restart, None);
    }
}

#[test]
fn nobody_is_let_in_after_the_panic() {
    let scene = frail("panic-in-handle");
    let loader = scene.start();
    let plugin = loader.plugin("misbehave").unwrap();
    let request = Request::new("GET", "/quick");
    pollster::block_on(plugin.request(&request)).unwrap_err();
    let error = pollster::block_on(plugin.request(&request)).unwrap_err();
    assert!(matches!(error, RequestError::Closed { .. }), "{error}");
    fails_with(&loader, "a panic in Handle, as configured");
}

#[test]
fn it_comes_back_with_those_that_require_it() {
    let mut scene = Scene::new("panic-in-handle");
    scene.options.timing.first_delay = Duration::from_millis(1);
    let loader = scene.start();
    ask(&loader, "/handle").unwrap_err();
    for id in ["misbehave", "pace-0002"] {
        let back = loader.wait_for(id, soon(), |status| {
            (status.state == State::Running && status.restarts == 1).then_some(())
        });
        assert!(back.is_some(), "{:?}", loader.status(id));
        let twice = ["initialize", "start", "stop", "drop", "initialize", "start"];
        assert_eq!(scene.diary(id), twice);
    }
    assert_eq!(ask(&loader, "/fine"), Ok(200));
    assert_eq!(loader.stop(LONG).failed, []);
}

#[test]
fn a_crash_loop_of_panics_ends() {
    let mut scene = Scene::new("panic-in-health");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.settings(|settings| settings.health_interval = Some(Duration::from_millis(1)));
    let loader = scene.start();
    let given_up = loader.wait_for("misbehave", soon(), |status| {
        let restart = status.restart.clone();
        restart.filter(|restart| matches!(restart, Recovery::GaveUp { starts: 5, .. }))
    });
    assert!(given_up.is_some(), "{:?}", loader.status("misbehave"));
}

#[test]
fn a_panic_over_an_event_counts() {
    let scene = frail("panic-in-event");
    let loader = scene.start();
    loader.publish("misbehave.x", b"{}").unwrap();
    fails_with(&loader, "a panic in Event, as configured");
}

#[test]
fn a_panic_over_health_counts() {
    let mut scene = frail("panic-in-health");
    scene.settings(|settings| settings.health_interval = Some(Duration::from_millis(5)));
    let loader = scene.start();
    fails_with(&loader, "a panic in Health, as configured");
}

#[test]
fn a_panic_in_a_task_counts() {
    let scene = frail("task-panic");
    let loader = scene.start();
    scene.release();
    fails_with(&loader, "a panic in a task, as configured");
}

#[test]
fn a_panic_in_a_thread_of_its_own_before_it_runs_counts() {
    let scene = frail("thread-panic");
    let loader = scene.start();
    let failed = |state| state == State::Failed;
    loader
        .wait("misbehave", soon(), failed)
        .expect("it does not fail");
    assert_eq!(
        status(&loader, "misbehave").cause.as_deref(),
        Some("panicked: a panic in a thread, as configured")
    );
}
