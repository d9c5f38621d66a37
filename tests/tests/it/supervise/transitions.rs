//! Does a stop in the middle of a start end with everything stopped?

use super::scene::{LONG, Scene, soon, state, status, until};
use jackfield_loader::{Request, State};
use jackfield_manifest::Restart;
use serde_json::json;
use std::{fs, thread, time::Duration};

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
fn what_fails_after_everything_was_stopped_is_not_started_again() {
    let mut scene = Scene::new("error-in-initialize");
    let after = scene.site.root().join("after");
    scene.settings(|settings| {
        settings.restart = Some(Restart::Always);
        settings.config.insert("after".to_owned(), json!(after));
    });
    let loader = scene.open();
    thread::scope(|scope| {
        scope.spawn(|| loader.start());
        loader
            .wait("misbehave", soon(), |state| state == State::Initializing)
            .unwrap();
        let report = loader.stop(Duration::from_millis(100));
        assert!(!report.is_complete());
        fs::write(&after, "").unwrap();
    });
    let failed = status(&loader, "misbehave");
    assert_eq!((failed.state, failed.restart), (State::Failed, None));
    let never = status(&loader, "pace-0002");
    assert_eq!((never.state, never.restart), (State::Stopped, None));
}

#[test]
fn what_is_started_again_while_the_loader_goes_away_does_not_outlive_it() {
    let mut scene = Scene::new("panic-in-handle");
    scene.options.timing.first_delay = Duration::from_millis(1);
    let after = scene.site.root().join("after");
    fs::write(&after, "").unwrap();
    scene.settings(|settings| {
        settings.config.insert("after".to_owned(), json!(after));
    });
    let loader = scene.start();
    for id in ["echo", "pace-0002"] {
        loader.stop_plugin(id, soon()).unwrap();
    }
    fs::remove_file(&after).unwrap();
    let plugin = loader.plugin("misbehave").unwrap();
    let answer = pollster::block_on(plugin.request(&Request::new("GET", "/handle")));
    assert!(answer.is_err());
    drop(answer);
    drop(plugin);
    loader
        .wait("misbehave", soon(), |state| state == State::Initializing)
        .unwrap();
    // Nothing runs now, and something comes.
    let going = thread::spawn(move || drop(loader));
    fs::write(&after, "").unwrap();
    going.join().unwrap();
    let diary = scene.diary("misbehave");
    assert_eq!(diary.last().map(String::as_str), Some("drop"), "{diary:?}");
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
