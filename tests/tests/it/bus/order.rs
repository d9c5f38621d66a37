//! Do a publisher's events come in its order, also when several threads of it publish?

use super::{CRIER, FIRST, SECOND, Scene};

#[test]
fn events_of_several_threads_come_in_the_order_of_their_numbers() {
    let scene = Scene::new(&[
        (FIRST, &["t?queue=65536"]),
        (SECOND, &["t?queue=3", "**?queue=3"]),
    ]);
    scene.post(CRIER, "/threads/t?threads=4&count=2000", b"");
    scene.hears(FIRST, 8000);
    assert_eq!(scene.get(FIRST, "/order"), "0");
    let heard = scene.heard(FIRST);
    for (at, line) in heard.iter().enumerate() {
        assert_eq!(*line, format!("t crier-0000 {}  0", at + 1));
    }
    let dropped: u64 = scene.get(SECOND, "/dropped/0").parse().unwrap();
    scene.hears(SECOND, 8000 - dropped);
    assert_eq!(scene.get(SECOND, "/order"), "0");
    scene.stops_well();
}

#[test]
fn events_of_several_publishers_come_each_in_their_order() {
    let scene = Scene::new(&[(FIRST, &["t?queue=65536"]), (SECOND, &[])]);
    std::thread::scope(|scope| {
        for id in [CRIER, SECOND] {
            let scene = &scene;
            scope.spawn(move || scene.post(id, "/threads/t?threads=2&count=1000", b""));
        }
    });
    scene.hears(FIRST, 4000);
    assert_eq!(scene.get(FIRST, "/order"), "0");
    scene.stops_well();
}
