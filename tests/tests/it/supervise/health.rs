//! Is every plugin asked for its health, and none delayed by another?

use super::scene::{Scene, soon, state, status};
use jackfield_loader::{HealthReport, HealthStatus, Loader, Recovery, State};
use jackfield_manifest::Restart;
use std::time::{Duration, SystemTime};

const OFTEN: Duration = Duration::from_millis(5);

/// All are asked often.
fn often(mode: &str) -> Scene {
    let mut scene = Scene::new(mode);
    for id in ["echo", "misbehave", "pace-0002"] {
        let settings = scene.options.settings.entry(id.to_owned()).or_default();
        settings.health_interval = Some(OFTEN);
    }
    scene
}

fn health(
    loader: &Loader,
    id: &str,
    what: &str,
    is_it: impl Fn(&HealthReport) -> bool,
) -> HealthReport {
    let found = loader.wait_for(id, soon(), |status| {
        status.health.clone().filter(|health| is_it(health))
    });
    found.unwrap_or_else(|| panic!("{what}: {:?}", loader.status(id)))
}

#[test]
fn every_plugin_is_asked_and_its_answer_kept() {
    let scene = often("none");
    let before = SystemTime::now();
    let loader = scene.start();
    for id in ["echo", "misbehave", "pace-0002"] {
        let report = health(&loader, id, "it is not asked", |_| true);
        assert_eq!((report.verdict, report.misses), (HealthStatus::Healthy, 0));
        assert!(report.asked >= before);
        // And again.
        health(&loader, id, "not again", |later| later.asked > report.asked);
    }
    loader.stop_plugin("echo", soon()).unwrap();
    assert_eq!(status(&loader, "echo").health, None);
}

#[test]
fn health_hangs() {
    let mut scene = often("hang-in-health");
    scene.settings(|settings| settings.health_deadline = Some(Duration::from_millis(50)));
    let loader = scene.start();
    let is_ill = |report: &HealthReport| report.verdict == HealthStatus::Unhealthy;
    let report = health(&loader, "misbehave", "it is not unhealthy", is_ill);
    assert!(report.misses >= 3, "{report:?}");
    let (words, took) = (&report.message, report.took);
    assert!(words.starts_with("has not answered for "), "{words}");
    assert!(took >= Duration::from_millis(50), "{took:?}");
    // It runs on, it has one thread and no more, and others are asked as before.
    assert_eq!(state(&loader, "misbehave"), State::Running);
    assert_eq!(loader.abandoned_threads(), 1);
    let now = SystemTime::now();
    health(&loader, "echo", "another is delayed", |report| {
        report.asked > now
    });
    scene.release();
    let is_well = |report: &HealthReport| report.verdict == HealthStatus::Healthy;
    let report = health(&loader, "misbehave", "it is never well again", is_well);
    assert_eq!(report.misses, 0);
    assert_eq!(loader.abandoned_threads(), 0);
}

#[test]
fn health_bloats() {
    let scene = often("health-bloats");
    let loader = scene.start();
    let is_ill = |report: &HealthReport| report.verdict == HealthStatus::Unhealthy;
    let report = health(&loader, "misbehave", "it is believed", is_ill);
    assert_eq!(
        report.message,
        "the metadata of its health has 100012 bytes: it may have 65536"
    );
    assert_eq!(report.metadata, "");
    // Being unhealthy is no failure, unless somebody says so.
    assert_eq!(state(&loader, "misbehave"), State::Running);
}

#[test]
fn one_that_is_to_be_restarted_when_unhealthy_fails() {
    let mut scene = often("error-in-health");
    scene.settings(|settings| {
        settings.restart_when_unhealthy = Some(true);
        settings.restart = Some(Restart::Never);
    });
    let loader = scene.start();
    let failed = loader.wait("misbehave", soon(), |state| state == State::Failed);
    let status = status(&loader, "misbehave");
    assert!(failed.is_some(), "{status:?}");
    assert_eq!(
        (status.cause.as_deref(), status.health),
        (Some("unhealthy: an error in Health, as configured"), None)
    );
    assert_eq!(state(&loader, "pace-0002"), State::Stopped);
}

#[test]
fn one_whose_health_hangs_is_restarted_only_when_it_has_returned() {
    let mut scene = often("hang-in-health");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.watch = OFTEN;
    scene.settings(|settings| {
        settings.restart_when_unhealthy = Some(true);
        settings.health_deadline = Some(Duration::from_millis(20));
        settings.stop_deadline = Some(Duration::from_millis(100));
    });
    let loader = scene.start();
    let held = loader.wait_for("misbehave", soon(), |status| {
        matches!(status.restart, Some(Recovery::Held { attempt: 1 })).then_some(())
    });
    assert!(held.is_some(), "{:?}", loader.status("misbehave"));
    scene.release();
    let back = loader.wait_for("pace-0002", soon(), |status| {
        (status.state == State::Running && status.restarts == 1).then_some(())
    });
    assert!(back.is_some(), "{:?}", loader.status("pace-0002"));
    let is_well = |report: &HealthReport| report.verdict == HealthStatus::Healthy;
    health(&loader, "misbehave", "it is never well again", is_well);
}
