//! Does a kit do what a host does, and only when the test says so?
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(unreachable_pub, reason = "a binary of several modules")]

mod probe;

use plugin_api::{
    Error, Health, Response,
    serde_json::{self, Value, json},
};
use probe::{Probe, plain};
use std::{
    thread,
    time::{Duration, UNIX_EPOCH},
};
use testkit::{Ask, Builder, Reconfigured, StorageFault, Testkit};

const SECOND: Duration = Duration::from_secs(1);

fn builder() -> Builder<Probe> {
    Testkit::builder()
}

fn mode(mode: &str) -> Builder<Probe> {
    builder().config(json!({ "mode": mode }))
}

fn text(answer: plugin_api::Result<Response>) -> String {
    String::from_utf8(answer.unwrap().body().to_vec()).unwrap()
}

#[test]
fn the_clock_stands_until_it_is_turned() {
    let kit = builder().start().unwrap();
    assert_eq!(kit.published(), []);
    kit.advance(3 * SECOND + SECOND / 2);
    let beats: Vec<u64> = kit.published().iter().map(|e| e.json().unwrap()).collect();
    assert_eq!(beats, [1, 2, 3]);
    let begin = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let times = kit.published().into_iter().map(|event| event.time);
    let times: Vec<_> = times
        .map(|time| time.duration_since(begin).unwrap())
        .collect();
    assert_eq!(times, [SECOND, 2 * SECOND, 3 * SECOND]);
    assert_eq!(
        kit.now().duration_since(begin).unwrap(),
        3 * SECOND + SECOND / 2
    );
    kit.stop().unwrap();
    kit.advance(10 * SECOND);
    assert_eq!(kit.published().len(), 3);
}

#[test]
fn the_configuration_is_that_of_a_host() {
    let kit = builder()
        .config(json!({ "period_ms": 10 }))
        .start()
        .unwrap();
    assert_eq!(kit.logs()[0].to_string(), "INFO kit::probe: made period=10");
    assert_eq!(kit.logs()[0].field("period"), Some("10"));
    drop(kit);
    let refused = builder()
        .config(json!({ "period_ms": 1, "mod": "" }))
        .create();
    assert_eq!(
        refused.err().unwrap().message(),
        "its configuration does not fit: period_ms: expected at least 10, found 1; mod: expected one \
         of `period_ms`, `mode`, found an unknown key, did you mean `mode`?"
    );
}

#[test]
fn a_plugin_that_fails_is_taken_down() {
    let error = mode("initialize fails").create().err().unwrap();
    assert_eq!(error.message(), "as configured");
    // The test got no kit to look at the panic with.
    let error = mode("initialize panics").create().err().unwrap();
    assert_eq!(error.message(), "as configured");
    let kit = mode("start fails").create().unwrap();
    assert_eq!(kit.start().unwrap_err().message(), "as configured");
    assert_eq!(kit.stored("stopped").unwrap().as_deref(), Some(&b"yes"[..]));
    assert_eq!(
        kit.start().unwrap_err().message(),
        "`probe` cannot be started: expected it to be initialized, found it stopped"
    );
    let kit = mode("stop fails").start().unwrap();
    assert_eq!(kit.stop().unwrap_err().message(), "as configured");
}

#[test]
fn an_answer_that_waits_for_the_clock_comes_with_it() {
    let kit = builder().start().unwrap();
    let error = kit.get("/late/250").err().unwrap();
    assert_eq!(error.status(), 504);
    assert_eq!(
        error.message(),
        "GET /late/250 is not answered yet: the next that waits for the clock is due in 250 ms, so \
         `send` the request, `advance` the clock, and take its answer"
    );
    let sent = kit.send(Ask::get("/late/250"));
    kit.advance(Duration::from_millis(249));
    assert!(sent.answer().is_none());
    kit.advance(Duration::from_millis(1));
    assert_eq!(text(sent.answer().unwrap()), "250");
    assert_eq!(text(kit.get("/block")), "55");
    let never = kit.send(Ask::get("/never"));
    assert!(never.answer().is_none());
    assert_eq!(kit.tasks(), ["beat"]);
}

#[test]
fn requests_carry_what_a_host_adds() {
    let kit = builder().start().unwrap();
    let ask = Ask::get("/caller?a=b").header("x-a", "1").caller("other");
    assert_eq!(text(kit.request(ask)), "other 1 a=b");
    assert_eq!(kit.get("/nowhere").unwrap().status(), 404);
    kit.stop().unwrap();
    let error = kit.get("/heard").err().unwrap();
    assert_eq!(
        (error.status(), error.message()),
        (503, "`probe` is stopped")
    );
}

