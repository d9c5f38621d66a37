use super::*;
use plugin_api::serde_json::{Value, json};
use testkit::{Ask, Testkit};

fn kit(config: Value) -> Testkit<RateLimit> {
    Testkit::builder().config(config).start().unwrap()
}

/// A request that is on its way to another plugin.
fn before(kit: &Testkit<RateLimit>, who: &[(&str, &str)]) -> Response {
    phase(kit, "before", who)
}

fn phase(kit: &Testkit<RateLimit>, phase: &str, who: &[(&str, &str)]) -> Response {
    let mut ask = Ask::get("/sysinfo/cpu").extension("phase", phase);
    if phase == "after" {
        ask = ask.extension("response-status", "200");
    }
    for (name, value) in who {
        ask = ask.extension(name, value);
    }
    kit.request(ask).unwrap()
}

#[test]
fn a_request_too_many_is_answered() {
    let kit = kit(json!({ "requests": 2, "window_s": 10 }));
    let ada = [("client", "10.0.0.1")];
    assert_eq!([(); 2].map(|()| before(&kit, &ada).status()), [100; 2]);
    let refused = before(&kit, &ada);
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(refused.header("ratelimit"), Some("\"default\";r=0;t=5"));
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"default\";q=2;w=10")
    );
    let said: Value = refused.read_json().unwrap();
    assert_eq!(
        said,
        json!({ "detail": "too many requests: the next may come in 5 s" })
    );
    // Others do not notice.
    assert_eq!(before(&kit, &[("client", "10.0.0.2")]).status(), 100);
    kit.advance(Duration::from_secs(5));
    assert_eq!([(); 2].map(|()| before(&kit, &ada).status()), [100, 429]);
    let counts: Value = kit.get("/counts").unwrap().read_json().unwrap();
    let policy = "\"default\";q=2;w=10";
    assert_eq!(
        counts,
        json!({ "policy": policy, "passed": 4, "refused": 2 })
    );
}

#[test]
fn an_answer_says_what_is_left() {
    let kit = kit(json!({ "requests": 10, "window_s": 10 }));
    let ada = [("client", "10.0.0.1")];
    for _ in 0..3 {
        before(&kit, &ada);
    }
    let kept = phase(&kit, "after", &ada);
    assert_eq!(kept.status(), 100);
    assert_eq!(kept.header("set-ratelimit"), Some("\"default\";r=7;t=3"));
    assert_eq!(
        kept.header("set-ratelimit-policy"),
        Some("\"default\";q=10;w=10")
    );
    // Looking takes nothing.
    assert_eq!(
        phase(&kit, "after", &ada).header("set-ratelimit"),
        Some("\"default\";r=7;t=3")
    );
}

#[test]
fn a_client_is_its_token_and_else_its_address() {
    let kit = kit(json!({ "requests": 1, "window_s": 10, "exempt": ["ci", "10.0.0.9"] }));
    let status = |who: &[(&str, &str)]| before(&kit, who).status();
    // From two addresses, with one token.
    assert_eq!(status(&[("client", "10.0.0.1"), ("token", "ada")]), 100);
    assert_eq!(status(&[("client", "10.0.0.2"), ("token", "ada")]), 429);
    assert_eq!(status(&[("client", "10.0.0.1")]), 100);
    assert_eq!(status(&[("client", "10.0.0.1"), ("token", "")]), 429);
    // An address that is called like a token.
    assert_eq!(status(&[("client", "ada")]), 100);
    for _ in 0..3 {
        assert_eq!(status(&[("client", "10.0.0.3"), ("token", "ci")]), 100);
        assert_eq!(status(&[("client", "10.0.0.9")]), 100);
    }
    assert_eq!(status(&[("client", "10.0.0.9"), ("token", "bob")]), 100);
    assert_eq!(status(&[("client", "10.0.0.9"), ("token", "bob")]), 429);
    assert_eq!(
        phase(&kit, "after", &[("token", "ci")]).header("set-ratelimit"),
        None
    );
}

#[test]
fn an_address_counts_however_it_is_written() {
    let kit =
        kit(json!({ "requests": 1, "window_s": 10, "exempt": ["10.0.0.9", "::ffff:10.0.0.8"] }));
    let status = |address: &str| before(&kit, &[("client", address)]).status();
    for _ in 0..3 {
        assert_eq!(status("::ffff:10.0.0.9"), 100);
        assert_eq!(status("10.0.0.8"), 100);
    }
    assert_eq!(status("::ffff:10.0.0.1"), 100);
    assert_eq!(status("10.0.0.1"), 429);
    // One network, and another.
    assert_eq!(status("2001:db8::1"), 100);
    assert_eq!(status("2001:db8::ffff:2"), 429);
    assert_eq!(status("2001:db8:0:1::1"), 100);
}

#[test]
fn it_is_open_where_it_fails() {
    let kit = kit(json!({}));
    let routes = kit.describe("routes").unwrap();
    assert_eq!(
        routes["middleware"],
        json!({ "before": true, "after": true, "fail": "open" })
    );
}
