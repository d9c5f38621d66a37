//! Is it known who has been inside what, and since when?

use super::scene::{Scene, soon, until};
use jackfield_loader::{Inside, Loader, Request, State};
use std::{
    thread,
    time::{Duration, Instant},
};

fn inside(loader: &Loader) -> Vec<(String, String)> {
    let all = loader.inside();
    let name = |inside: Inside| {
        assert!(inside.since <= Instant::now());
        (inside.plugin.to_string(), inside.what)
    };
    all.into_iter().map(name).collect()
}

/// Waits until that and nothing else is inside.
fn shows(loader: &Loader, what: &str) {
    let expected = [("misbehave".to_owned(), what.to_owned())];
    until(&format!("it does not show `{what}`"), || {
        inside(loader) == expected
    });
    let since = loader.inside()[0].since;
    // It stays, and since the same time.
    until("no time goes by", || {
        since.elapsed() > Duration::from_millis(1)
    });
    assert_eq!(loader.inside()[0].since, since);
}

fn is_empty(loader: &Loader) {
    until("something is still inside", || inside(loader).is_empty());
}

#[test]
fn a_step() {
    let scene = Scene::new("hang-in-start");
    let loader = scene.open();
    thread::scope(|scope| {
        scope.spawn(|| loader.start());
        let starting = |state| state == State::Starting;
        loader.wait("misbehave", soon(), starting).unwrap();
        shows(&loader, "start");
        scene.release();
    });
    is_empty(&loader);
}

#[test]
fn a_call() {
    let scene = Scene::new("hang-in-handle");
    let loader = scene.start();
    thread::scope(|scope| {
        let plugin = loader.plugin("misbehave").unwrap();
        scope.spawn(move || {
            let request = Request::new("GET", "/quick");
            pollster::block_on(plugin.request(&request))
                .unwrap()
                .status()
        });
        shows(&loader, "1 call");
        scene.release();
    });
    is_empty(&loader);
}

#[test]
fn an_event() {
    let scene = Scene::new("hang-in-event");
    let loader = scene.start();
    loader.publish("misbehave.x", b"{}").unwrap();
    shows(&loader, "1 call");
    scene.release();
    is_empty(&loader);
}

#[test]
fn a_question_after_health() {
    let mut scene = Scene::new("hang-in-health");
    scene.settings(|settings| settings.health_interval = Some(Duration::from_millis(1)));
    let loader = scene.start();
    shows(&loader, "health");
    scene.release();
}

#[test]
fn a_poll_of_a_task() {
    let scene = Scene::new("task-blocks");
    let loader = scene.start();
    shows(&loader, "task `blocks`");
    scene.release();
    is_empty(&loader);
}

#[test]
fn a_blocking_task() {
    let scene = Scene::new("blocking-task");
    let loader = scene.start();
    shows(&loader, "blocking task `does not end`");
    scene.release();
    is_empty(&loader);
}

#[test]
fn calls_are_counted() {
    let mut scene = Scene::new("none");
    // Its health is asked once at most meanwhile.
    let hour = Duration::from_secs(3600);
    scene.settings_of("echo", |settings| settings.health_interval = Some(hour));
    let loader = scene.start();
    let calls = || loader.counters("echo").unwrap().calls;
    let before = calls();
    let echo = loader.plugin("echo").unwrap();
    for _ in 0..10 {
        pollster::block_on(echo.request(&Request::new("GET", "/quick/x"))).unwrap();
    }
    assert!((10..=11).contains(&(calls() - before)));
}
