//! Does the recorder write what it hears when it says it does, and wait no longer than it is told?

use super::*;
use plugin_api::serde_json::Value;
use testkit::{Ask, Testkit};

const FLUSH: Duration = Duration::from_millis(200);

fn recorder() -> Testkit<Recorder> {
    Testkit::builder().permissions().start().unwrap()
}

fn tick(kit: &Testkit<Recorder>, count: u64) {
    let told = kit.publish_from("heartbeat", "heartbeat.tick", &json!({ "count": count }));
    told.unwrap();
}

/// The payloads that are written, the oldest first.
fn written(kit: &Testkit<Recorder>) -> Vec<Value> {
    let page = kit.get("/records?order=asc").unwrap();
    let mut page: Value = page.read_json().unwrap();
    let records = page["records"].as_array_mut().unwrap();
    records
        .iter_mut()
        .map(|record| record["payload"].take())
        .collect()
}

#[test]
fn what_it_hears_is_written_together_after_a_while() {
    let kit = recorder();
    tick(&kit, 1);
    kit.advance(FLUSH / 2);
    tick(&kit, 2);
    kit.publish("of.no.interest", &json!(1)).unwrap();
    kit.advance(FLUSH / 2 - Duration::from_millis(1));
    assert_eq!(written(&kit), [] as [Value; 0]);
    kit.advance(Duration::from_millis(1));
    assert_eq!(
        written(&kit),
        [json!({ "count": 1 }), json!({ "count": 2 })]
    );
    assert_eq!(kit.tasks(), [] as [&str; 0]);
}

#[test]
fn what_waits_is_written_before_it_stops() {
    let kit = recorder();
    tick(&kit, 1);
    kit.restart().unwrap();
    assert_eq!(written(&kit), [json!({ "count": 1 })]);
}

#[test]
fn who_asks_for_the_next_waits_as_long_as_asked() {
    let kit = recorder();
    let next = |ms: u64| {
        kit.send(Ask::get(&format!(
            "/next?topic=heartbeat.tick&timeout_ms={ms}"
        )))
    };
    let (short, long) = (next(20), next(30_000));
    kit.advance(Duration::from_millis(19));
    assert!(short.answer().is_none());
    kit.advance(Duration::from_millis(1));
    assert_eq!(short.answer().unwrap().unwrap().status(), 204);
    tick(&kit, 7);
    assert!(long.answer().is_none());
    kit.advance(FLUSH);
    let record: Value = long.answer().unwrap().unwrap().read_json().unwrap();
    assert_eq!(record["payload"], json!({ "count": 7 }));
}

#[test]
fn a_snapshot_needs_sysinfo() {
    let kit = recorder();
    let snapshot = || kit.request(Ask::post("/snapshot")).unwrap();
    let detail = |answer: &Response| answer.read_json::<Value>().unwrap()["detail"].take();
    let absent = snapshot();
    assert_eq!(absent.status(), 503);
    assert_eq!(
        detail(&absent),
        "a snapshot needs the plugin sysinfo, which does not run: there is no plugin `sysinfo`: \
         install it, or name another"
    );
    kit.answer("sysinfo", |_| Ok(Response::new(500)));
    let bad = snapshot();
    assert_eq!(
        (bad.status(), detail(&bad)),
        (502, json!("sysinfo answered with status 500"))
    );
    kit.answer("sysinfo", |asked| {
        assert_eq!((asked.method(), asked.path()), ("GET", "/metrics"));
        Response::json(&json!({ "memory": 1 }))
    });
    assert_eq!(snapshot().status(), 201);
    assert_eq!(written(&kit), [json!({ "memory": 1 })]);
}

#[test]
fn that_it_cannot_write_is_logged_once_until_it_can() {
    let kit = recorder();
    let path = kit.data_dir().join(FILE);
    let other = sqlite_kit::rusqlite::Connection::open(path).unwrap();
    let spoil = "CREATE TRIGGER spoiled BEFORE INSERT ON records
                 BEGIN SELECT raise(ABORT, 'as told'); END";
    other.execute_batch(spoil).unwrap();
    kit.forget();
    tick(&kit, 1);
    kit.advance(10 * FLUSH);
    let logged = || {
        let logs = kit.logs().into_iter();
        kit.forget();
        logs.map(|log| log.message).collect::<Vec<String>>()
    };
    assert_eq!(
        logged(),
        ["records are not written, and tried again: as told: Error code 1811: constraint failed"]
    );
    other.execute_batch("DROP TRIGGER spoiled").unwrap();
    kit.advance(FLUSH);
    assert_eq!(logged(), ["records are written again"]);
    assert_eq!(written(&kit), [json!({ "count": 1 })]);
}
