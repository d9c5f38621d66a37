//! Is a quick subscriber called at once, within bounds, and only while it runs?

use super::{CRIER, FIRST, SECOND, Scene};
use jackfield_manifest::OnPanic;
use serde_json::json;

#[test]
fn it_has_heard_before_the_publisher_goes_on() {
    let scene = Scene::new(&[(FIRST, &["t?quick"])]);
    for number in 1..=100 {
        scene.publish("t", "x");
        assert_eq!(scene.get(FIRST, "/count"), number.to_string());
    }
    let one = &scene.loader.subscriptions(FIRST).unwrap()[0];
    assert!(one.is_quick);
    scene.stops_well();
}

#[test]
fn of_a_quick_and_a_queued_subscription_the_first_hears() {
    let scene = Scene::new(&[
        (FIRST, &["a.*?quick", "a.b"]),
        (SECOND, &["a.b", "a.*?quick"]),
    ]);
    scene.publish("a.b", "");
    scene.hears(SECOND, 1);
    assert_eq!(scene.heard(FIRST), ["a.b crier-0000 1  0"]);
    assert_eq!(scene.heard(SECOND), ["a.b crier-0000 1  0"]);
    scene.stops_well();
}

#[test]
fn one_that_hears_itself_comes_to_an_end() {
    let ring = json!({ "subscribe": ["ring?quick"], "answer": "ring" });
    let scene = Scene::with(&[(FIRST, ring)], |_| ());
    scene.publish("ring", "x");
    assert_eq!(scene.get(FIRST, "/count"), "16");
    assert_eq!(
        scene.get(FIRST, "/trouble"),
        "published inside 16 events of quick subscriptions that are inside each other, and there may \
         be no more: do not publish in a ring, or let one of them have a queue"
    );
    // The next begins anew.
    scene.publish("ring", "x");
    assert_eq!(scene.get(FIRST, "/count"), "32");
    scene.stops_well();
}

#[test]
fn one_that_does_not_return_holds_only_who_publishes_to_it() {
    let scene = Scene::new(&[(FIRST, &["t?quick"]), (SECOND, &["**"])]);
    scene.post(FIRST, "/hold", b"");
    std::thread::scope(|scope| {
        scope.spawn(|| scene.publish("t", ""));
        scene.get(FIRST, "/held");
        // Also another thread of the same publisher.
        scene.publish("u", "");
        scene.hears(SECOND, 2);
        scene.post(FIRST, "/release", b"");
    });
    scene.stops_well();
}

#[test]
fn the_host_calls_nobody_and_starts_and_stops_all_the_same() {
    let scene = Scene::new(&[
        (FIRST, &["host.**?quick", "held?quick"]),
        (SECOND, &["held"]),
    ]);
    // From the next event on it does not return: of a change of state, say.
    scene.post(FIRST, "/hold", b"");
    scene.loader.publish("host.told", b"").unwrap();
    scene.get(FIRST, "/held");
    scene.loader.publish("held", b"").unwrap();
    scene.hears(SECOND, 1);
    scene.post(FIRST, "/release", b"");
    scene.hears(FIRST, 2);
    assert_eq!(scene.heard(FIRST), ["host.told  1  0", "held  2  1"]);
    scene.stops_well();
}

#[test]
fn one_that_hangs_over_a_change_of_state_holds_no_other() {
    let scene = Scene::new(&[(FIRST, &["**?quick"]), (SECOND, &[])]);
    scene.post(FIRST, "/topology", b"");
    scene.post(FIRST, "/hold", b"");
    let later = std::time::Instant::now() + super::LONG;
    scene.loader.stop_plugin(SECOND, later).unwrap();
    scene.get(FIRST, "/held");
    scene.loader.start_plugin(SECOND, later).unwrap();
    assert_eq!(scene.get(SECOND, "/count"), "0");
    scene.post(FIRST, "/release", b"");
    scene.stops_well();
}

#[test]
fn a_panic_in_it_is_its_own() {
    let itself = json!({ "subscribe": ["t?quick"] });
    let scene = Scene::with(&[(FIRST, itself)], |options| {
        let settings = options.settings.entry(FIRST.to_owned()).or_default();
        settings.on_panic = Some(OnPanic::Continue);
    });
    scene.publish("t", "panic");
    assert_eq!(scene.loader.counters(FIRST).unwrap().panics, 1);
    scene.publish("t", "");
    assert_eq!(scene.get(FIRST, "/count"), "1");
    scene.stops_well();
}

#[test]
fn nothing_comes_before_it_runs_nor_after_it_stopped() {
    let itself = json!({ "subscribe": ["t?quick"] });
    let scene = Scene::with(&[(FIRST, itself)], |_| ());
    scene.publish("t", "1");
    let later = std::time::Instant::now() + super::LONG;
    scene.loader.stop_plugin(FIRST, later).unwrap();
    scene.publish("t", "2");
    scene.loader.start_plugin(FIRST, later).unwrap();
    assert_eq!(scene.get(FIRST, "/count"), "0");
    scene.publish("t", "3");
    assert_eq!(scene.heard(FIRST), ["t crier-0000 3 3 0"]);
    assert_eq!(scene.get(CRIER, "/count"), "0");
    scene.stops_well();
}
