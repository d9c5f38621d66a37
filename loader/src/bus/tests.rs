//! Does every subscriber get what it asked for, in order, and nothing beyond a bound?

mod model;

use super::batch::Batch;
use super::*;
use proptest::prelude::*;
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const LONG: Duration = Duration::from_secs(60);

fn pattern(text: &str) -> TopicPattern {
    text.parse().unwrap()
}

fn reader(bus: &Bus, wanted: &str, options: SubscribeOptions) -> (Arc<Inbox>, u64) {
    let inbox = Inbox::reader();
    let id = bus.subscribe(&inbox, pattern(wanted), options).unwrap();
    (inbox, id)
}

/// A publisher that hears nothing itself.
fn publisher(id: &str) -> Publisher {
    Publisher::plugin(id, Inbox::reader(), None)
}

fn read(inbox: &Inbox) -> Vec<(Event, u64)> {
    let mut all = Vec::new();
    let mut batch = Batch::default();
    while inbox.take(64, &mut batch) {
        all.extend(batch.by_ref());
    }
    all
}

fn sequences(inbox: &Inbox) -> Vec<u64> {
    let events = read(inbox).into_iter();
    events.map(|(event, _)| event.sequence()).collect()
}

fn small(capacity: u32, policy: Policy) -> SubscribeOptions {
    SubscribeOptions::new().capacity(capacity).policy(policy)
}

#[test]
fn a_full_queue_drops_its_oldest_or_the_newest_and_counts() {
    let bus = Bus::default();
    let (oldest, first) = reader(&bus, "t", small(3, Policy::DropOldest));
    let (newest, second) = reader(&bus, "t", small(3, Policy::DropNewest));
    for _ in 0..5 {
        bus.host.publish(&bus, "t", b"x", Manner::Passing).unwrap();
    }
    assert_eq!((oldest.dropped_of(first), oldest.dropped()), (Some(2), 2));
    assert_eq!((newest.dropped_of(second), newest.dropped()), (Some(2), 2));
    assert_eq!(sequences(&oldest), [3, 4, 5]);
    assert_eq!(sequences(&newest), [1, 2, 3]);
}

#[test]
fn a_publisher_waits_for_room_and_no_longer_than_it_is_to() {
    let bus = Bus::default();
    let (patient, _) = reader(&bus, "t", small(1, Policy::Block(MAX_WAIT)));
    let publisher = publisher("p");
    publisher.publish(&bus, "t", b"1", Manner::Passing).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| publisher.publish(&bus, "t", b"2", Manner::Passing).unwrap());
        let mut batch = Batch::default();
        for payload in [b"1", b"2"] {
            assert!(patient.wait(&mut batch, Instant::now() + LONG));
            assert_eq!(batch.next().unwrap().0.payload(), payload);
        }
    });
    assert_eq!(patient.dropped(), 0);
    let (hasty, _) = reader(&bus, "u", small(1, Policy::Block(Duration::from_millis(1))));
    publisher.publish(&bus, "u", b"", Manner::Passing).unwrap();
    publisher.publish(&bus, "u", b"", Manner::Passing).unwrap();
    assert_eq!(hasty.dropped(), 1);
}

#[test]
fn nobody_waits_for_himself_and_the_host_for_nobody() {
    let bus = Bus::default();
    let (inbox, _) = reader(&bus, "t", small(1, Policy::Block(MAX_WAIT)));
    let itself = Publisher::plugin("p", Arc::clone(&inbox), None);
    let began = Instant::now();
    for _ in 0..50 {
        itself.publish(&bus, "t", b"", Manner::Passing).unwrap();
        bus.host.publish(&bus, "t", b"", Manner::Passing).unwrap();
    }
    assert_eq!(inbox.dropped(), 99);
    // One wait alone would have taken a second, and they all a hundred.
    assert!(began.elapsed() < LONG);
}

#[test]
fn threads_that_wait_for_room_wait_together() {
    let bus = Bus::default();
    let (inbox, _) = reader(&bus, "t", small(1, Policy::Block(MAX_WAIT)));
    let publisher = publisher("p");
    publisher.publish(&bus, "t", b"", Manner::Passing).unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| publisher.publish(&bus, "t", b"", Manner::Passing).unwrap());
        }
    });
    assert_eq!(inbox.dropped(), 64);
    // One after another they would have taken 64 s.
    assert!(began.elapsed() < Duration::from_secs(32));
}

