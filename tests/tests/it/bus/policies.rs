//! Does each policy do what it says when a queue is full, and count it?

use super::{CRIER, FIRST, Scene};

#[test]
fn each_policy_drops_what_it_says_and_counts() {
    let scene = Scene::new(&[(
        FIRST,
        &[
            "hold",
            "oldest?queue=2&policy=oldest",
            "newest?queue=2&policy=newest",
            "wait?queue=2&wait_ms=1",
            "usual",
        ],
    )]);
    scene.holds(FIRST);
    for topic in ["oldest", "newest", "wait"] {
        for number in 1..=5 {
            scene.publish(topic, &number.to_string());
        }
    }
    scene.post(CRIER, "/publish/usual?count=1030", b"u");
    let dropped = |place: usize| scene.get(FIRST, &format!("/dropped/{place}"));
    assert_eq!([1, 2, 3, 4].map(dropped), ["3", "3", "3", "6"]);
    let subscriptions = scene.loader.subscriptions(FIRST).unwrap();
    let said: Vec<_> = subscriptions
        .iter()
        .map(|one| (one.pattern.as_str(), one.waiting, one.dropped))
        .collect();
    let expected = [
        ("hold", 0, 0),
        ("oldest", 2, 3),
        ("newest", 2, 3),
        ("wait", 2, 3),
        ("usual", 1024, 6),
    ];
    assert_eq!(said, expected);
    assert_eq!(scene.loader.counters(FIRST).unwrap().dropped_events, 15);
    scene.post(FIRST, "/release", b"");
    scene.hears(FIRST, 1 + 6 + 1024);
    let heard = scene.heard(FIRST);
    let expected = [
        "hold crier-0000 1  0",
        "oldest crier-0000 5 4 1",
        "oldest crier-0000 6 5 1",
        "newest crier-0000 7 1 2",
        "newest crier-0000 8 2 2",
        "wait crier-0000 12 1 3",
        "wait crier-0000 13 2 3",
        "usual crier-0000 23 u 4",
    ];
    assert_eq!(heard[..8], expected);
    scene.stops_well();
}

#[test]
fn a_publisher_that_waits_for_room_loses_little_and_counts_it() {
    let scene = Scene::new(&[(FIRST, &["t?queue=1&wait_ms=1000"])]);
    scene.post(CRIER, "/publish/t?count=3000", b"");
    let dropped: u64 = scene.get(FIRST, "/dropped/0").parse().unwrap();
    scene.hears(FIRST, 3000 - dropped);
    // Without waiting nearly all would be lost; with it only what a second was too short for.
    assert!(dropped < 1000, "{dropped}");
    scene.stops_well();
}

#[test]
fn a_plugin_never_waits_for_itself() {
    let scene = Scene::new(&[(FIRST, &["hold", "t?queue=1&wait_ms=1000"])]);
    scene.holds(FIRST);
    scene.post(FIRST, "/publish/t?count=1000", b"");
    assert_eq!(scene.get(FIRST, "/dropped/1"), "999");
    scene.post(FIRST, "/release", b"");
    scene.hears(FIRST, 2);
    scene.stops_well();
}

#[test]
fn a_subscription_that_ended_has_no_count_and_hears_nothing() {
    let scene = Scene::new(&[(FIRST, &["a.*", "a.b", "**"])]);
    scene.publish("a.b", "first");
    scene.hears(FIRST, 1);
    assert_eq!(scene.post(FIRST, "/unsubscribe/0", b""), "true");
    assert_eq!(scene.post(FIRST, "/unsubscribe/0", b""), "false");
    assert_eq!(scene.get(FIRST, "/dropped/0"), "it has ended");
    scene.publish("a.b", "second");
    scene.publish("a.c", "third");
    scene.hears(FIRST, 3);
    assert_eq!(
        scene.heard(FIRST),
        [
            "a.b crier-0000 1 first 0",
            "a.b crier-0000 2 second 1",
            "a.c crier-0000 3 third 2"
        ]
    );
    scene.stops_well();
}

#[test]
fn options_that_cannot_be_are_refused() {
    let scene = Scene::new(&[]);
    let refused = |told: &str| scene.error(CRIER, "POST", "/subscribe", told.as_bytes());
    let expected = "a publisher waits for room for at most 1s, found 2s".to_owned();
    assert_eq!(refused("t?wait_ms=2000"), (400, expected));
    let expected = "a queue has 1 to 65536 places, found 0".to_owned();
    assert_eq!(refused("t?queue=0"), (400, expected));
    let expected = "a queue has 1 to 65536 places, found 65537".to_owned();
    assert_eq!(refused("t?queue=65537"), (400, expected));
    let expected = "a quick subscription has no queue for retained values to come through: ask for \
                    the last value of each topic, or subscribe without `quick`";
    assert_eq!(refused("t?quick&retained"), (400, expected.to_owned()));
    scene.stops_well();
}
