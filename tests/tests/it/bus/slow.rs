//! Does a subscriber that never reads, or a publisher that never stops, leave the others alone?

use super::{CRIER, FIRST, LONG, SECOND, Scene};
use jackfield_loader::{BoxFuture, Executor, MAX_QUEUE_BYTES, SubscribeOptions, Threads};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

#[test]
fn one_that_never_reads_holds_nobody_else() {
    let scene = Scene::new(&[
        (FIRST, &["hold", "t"]),
        (SECOND, &["t?wait_ms=1000"]),
        ("crier-0003", &["**?queue=65536"]),
    ]);
    scene.holds(FIRST);
    scene.post(CRIER, "/publish/t?count=5000", b"");
    scene.hears(SECOND, 5000);
    scene.hears("crier-0003", 5001);
    for id in [SECOND, "crier-0003"] {
        assert_eq!(scene.get(id, "/order"), "0");
        assert_eq!(scene.get(id, "/dropped/0"), "0");
    }
    // It holds its own queue, and is asked as before.
    assert_eq!(scene.get(FIRST, "/dropped/1"), (5000 - 1024).to_string());
    assert_eq!(scene.get(FIRST, "/count"), "1");
    scene.post(FIRST, "/release", b"");
    scene.hears(FIRST, 1025);
    scene.stops_well();
}

#[test]
fn one_that_is_waited_for_in_vain_is_not_waited_for_again() {
    let scene = Scene::new(&[
        (FIRST, &["hold", "t?queue=1&wait_ms=1000"]),
        (SECOND, &["t?queue=65536"]),
    ]);
    scene.holds(FIRST);
    let before = Instant::now();
    // At a second each this would take eight minutes.
    scene.post(CRIER, "/publish/t?count=500", b"");
    assert!(before.elapsed() < LONG, "{:?}", before.elapsed());
    scene.hears(SECOND, 500);
    assert_eq!(scene.get(FIRST, "/dropped/1"), "499");
    // It is waited for again once it takes what waits.
    scene.post(FIRST, "/release", b"");
    scene.hears(FIRST, 2);
    scene.holds(FIRST);
    scene.post(CRIER, "/publish/t?count=2", b"");
    assert_eq!(scene.get(FIRST, "/dropped/1"), "500");
    scene.post(FIRST, "/release", b"");
    scene.stops_well();
}

/// Kilobytes of this process that are in memory.
#[cfg(target_os = "linux")]
fn resident_kb() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4
}

/// Whether no other test takes memory in this process meanwhile.
#[cfg(target_os = "linux")]
#[expect(
    clippy::disallowed_methods,
    reason = "nextest, which gives each test a process of its own, says so there"
)]
fn is_alone() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

#[test]
#[cfg(target_os = "linux")]
fn a_publisher_in_a_tight_loop_stays_within_the_bound() {
    let scene = Scene::new(&[(FIRST, &["hold", "t?queue=65536"]), (SECOND, &["t"])]);
    scene.holds(FIRST);
    let before = resident_kb();
    let published: u64 = scene
        .post(CRIER, "/flood/t?ms=5000", &[b'x'; 1024])
        .parse()
        .unwrap();
    let grown = resident_kb().saturating_sub(before);
    let never = &scene.loader.subscriptions(FIRST).unwrap()[1];
    // The topic, the payload, and what an event counts for itself.
    let cost = 1 + 1024 + 192;
    let room = u64::try_from(MAX_QUEUE_BYTES / cost).unwrap();
    assert!(published > room, "{published}");
    // It was handed one event, and counts it as in hand.
    assert!(u64::from(never.waiting).abs_diff(room) <= 1, "{never:?}");
    assert_eq!(u64::from(never.waiting) + never.dropped, published);
    if is_alone() {
        let bound = 2 * u64::try_from(MAX_QUEUE_BYTES).unwrap() / 1024;
        assert!(grown < bound + (16 << 10), "{grown} kB");
    }
    let dropped: u64 = scene.get(SECOND, "/dropped/0").parse().unwrap();
    scene.hears(SECOND, published - dropped);
    assert_eq!(scene.get(SECOND, "/order"), "0");
    scene.post(FIRST, "/release", b"");
    scene.stops_well();
}

/// Functions that block have one thread between them.
struct OneThread(Mutex<SyncSender<Box<dyn FnOnce() + Send>>>);

impl OneThread {
    fn begin() -> Self {
        let (sender, receiver) = sync_channel::<Box<dyn FnOnce() + Send>>(100);
        thread::spawn(move || receiver.into_iter().for_each(|function| function()));
        Self(Mutex::new(sender))
    }
}

impl Executor for OneThread {
    fn spawn(&self, future: BoxFuture) {
        Threads.spawn(future);
    }

    fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
        self.0.lock().unwrap().try_send(function).unwrap();
    }

    fn sleep(&self, duration: Duration) -> BoxFuture {
        Threads.sleep(duration)
    }
}

#[test]
fn one_that_is_never_done_gives_its_thread_back() {
    // It hears itself for ever.
    let endless = json!({ "subscribe": ["ring"], "answer": "ring", "record": false });
    let other = json!({ "subscribe": ["t"], "answer": "answer" });
    let scene = Scene::with(&[(FIRST, endless), (SECOND, other)], |options| {
        options.executor = Arc::new(OneThread::begin());
    });
    let options = SubscribeOptions::new();
    let mut answers = scene.loader.subscribe("answer", options).unwrap();
    scene.loader.publish("ring", b"").unwrap();
    for round in ["1", "2", "3"] {
        scene.loader.publish("t", round.as_bytes()).unwrap();
        let answer = answers.next(Instant::now() + LONG).unwrap();
        assert_eq!(answer.payload(), round.as_bytes());
    }
    let heard: u64 = scene.get(FIRST, "/count").parse().unwrap();
    assert!(heard > 3, "it went on meanwhile: {heard}");
    scene.stops_well();
}
