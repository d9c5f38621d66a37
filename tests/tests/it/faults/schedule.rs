//! Does what goes wrong in a scheduled run end that run only?

use super::scene::{Scene, until};

#[test]
fn schedule_panic() {
    let scene = Scene::new("schedule-panic");
    let panics = || scene.loader.counters("misbehave").unwrap().panics;
    // The run after the one that panicked comes as well.
    until("no second run", || panics() >= 2);
    let text = "{\"detail\":\"`0 */5 25 * * *` is no schedule: column 7: expected hours, 0 to 23, \
                found `25`\"}";
    assert_eq!(scene.ask("/handle"), Ok((400, text.to_owned())));
    scene.stops_well();
}

#[test]
fn schedule_waits() {
    let scene = Scene::new("schedule-waits");
    scene.hangs();
    scene.stops_well();
}
