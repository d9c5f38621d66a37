//! Can the embedding program publish and hear, within the same bounds?

use super::{CRIER, FIRST, LONG, Scene};
use jackfield_loader::{BusError, Policy, SubscribeOptions};
use std::time::{Duration, Instant};

#[test]
fn it_hears_plugins_and_they_hear_it() {
    let scene = Scene::new(&[(FIRST, &["host.*"])]);
    let mut all = scene
        .loader
        .subscribe("**", SubscribeOptions::new())
        .unwrap();
    assert!(all.try_next().is_none());
    scene.publish("a.b", "x");
    scene.loader.publish("host.up", b"y").unwrap();
    scene.hears(FIRST, 1);
    assert_eq!(scene.heard(FIRST), ["host.up  1 y 0"]);
    let mut next = || {
        let event = all.next(Instant::now() + LONG).unwrap();
        let payload = String::from_utf8_lossy(event.payload()).into_owned();
        (
            event.publisher().to_owned(),
            event.topic().to_owned(),
            payload,
        )
    };
    let own = |texts: [&str; 3]| {
        let [publisher, topic, payload] = texts.map(str::to_owned);
        (publisher, topic, payload)
    };
    assert_eq!(next(), own([CRIER, "a.b", "x"]));
    assert_eq!(next(), own(["", "host.up", "y"]));
    assert!(all.next(Instant::now()).is_none());
    assert_eq!(all.dropped(), 0);
    scene.stops_well();
}

#[test]
fn it_is_bounded_as_others_are_and_ends_when_it_is_dropped() {
    let scene = Scene::new(&[]);
    let options = SubscribeOptions::new().capacity(2);
    let mut some = scene.loader.subscribe("t", options).unwrap();
    scene.post(CRIER, "/publish/t?count=5", b"");
    assert_eq!(some.dropped(), 3);
    let sequences: Vec<u64> = std::iter::from_fn(|| some.try_next())
        .map(|event| event.sequence())
        .collect();
    assert_eq!(sequences, [4, 5]);
    let wait = Duration::from_secs(3600);
    let error = scene
        .loader
        .subscribe("t", options.policy(Policy::Block(wait)))
        .unwrap_err();
    assert_eq!(error, BusError::Wait(wait));
    drop(some);
    scene.publish("t", "");
    scene.stops_well();
}

#[test]
fn it_retains_and_reads_last_values() {
    let scene = Scene::new(&[(FIRST, &[])]);
    let loader = &scene.loader;
    loader.publish_retained("a", b"1").unwrap();
    assert_eq!(scene.get(FIRST, "/last/a"), " 1 1");
    let options = SubscribeOptions::new().retained();
    let mut values = loader.subscribe("**", options).unwrap();
    assert_eq!(values.try_next().unwrap().payload(), b"1");
    assert_eq!(loader.last("a").unwrap().unwrap().sequence(), 1);
    assert_eq!(loader.clear_retained("a"), Ok(true));
    assert_eq!(loader.last("a"), Ok(None));
    scene.stops_well();
}