#[test]
fn others_answer_as_the_test_says() {
    let kit = builder().start().unwrap();
    let absent = kit.get("/ask").unwrap();
    assert_eq!(absent.status(), 404);
    assert_eq!(
        text(Ok(absent)),
        r#"{"detail":"there is no plugin `other`: install it, or name another"}"#
    );
    kit.answer("other", |asked| {
        assert_eq!((asked.method(), asked.query()), ("POST", "a=b"));
        Ok(Response::text(format!(
            "{} {:?}",
            asked.path(),
            asked.body()
        )))
    });
    assert_eq!(text(kit.get("/ask")), "/x [98, 111, 100, 121]");
    kit.answer("other", |_| Err(Error::with_status(503, "it is away")));
    assert_eq!(kit.get("/ask").unwrap().status(), 503);
    let asked: Vec<_> = kit.asked().into_iter().map(|asked| asked.plugin).collect();
    assert_eq!(asked, ["other", "other", "other"]);
}

#[test]
#[should_panic(expected = "the answer of `other` panicked: as the test says")]
fn a_test_that_fails_in_an_answer_fails() {
    let kit = builder().start().unwrap();
    kit.answer("other", |_| panic!("as the test says"));
    let _answer = kit.get("/ask");
}

#[test]
fn events_come_in_order_once_the_plugin_runs() {
    let kit = builder().create().unwrap();
    kit.publish("probe.early", &1).unwrap();
    kit.start().unwrap();
    kit.publish_from("other", "other.a.b", &2).unwrap();
    kit.publish_from("other", "nobody.hears", &3).unwrap();
    kit.publish_from("other", "probe.bad", &4).unwrap();
    kit.publish_from("other", "other", &5).unwrap();
    kit.advance(SECOND);
    let heard: Vec<String> = kit.get("/heard").unwrap().read_json().unwrap();
    assert_eq!(
        heard,
        [
            "probe.early  1",
            "other.a.b other 1",
            "other other 4",
            "probe.beat probe 1"
        ]
    );
    let warned = kit
        .logs()
        .into_iter()
        .find(|logged| logged.target == "testkit");
    assert_eq!(
        warned.unwrap().message,
        "event probe.bad of other: a bad event"
    );
    let error = kit.publish("no topic", &1).unwrap_err();
    assert_eq!(
        error.message(),
        "`no topic` is no topic: expected names of [A-Za-z0-9_-], joined by dots, and at most 256 bytes"
    );
}

