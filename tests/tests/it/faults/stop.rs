//! Does everything else stop, in order and in time, when one plugin does not?

use super::scene::{LONG, Scene, UP, pinned, until};
use jackfield_loader::{Loader, Options, State, Unload};
use jackfield_tests::Site;
use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};

const DIARY: [&str; 4] = ["initialize", "start", "stop", "drop"];

#[test]
fn none() {
    let scene = Scene::new("none");
    assert_eq!(scene.states("misbehave"), UP);
    assert_eq!(scene.ask("/handle"), Ok((200, "handled".to_owned())));
    assert_eq!(scene.ask("/future"), Ok((200, "polled".to_owned())));
    scene.stops_well();
}

#[test]
fn error_in_stop() {
    let mut scene = Scene::new("error-in-stop");
    scene.stops_with("stop: an error in Stop, as configured");
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    assert_eq!(scene.diary("misbehave"), DIARY);
}

#[test]
fn panic_in_stop() {
    let mut scene = Scene::new("panic-in-stop");
    scene.stops_with("stop: panicked: a panic in Stop, as configured");
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    assert_eq!(scene.diary("misbehave"), DIARY);
}

#[test]
fn hang_in_stop() {
    let mut scene = Scene::new("hang-in-stop");
    scene.stops_with("stop did not return within 1 s");
    let inside = "a thread is still inside its stop";
    assert_eq!(scene.unload("misbehave"), pinned(inside));
    assert_eq!(scene.loader.abandoned_threads(), 1);
    scene.comes_back();
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    assert_eq!(scene.diary("misbehave"), DIARY);
    assert_eq!(scene.status("misbehave").state, State::Failed);
}

#[test]
fn error_in_drop() {
    // There is nowhere that `drop` could return it to.
    Scene::new("error-in-drop").stops_well();
}

#[test]
fn panic_in_drop() {
    Scene::new("panic-in-drop").stops_well();
}

#[test]
fn hang_in_drop() {
    let mut scene = Scene::new("hang-in-drop");
    scene.stops_with("drop did not return within 1 s");
    let inside = "a thread is still inside its drop";
    assert_eq!(scene.unload("misbehave"), pinned(inside));
    assert_eq!(scene.loader.abandoned_threads(), 1);
    scene.comes_back();
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
    assert_eq!(scene.diary("misbehave"), DIARY);
}

/// Each may take half a minute; all together may take half a second, and what they get beyond.
#[test]
fn the_overall_deadline_holds_for_all_together() {
    let site = Site::new();
    let release = site.root().join("release");
    let diary = site.root().join("diary");
    let ids = ["misbehav1", "misbehav2", "misbehav3"];
    let mut options = Options::new(site.plugins(), site.state());
    for id in ids {
        site.add_patched("misbehave", &format!("lib{id}.so"), &[("misbehave", id)]);
        let settings = options.settings.entry(id.to_owned()).or_default();
        settings.config = json!({"mode": "hang-in-stop", "release": release, "diary": diary})
            .as_object()
            .unwrap()
            .clone();
        settings.stop_deadline = Some(LONG);
    }
    let loader = Loader::open(options).unwrap();
    loader.start();
    let begun = Instant::now();
    let report = loader.stop(Duration::from_millis(500));
    assert!(
        begun.elapsed() < LONG,
        "one plugin's deadline was waited for"
    );
    assert_eq!(report.stopped, []);
    assert_eq!(report.failed.len(), 3);
    for (id, cause) in &report.failed {
        assert!(
            cause.starts_with("stop did not return within 0."),
            "{id}: {cause}"
        );
    }
    assert_eq!(loader.abandoned_threads(), 3);
    // Each was told to stop, once, although there was no time left for the last ones.
    let told = fs::read_to_string(&diary).unwrap();
    for id in ids {
        assert_eq!(told.matches(&format!("{id} stop\n")).count(), 1, "{told}");
    }
    fs::write(&release, "").unwrap();
    until("a thread is still inside", || {
        loader.abandoned_threads() == 0
    });
}
