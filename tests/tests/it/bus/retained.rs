//! Is a topic's last value there for whoever asks, also when its publisher is gone?

use super::{CRIER, FIRST, LONG, Scene};

fn retain(scene: &Scene, topic: &str, body: &str) {
    scene.post(CRIER, &format!("/publish/{topic}?retain"), body.as_bytes());
}

#[test]
fn last_values_come_first_and_outlive_their_publisher() {
    let scene = Scene::new(&[(FIRST, &[])]);
    retain(&scene, "a.b", "old");
    for topic in ["a.c", "a.b", "b"] {
        retain(&scene, topic, "new");
        scene.publish(topic, "passes");
    }
    let later = std::time::Instant::now() + LONG;
    scene.loader.stop_plugin(CRIER, later).unwrap();
    assert_eq!(scene.post(FIRST, "/subscribe", b"a.*?retained"), "0");
    scene.loader.publish("a.d", b"live").unwrap();
    scene.hears(FIRST, 3);
    assert_eq!(
        scene.heard(FIRST),
        [
            "a.b crier-0000 4 new 0",
            "a.c crier-0000 2 new 0",
            "a.d  1 live 0"
        ]
    );
    assert_eq!(scene.get(FIRST, "/last/a.b"), "crier-0000 4 new");
    assert_eq!(scene.get(FIRST, "/last/a"), "");
    // Whoever may publish there may clear it.
    assert_eq!(scene.send(FIRST, "DELETE", "/last/a.b", b"").1, "true");
    assert_eq!(scene.send(FIRST, "DELETE", "/last/a.b", b"").1, "false");
    assert_eq!(scene.get(FIRST, "/last/a.b"), "");
    scene.stops_well();
}

#[test]
fn they_take_room_in_the_queue_as_others_do() {
    let scene = Scene::new(&[(FIRST, &[])]);
    for topic in ["a.1", "a.2", "a.3"] {
        retain(&scene, topic, topic);
    }
    let told = ["a.**?retained&queue=1", "**?retained&queue=2&policy=newest"];
    for (place, told) in told.iter().enumerate() {
        let said = scene.post(FIRST, "/subscribe", told.as_bytes());
        assert_eq!(said, place.to_string());
    }
    let dropped: u64 = ["/dropped/0", "/dropped/1"]
        .map(|path| scene.get(FIRST, path).parse::<u64>().unwrap())
        .iter()
        .sum();
    assert_eq!(dropped, 3);
    scene.hears(FIRST, 3);
    scene.stops_well();
}

#[test]
fn what_is_refused_is_not_published() {
    let scene = Scene::new(&[(FIRST, &["**?queue=65536"])]);
    for number in 0..1024 {
        retain(&scene, &format!("t.{number}"), "");
    }
    let (status, message) = scene.error(CRIER, "POST", "/publish/more?retain", b"");
    assert_eq!(status, 429);
    assert_eq!(
        message,
        "expected at most 1024 topics and 16777216 bytes retained by one publisher, found 1025 \
         topics and 201838 bytes with this one: clear what nobody asks for; nothing was published"
    );
    scene.publish("more", "");
    scene.hears(FIRST, 1025);
    assert_eq!(
        scene.heard(FIRST).last().unwrap(),
        "more crier-0000 1025  0",
        "its number was not used"
    );
    scene.stops_well();
}