#[test]
fn a_subscriber_that_ends_keeps_no_publisher_waiting() {
    let bus = Bus::default();
    let (inbox, _) = reader(&bus, "t", small(1, Policy::Block(MAX_WAIT)));
    let publisher = publisher("p");
    publisher.publish(&bus, "t", b"", Manner::Passing).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| publisher.publish(&bus, "t", b"", Manner::Passing).unwrap());
        bus.detach(&inbox);
    });
    assert_eq!(read(&inbox), []);
    assert_eq!(
        bus.subscribe(&inbox, pattern("t"), SubscribeOptions::new()),
        Err(BusError::Stopping)
    );
}

#[test]
fn bytes_are_bounded_whatever_the_payload() {
    let bus = Bus::default();
    let (inbox, _) = reader(&bus, "t", SubscribeOptions::new());
    let payload = vec![0; MAX_PAYLOAD_LEN];
    for _ in 0..100 {
        bus.host
            .publish(&bus, "t", &payload, Manner::Passing)
            .unwrap();
    }
    let waiting = inbox.subscribed()[0].waiting;
    assert_eq!((waiting, inbox.dropped()), (15, 85));
    // What is in hand counts until the next is taken.
    let mut batch = Batch::default();
    assert!(inbox.take(64, &mut batch));
    assert_eq!(batch.len(), 1);
    bus.host
        .publish(&bus, "t", &payload, Manner::Passing)
        .unwrap();
    assert_eq!(inbox.dropped(), 86);
    let (empty, _) = reader(&bus, "e", SubscribeOptions::new().capacity(MAX_QUEUE_LEN));
    for _ in 0..100_000 {
        bus.host.publish(&bus, "e", b"", Manner::Passing).unwrap();
    }
    assert_eq!(empty.subscribed()[0].waiting, MAX_QUEUE_LEN);
}

#[test]
fn an_event_that_several_patterns_match_comes_once_through_the_first() {
    let bus = Bus::default();
    let (inbox, first) = reader(&bus, "a.*", SubscribeOptions::new());
    let second = bus
        .subscribe(&inbox, pattern("**"), SubscribeOptions::new())
        .unwrap();
    let heard = || -> Vec<u64> {
        bus.host.publish(&bus, "a.b", b"", Manner::Passing).unwrap();
        read(&inbox).into_iter().map(|(_, id)| id).collect()
    };
    assert_eq!(heard(), [first]);
    assert!(bus.unsubscribe(&inbox, first));
    assert!(!bus.unsubscribe(&inbox, first));
    assert_eq!(heard(), [second]);
    bus.detach(&inbox);
    assert_eq!(heard(), Vec::<u64>::new());
}

#[test]
fn events_of_threads_come_in_the_order_of_their_numbers() {
    const EACH: u64 = 2000;
    let bus = Bus::default();
    let whole = small(16, Policy::Block(MAX_WAIT));
    let (whole, lossy) = (
        reader(&bus, "**", whole).0,
        reader(&bus, "t", small(7, Policy::DropOldest)).0,
    );
    let publisher = publisher("p");
    let publishes = || {
        for _ in 0..EACH {
            publisher.publish(&bus, "t", b"x", Manner::Passing).unwrap();
        }
    };
    let collect = |inbox: &Inbox| {
        let (mut seen, mut batch) = (Vec::new(), Batch::default());
        while seen.last() != Some(&(4 * EACH)) {
            assert!(inbox.wait(&mut batch, Instant::now() + LONG));
            seen.extend(batch.by_ref().map(|(event, _)| event.sequence()));
        }
        seen
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(publishes);
        }
        let some = scope.spawn(|| collect(&lossy));
        let all = collect(&whole);
        let some = some.join().unwrap();
        let lost = u64::try_from(all.len()).unwrap() + whole.dropped();
        assert_eq!(lost, 4 * EACH, "a gap is a drop");
        for seen in [all, some] {
            assert!(seen.is_sorted_by(|a, b| a < b));
        }
    });
}

#[test]
fn retained_values_come_first_in_order_of_topic() {
    let bus = Bus::default();
    for topic in ["a.c", "a", "b", "a.b.d", "a.b"] {
        bus.host
            .publish(&bus, topic, topic.as_bytes(), Manner::Retained)
            .unwrap();
        bus.host
            .publish(&bus, topic, b"not kept", Manner::Passing)
            .unwrap();
    }
    let topics = |wanted: &str| -> Vec<String> {
        let (inbox, _) = reader(&bus, wanted, SubscribeOptions::new().retained());
        bus.host
            .publish(&bus, "a.b", b"live", Manner::Passing)
            .unwrap();
        let events = read(&inbox).into_iter();
        events
            .map(|(event, _)| format!("{}={}", event.topic(), event.payload().escape_ascii()))
            .collect()
    };
    assert_eq!(topics("a.*"), ["a.b=a.b", "a.c=a.c", "a.b=live"]);
    assert_eq!(
        topics("a.**"),
        ["a=a", "a.b=a.b", "a.b.d=a.b.d", "a.c=a.c", "a.b=live"]
    );
    assert_eq!(topics("b"), ["b=b"]);
    assert_eq!(topics("**").len(), 6);
    assert_eq!(bus.last("b").unwrap().unwrap().payload(), b"b");
    assert_eq!(bus.clear_retained("b"), Ok(true));
    assert_eq!(bus.clear_retained("b"), Ok(false));
    assert_eq!(bus.last("b"), Ok(None));
    assert_eq!(topics("b"), Vec::<String>::new());
}

