//! Does a stop in the middle of a start end with everything stopped?

use super::scene::{LONG, Scene, soon, state, status, until};
use jackfield_loader::State;
use std::{thread, time::Duration};

#[test]
fn a_stop_of_one_during_its_start_waits_and_ends_stopped() {
    let scene = Scene::new("hang-in-start");
    let loader = scene.open();
    thread::scope(|scope| {
        let starting = scope.spawn(|| loader.start_plugin("misbehave", soon()));
        loader
            .wait("misbehave", soon(), |state| state == State::Starting)
            .unwrap();
        let stopping = scope.spawn(|| loader.stop_plugin("misbehave", soon()));
        scene.release();
        // Both are told what came of it.
        assert_eq!(starting.join().unwrap().unwrap().start.len(), 1);
        assert_eq!(stopping.join().unwrap().unwrap().stop.len(), 1);
    });
    assert_eq!(state(&loader, "misbehave"), State::Stopped);
    let once = ["initialize", "start", "stop", "drop"];
    assert_eq!(scene.diary("misbehave"), once);
}

#[test]
fn a_stop_of_all_during_their_start_ends_with_all_stopped() {
    let scene = Scene::new("hang-in-start");
    let loader = scene.open();
    let report = thread::scope(|scope| {
        scope.spawn(|| loader.start());
        loader
            .wait("misbehave", soon(), |state| state == State::Starting)
            .unwrap();
        loader
            .wait("echo", soon(), |state| state == State::Running)
            .unwrap();
        let stopping = scope.spawn(|| loader.stop(LONG));
        scene.release();
        stopping.join().unwrap()
    });
    assert_eq!(report.failed, []);
    for id in ["echo", "misbehave", "pace-0002"] {
        assert_eq!(state(&loader, id), State::Stopped, "{id}");
    }
    let once = ["initialize", "start", "stop", "drop"];
    assert_eq!(scene.diary("misbehave"), once);
}

#[test]
fn who_is_in_the_middle_when_the_time_is_over_is_named_and_takes_itself_down() {
    let scene = Scene::new("hang-in-start");
    let loader = scene.open();
    thread::scope(|scope| {
        scope.spawn(|| loader.start());
        loader
            .wait("misbehave", soon(), |state| state == State::Starting)
            .unwrap();
        loader
            .wait("echo", soon(), |state| state == State::Running)
            .unwrap();
        let report = loader.stop(Duration::from_millis(200));
        let failed: Vec<_> = report.failed.iter().map(|(id, _)| id.as_str()).collect();
        // The one that has not begun waits for the one that hangs.
        assert_eq!(failed, ["misbehave", "pace-0002"]);
        let cause = &report.failed[0].1;
        assert!(
            cause.starts_with("in the middle of a start, for "),
            "{cause}"
        );
        assert_eq!(state(&loader, "echo"), State::Stopped);
        scene.release();
    });
    until("it does not take itself down", || {
        state(&loader, "misbehave") == State::Stopped
    });
    let never = status(&loader, "pace-0002");
    assert_eq!(never.state, State::Stopped);
    assert_eq!(
        never.cause.as_deref(),
        Some("not started: everything is being stopped")
    );
    assert_eq!(scene.diary("pace-0002"), [""; 0]);
    let once = ["initialize", "start", "stop", "drop"];
    assert_eq!(scene.diary("misbehave"), once);
    // And everything can come up again.
    loader.start();
    assert_eq!(state(&loader, "pace-0002"), State::Running);
}

#[test]
fn a_start_of_all_leaves_those_that_run_alone() {
    let scene = Scene::new("none");
    let loader = scene.start();
    loader.stop_plugin("pace-0002", soon()).unwrap();
    loader.start();
    for id in ["echo", "misbehave", "pace-0002"] {
        assert_eq!(state(&loader, id), State::Running, "{id}");
    }
    assert_eq!(scene.diary("misbehave"), ["initialize", "start"]);
    // It is known what requires it, though it was there before.
    assert_eq!(loader.would_stop("misbehave").unwrap().stop.len(), 2);
}
