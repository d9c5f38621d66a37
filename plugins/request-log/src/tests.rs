use super::*;
use plugin_api::serde_json::{Value, json};
use testkit::{Ask, Testkit};

fn kit(config: Value) -> Testkit<RequestLog> {
    Testkit::builder().config(config).start().unwrap()
}

/// An answer that is on its way to a client.
fn after(kit: &Testkit<RequestLog>, path: &str, status: u16, who: &[(&str, &str)]) {
    let mut ask = Ask::post(path).body("0123456789");
    for (name, value) in [
        ("phase", "after"),
        ("request-id", "r-1"),
        ("elapsed-us", "1500"),
    ] {
        ask = ask.extension(name, value);
    }
    ask = ask.extension("response-status", status.to_string());
    for (name, value) in who {
        ask = ask.extension(name, value);
    }
    assert_eq!(kit.request(ask).unwrap().status(), 100);
}

/// Level and text of what was written.
fn written(kit: &Testkit<RequestLog>) -> Vec<(log::Level, String)> {
    let records = kit.logs().into_iter();
    records
        .map(|record| (record.level, record.message))
        .collect()
}

#[test]
fn a_request_is_a_line_and_its_fields() {
    let kit = kit(json!({}));
    after(
        &kit,
        "/sysinfo/cpu?secret=1",
        200,
        &[("client", "10.0.0.1"), ("token", "ci")],
    );
    assert_eq!(
        written(&kit),
        [(
            log::Level::Info,
            "POST /sysinfo/cpu 200 in 1.5 ms, token ci".to_owned()
        )]
    );
    let fields = kit.logs()[0].fields.clone();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(
        fields,
        [
            ("request_id", "r-1"),
            ("method", "POST"),
            ("path", "/sysinfo/cpu"),
            ("status", "200"),
            ("duration_ms", "1.5"),
            ("bytes", "10"),
            ("who", "token ci"),
        ]
    );
}

#[test]
fn of_an_answer_in_parts_no_length_is_told() {
    let kit = kit(json!({}));
    let ask = Ask::get("/staging/download/x")
        .extension("phase", "after")
        .extension("response-status", "200")
        .extension("response-headers", "content-length: 1000000000\r\n");
    assert_eq!(kit.request(ask).unwrap().status(), 100);
    let fields = kit.logs()[0].fields.clone();
    let bytes = fields.iter().find(|(name, _)| name == "bytes");
    assert_eq!(bytes.map(|(_, value)| &**value), Some("None"));
}

#[test]
fn who_asks_is_told_as_well_as_it_is_known() {
    let kit = kit(json!({ "level": "debug" }));
    after(&kit, "/a", 200, &[("client", "10.0.0.1"), ("token", "")]);
    after(&kit, "/a", 200, &[]);
    after(&kit, "/a", 200, &[("caller", "tracker")]);
    let who = ["10.0.0.1", "nobody", "plugin tracker"];
    let lines = who.map(|who| (log::Level::Debug, format!("POST /a 200 in 1.5 ms, {who}")));
    assert_eq!(written(&kit), lines);
}

#[test]
fn what_is_slow_or_fails_is_a_warning_and_what_is_skipped_is_nothing() {
    let kit = kit(json!({ "slow_ms": 1, "skip": ["/quiet"] }));
    after(&kit, "/quiet", 200, &[]);
    assert_eq!(written(&kit)[0].0, log::Level::Warn);
    drop(kit);
    let kit = self::kit(json!({ "skip": ["/quiet"] }));
    after(&kit, "/quiet/a", 200, &[]);
    assert_eq!(written(&kit), []);
    after(&kit, "/quiet/a", 503, &[]);
    assert_eq!(written(&kit)[0].0, log::Level::Warn);
}

#[test]
fn it_sees_answers_only_and_is_open_where_it_fails() {
    let kit = kit(json!({}));
    let routes = kit.describe("routes").unwrap();
    assert_eq!(
        routes["middleware"],
        json!({ "before": false, "after": true, "fail": "open" })
    );
}