#[test]
fn a_value_that_is_retained_meanwhile_comes_once_and_is_never_lost() {
    let bus = Bus::default();
    let publisher = publisher("p");
    for round in 0..200_u64 {
        let last = thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    publisher.publish(&bus, "t", b"", Manner::Retained).unwrap();
                }
            });
            reader(&bus, "t", SubscribeOptions::new().retained()).0
        });
        let seen = sequences(&last);
        let end = 3 * (round + 1);
        assert_eq!(seen.last(), Some(&end));
        assert!(seen.is_sorted_by(|a, b| a + 1 == *b), "{seen:?}");
        bus.detach(&last);
    }
}

#[test]
fn what_is_retained_has_a_bound_for_each_and_for_all() {
    let bus = Bus::default();
    let publishers: Vec<Publisher> = (0..5).map(|n| publisher(&format!("p{n}"))).collect();
    let fill = |publisher: &Publisher, name: &str| {
        for number in 0..MAX_RETAINED_OF_ONE {
            let topic = format!("{name}.{number}");
            publisher
                .publish(&bus, &topic, b"", Manner::Retained)
                .unwrap();
        }
    };
    fill(&publishers[0], "a");
    let (inbox, _) = reader(&bus, "more", SubscribeOptions::new());
    let error = publishers[0]
        .publish(&bus, "more", b"", Manner::Retained)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected at most 1024 topics and 16777216 bytes retained by one publisher, found 1025 \
         topics and 201838 bytes with this one: clear what nobody asks for; nothing was published"
    );
    assert_eq!(read(&inbox), []);
    // In place of another it is no more than before.
    publishers[0]
        .publish(&bus, "a.7", b"", Manner::Retained)
        .unwrap();
    for (publisher, name) in publishers[1..4].iter().zip(["b", "c", "d"]) {
        fill(publisher, name);
    }
    let error = publishers[4]
        .publish(&bus, "more", b"", Manner::Retained)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected at most 4096 topics and 67108864 bytes retained by all together, found 4097 topics \
         and 806764 bytes with this one: clear what nobody asks for; nothing was published"
    );
    assert_eq!(bus.clear_retained("a.0"), Ok(true));
    publishers[4]
        .publish(&bus, "more", b"", Manner::Retained)
        .unwrap();
    // Taken over from another, whose share is smaller then.
    publishers[4]
        .publish(&bus, "a.1", b"", Manner::Retained)
        .unwrap();
    assert_eq!(bus.last("a.1").unwrap().unwrap().publisher(), "p4");
    let large = vec![0; MAX_PAYLOAD_LEN];
    for topic in 2..17 {
        let topic = format!("a.{topic}");
        publishers[4]
            .publish(&bus, &topic, &large, Manner::Retained)
            .unwrap();
    }
    assert!(matches!(
        publishers[4].publish(&bus, "a.17", &large, Manner::Retained),
        Err(BusError::RetainedOfOne { topics: 18, .. })
    ));
}

#[test]
fn options_beyond_their_bounds_are_refused_with_them() {
    let bus = Bus::default();
    let refused = |options| {
        let inbox = Inbox::reader();
        let error = bus.subscribe(&inbox, pattern("t"), options).unwrap_err();
        error.to_string()
    };
    let new = SubscribeOptions::new;
    assert_eq!(
        refused(new().capacity(0)),
        "a queue has 1 to 65536 places, found 0"
    );
    assert_eq!(
        refused(new().capacity(65_537)),
        "a queue has 1 to 65536 places, found 65537"
    );
    assert_eq!(
        refused(new().policy(Policy::Block(Duration::from_millis(1500)))),
        "a publisher waits for room for at most 1s, found 1.5s"
    );
    let unknown = jackfield_abi::SubscribeOptions {
        flags: 16,
        policy: jackfield_abi::QueuePolicy::BLOCK,
        capacity: 0,
        reserved: 0,
        wait_ns: 0,
    };
    assert_eq!(
        SubscribeOptions::from_abi(&unknown)
            .unwrap_err()
            .to_string(),
        "asks for subscription flags 16, which this host does not know: update the host"
    );
}