#[test]
fn what_the_manifest_does_not_ask_for_is_denied_where_the_test_says_so() {
    let kit = builder().permissions().start().unwrap();
    assert_eq!(kit.request(Ask::post("/retain/1")).unwrap().status(), 403);
    let heard = kit.request(Ask::post("/publish/quick.own"));
    assert_eq!(text(heard), r#"["quick.own probe 1"]"#);
    kit.stop().unwrap();
    assert_eq!(
        kit.stored("late").unwrap().as_deref(),
        Some(&b"[403, 503]"[..])
    );
    let kit = builder().start().unwrap();
    assert_eq!(kit.request(Ask::post("/retain/1")).unwrap().status(), 204);
}

#[test]
fn a_quick_subscription_hears_inside_whoever_publishes() {
    let kit = builder().create().unwrap();
    kit.publish("quick.early", &1).unwrap();
    kit.start().unwrap();
    let heard = kit.request(Ask::post("/publish/quick.own"));
    assert_eq!(text(heard), r#"["quick.own probe 1"]"#);
    // It publishes in a ring, which is cut.
    kit.publish("quick.ring", &1).unwrap();
    let heard: Vec<String> = kit.get("/heard").unwrap().read_json().unwrap();
    assert_eq!(heard.len(), 1 + 16);
    let told = kit.logs().into_iter().find(|log| log.target == "testkit");
    let told = told.unwrap().message;
    assert!(
        told.contains("published inside 16 events of quick"),
        "{told}"
    );
}

#[test]
fn other_publishers_count_on_when_the_plugin_is_started_again() {
    let kit = builder().start().unwrap();
    let publish = || kit.publish_from("other", "other.a", &1).unwrap();
    publish();
    kit.advance(SECOND);
    kit.restart().unwrap();
    publish();
    kit.advance(SECOND);
    let heard: Vec<String> = kit.get("/heard").unwrap().read_json().unwrap();
    assert_eq!(heard, ["other.a other 2", "probe.beat probe 1"]);
}

#[test]
fn the_bounds_are_those_of_a_host() {
    let kit = mode("health bloats").start().unwrap();
    let retain = |count: u32| kit.request(Ask::post(&format!("/retain/{count}")));
    assert_eq!(retain(1024).unwrap().status(), 204);
    // What is there may be replaced.
    assert_eq!(retain(1024).unwrap().status(), 204);
    let full = retain(1025).unwrap();
    assert_eq!(full.status(), 429);
    let said = text(Ok(full));
    assert!(said.contains("found 1025 topics"), "{said}");
    assert_eq!(
        kit.health().unwrap_err().message(),
        "the message of its health has 4097 bytes: it may have 4096"
    );
    kit.stop().unwrap();
    // It subscribes and provides while it stops.
    assert_eq!(
        kit.stored("late").unwrap().as_deref(),
        Some(&b"[503, 503]"[..])
    );
}

#[test]
fn schedules_go_by_the_clock() {
    let config = json!({ "period_ms": 3_600_000 });
    let kit = builder().config(config).start().unwrap();
    assert_eq!(kit.get("/chime").unwrap().status(), 204);
    kit.advance(12 * 3600 * SECOND - SECOND);
    let noons = |kit: &Testkit<Probe>| {
        let published = kit.published().into_iter();
        published
            .filter(|event| event.topic == "probe.noon")
            .count()
    };
    assert_eq!(noons(&kit), 0);
    kit.advance(SECOND);
    assert_eq!(noons(&kit), 1);
    kit.advance(48 * 3600 * SECOND);
    assert_eq!(noons(&kit), 3);
}

#[test]
fn what_is_stored_outlives_a_restart() {
    let kit = builder().stored("old", "1").start().unwrap();
    let put = |key: &str| kit.request(Ask::post(&format!("/keys/{key}")).body("v"));
    assert_eq!(put("a").unwrap().status(), 204);
    assert_eq!(kit.stored("stopped").unwrap(), None);
    kit.restart().unwrap();
    assert_eq!(kit.stored("stopped").unwrap().as_deref(), Some(&b"yes"[..]));
    assert_eq!(kit.stored("a").unwrap().as_deref(), Some(&b"v"[..]));
    assert_eq!(kit.stored("old").unwrap().as_deref(), Some(&b"1"[..]));
    kit.storage_fails(Some(StorageFault::Full));
    let full = put("b").unwrap();
    assert_eq!(full.status(), 429);
    assert!(text(Ok(full)).contains("expected room on the disk, found none"));
    kit.storage_fails(Some(StorageFault::Damaged));
    assert_eq!(put("b").unwrap().status(), 500);
    kit.storage_fails(None);
    assert_eq!(put("b").unwrap().status(), 204);
}

#[test]
fn services_go_both_ways() {
    let kit = builder().start().unwrap();
    let lacking = kit.get("/next").unwrap();
    assert_eq!(lacking.status(), 404);
    assert_eq!(
        text(Ok(lacking)),
        r#"{"detail":"`probe` asks for service `plain` ^1, which no installed plugin provides"}"#
    );
    kit.provide(plain());
    assert_eq!(text(kit.get("/next")), r#"{"next":7}"#);
    let own = kit.service::<counter_1_0::CounterObject>().unwrap();
    assert_eq!(own.add(counter_1_0::Amount { count: 1, times: 1 }), 1);
    assert_eq!(plugin_api::Lease::provider(&own), "probe");
}

#[test]
fn the_hosts_own_services_go_by_the_kit() {
    let kit = builder().start().unwrap();
    let said = |kit: &Testkit<Probe>| {
        let text = text(kit.get("/host"));
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let first = said(&kit);
    let mut expected = json!({
        "now_ns": first["now_ns"], "steady": true, "zone": "UTC", "period_ms": 1000,
        "revision": 1, "stored": b"the service", "last": b"1", "edges": ["testkit"],
        "provider": "",
        "later": "`probe` asks for service `clock` ^2, and this host provides clock 1.0.0: ask for \
                  a range with that in it, or update the host",
    });
    assert_eq!(first, expected);
    kit.advance(SECOND);
    kit.reconfigure(json!({ "mode": "now" })).unwrap();
    let now = first["now_ns"].as_i64().unwrap() + 1_000_000_000;
    expected["now_ns"] = json!(now);
    expected["revision"] = json!(2);
    assert_eq!(said(&kit), expected);
}

#[test]
fn a_panic_is_kept_with_where_it_was() {
    let kit = mode("task panics").start().unwrap();
    let panics = kit.panics();
    assert_eq!(panics.len(), 1, "{panics:?}");
    let task = (panics[0].message.as_str(), panics[0].task.as_deref());
    assert_eq!(task, ("in a task", Some("bad")));
    let error = kit.get("/panic").err().unwrap();
    assert_eq!(error.message(), "in a handler");
    let panics = kit.panics();
    assert_eq!((panics.len(), panics[0].task.as_deref()), (1, None));
    assert!(panics[0].file.ends_with("probe.rs"), "{panics:?}");
}

#[test]
#[should_panic(expected = "in a handler: expected the test to look at it with `panics`")]
fn a_panic_that_nobody_looks_at_fails_the_test() {
    let kit = builder().start().unwrap();
    let _answer = kit.get("/panic");
}

#[test]
fn a_thread_of_the_plugins_is_heard() {
    let kit = mode("thread").start().unwrap();
    kit.stop().unwrap();
    assert_eq!(kit.panics()[0].message, "in a thread");
    let warned = kit
        .logs()
        .into_iter()
        .any(|logged| logged.message == "from a thread");
    assert!(warned);
}

#[test]
fn a_context_that_is_kept_is_told() {
    let kit = mode("keeps").start().unwrap();
    assert_eq!(
        kit.stop().unwrap_err().message(),
        "it kept its context beyond its own drop, so a thread of it may still run: expected its \
         threads to be joined in `stop`, and its tasks to be the host's"
    );
}

#[test]
#[should_panic(expected = "`start` has not returned within 0.05 s")]
fn what_hangs_fails_the_test() {
    let patience = Duration::from_millis(50);
    let _kit = mode("start hangs").patience(patience).start();
}

#[test]
#[should_panic(expected = "task `spin` wakes itself without end")]
fn what_spins_fails_the_test() {
    let _kit = mode("spins").start();
}

#[test]
fn health_and_reconfigure_are_asked() {
    let kit = builder().start().unwrap();
    kit.advance(2 * SECOND);
    let health = kit.health().unwrap();
    assert_eq!(health, Health::degraded("so so").with("beats", 2));
    assert_eq!(
        (health.message(), &health.metadata()["beats"]),
        ("so so", &json!(2))
    );
    let set = |mode: &str| kit.reconfigure(json!({ "mode": mode }));
    assert_eq!(set("now").unwrap(), Reconfigured::Now);
    assert_eq!(set("later").unwrap(), Reconfigured::AtNextStart);
    assert_eq!(set("never").unwrap_err().message(), "not that");
    let error = kit.reconfigure(json!({ "period_ms": "x" })).unwrap_err();
    assert_eq!(
        error.message(),
        "its configuration does not fit: period_ms: expected an integer, found \"x\""
    );
}

#[test]
fn two_kits_of_one_thread_hear_their_own() {
    let fast = builder()
        .config(json!({ "period_ms": 10 }))
        .start()
        .unwrap();
    let slow = builder().start().unwrap();
    fast.advance(SECOND);
    assert_eq!((fast.published().len(), slow.published().len()), (100, 0));
    assert_eq!((fast.logs().len(), slow.logs().len()), (1, 1));
    slow.stop().unwrap();
    drop(slow);
    let _panicked = fast.get("/panic");
    assert_eq!(fast.panics().len(), 1);
}

#[test]
fn kits_of_several_threads_take_turns() {
    let led = |periods: u64| {
        let kit = builder()
            .config(json!({ "period_ms": 100 }))
            .start()
            .unwrap();
        kit.advance(Duration::from_millis(100 * periods));
        (kit.logs().len(), kit.published().len())
    };
    let threads: Vec<_> = (1..=8).map(|n| thread::spawn(move || led(n))).collect();
    for (n, thread) in (1..).zip(threads) {
        assert_eq!(thread.join().unwrap(), (1, n));
    }
}

#[test]
fn every_plugin_has_plain_sessions() {
    let kit = builder().max_sessions(1).start().unwrap();
    let post = |path: &str| kit.request(Ask::post(path)).unwrap();
    let registered: Value = post("/register_session").read_json().unwrap();
    let sid = registered["sid"].as_str().unwrap();
    assert_eq!(registered, json!({ "sid": sid }));
    assert_eq!(post("/register_session").status(), 429);
    let listed: Value = kit.get("/list_sessions").unwrap().read_json().unwrap();
    assert_eq!(listed, json!({ "sessions": [sid] }));
    assert_eq!(post(&format!("/unregister_session/{sid}")).status(), 200);
    assert_eq!(post(&format!("/unregister_session/{sid}")).status(), 404);
    let answer = post("/list_sessions");
    assert_eq!(
        (answer.status(), answer.header("allow")),
        (405, Some("GET, HEAD, OPTIONS"))
    );
}