#[test]
fn what_is_no_topic_or_too_large_is_refused() {
    let bus = Bus::default();
    let refused = |topic: &str, payload: &[u8]| {
        let error = bus
            .host
            .publish(&bus, topic, payload, Manner::Passing)
            .unwrap_err();
        error.to_string()
    };
    assert_eq!(
        refused("a..b", b""),
        "`a..b` is no topic: expected names of [A-Za-z0-9_-], joined by dots, and at most 256 bytes"
    );
    assert_eq!(
        refused("a", &vec![0; MAX_PAYLOAD_LEN + 1]),
        "a payload has at most 1048576 bytes, this one has 1048577: publish where it is to be \
         found, or in parts"
    );
}

#[test]
fn what_the_bus_logs_is_no_event() {
    let site = tempfile::TempDir::new().unwrap();
    let options = crate::Options::new(site.path().join("plugins"), site.path().join("state"));
    let loader = crate::Loader::open(options).unwrap();
    let mut all = loader.subscribe("**", SubscribeOptions::new()).unwrap();
    quiet::quietly(|| loader.publish("logs.warn", b"an event failed").unwrap());
    assert_eq!(all.try_next(), None);
    loader.publish("logs.warn", b"another").unwrap();
    assert_eq!(all.try_next().unwrap().sequence(), 1);
}

#[test]
fn who_does_not_run_yet_is_not_called() {
    let bus = Bus::default();
    let executor: Arc<dyn crate::Executor> = Arc::new(crate::Threads);
    let inbox = Inbox::plugin("p", &executor);
    let quick = SubscribeOptions {
        quick: true,
        ..SubscribeOptions::new()
    };
    bus.subscribe(&inbox, pattern("t"), quick).unwrap();
    bus.host.publish(&bus, "t", b"", Manner::Passing).unwrap();
    assert_eq!(inbox.dropped(), 0);
    assert_eq!(read(&inbox), []);
}

#[test]
fn an_executor_that_drops_a_turn_is_asked_again() {
    /// Runs every second function.
    #[derive(Default)]
    struct Forgetful(AtomicU64);
    impl crate::Executor for Forgetful {
        fn spawn(&self, _: crate::BoxFuture) {}
        fn spawn_blocking(&self, function: Box<dyn FnOnce() + Send>) {
            if self.0.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
                function();
            }
        }
        fn sleep(&self, _: Duration) -> crate::BoxFuture {
            Box::pin(async {})
        }
    }
    let bus = Bus::default();
    let executor: Arc<dyn crate::Executor> = Arc::new(Forgetful::default());
    let inbox = Inbox::plugin("p", &executor);
    // As if its plugin ran, without one that could be called.
    inbox.queue().open = true;
    bus.subscribe(&inbox, pattern("t"), SubscribeOptions::new())
        .unwrap();
    bus.host.publish(&bus, "t", b"", Manner::Passing).unwrap();
    assert_eq!(inbox.subscribed()[0].waiting, 1);
    bus.host.publish(&bus, "t", b"", Manner::Passing).unwrap();
    assert_eq!(inbox.subscribed()[0].waiting, 0);
}

#[test]
fn many_topics_of_one_publisher_are_all_heard() {
    let bus = Bus::default();
    let (inbox, _) = reader(&bus, "t.*", SubscribeOptions::new().capacity(5000));
    for number in 0..5000 {
        let topic = format!("t.{number}");
        bus.host
            .publish(&bus, &topic, b"", Manner::Passing)
            .unwrap();
    }
    assert_eq!(sequences(&inbox).len(), 5000);
}

fn any_pattern() -> impl Strategy<Value = String> {
    "(a|b)(\\.(a|b)){0,2}(\\.\\*|\\.\\*\\*)?|\\*\\*"
}

proptest! {
    #[test]
    fn whoever_matches_hears_it(
        patterns in prop::collection::vec(any_pattern(), 1..12),
        topic in "(a|b)(\\.(a|b)){0,3}",
    ) {
        let bus = Bus::default();
        let inboxes: Vec<_> = patterns
            .iter()
            .map(|pattern| reader(&bus, pattern, SubscribeOptions::new()).0)
            .collect();
        bus.host.publish(&bus, &topic, b"", Manner::Passing).unwrap();
        for (text, inbox) in patterns.iter().zip(&inboxes) {
            prop_assert_eq!(read(inbox).len() == 1, pattern(text).matches(&topic), "{}", text);
        }
    }
}
