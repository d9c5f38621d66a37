//! Do plugins that see requests for others see all of them, in order, and fail as they say?

use super::{Client, Served, site, until};
use jackfield_tests::Site;
use serde_json::json;
use std::{fs, thread};
use ureq::http::Request;

#[test]
fn requests_and_answers_are_changed_on_their_way() {
    let served = Served::start(site(&["doorman", "echo"], ""));
    let request = Request::post("/echo/x")
        .header("cookie", "c")
        .header("x-seen", "forged");
    let got = served.ask(request, b"body");
    assert_eq!((got.status, got.text()), (200, "body"));
    assert_eq!(got.header("x-echo-x-seen"), "POST");
    assert_eq!(got.header("x-echo-cookie"), "");
    assert_eq!(got.header("x-media"), "none");
    assert_eq!(
        served.get("/echo/status/404").status,
        410,
        "as the hook has it"
    );
    let replaced = served.get("/echo/status/500");
    assert_eq!(
        (replaced.status, replaced.text().starts_with("sorry: ")),
        (502, true)
    );
    // The host's own routes are seen as well, but for those that say whether it lives.
    assert_eq!(
        served.get("/api/plugins").header("x-media"),
        "application/json"
    );
    assert_eq!(served.get("/healthz").header("x-media"), "");
    assert_eq!(
        served.get("/doorman/rules").header("x-media"),
        "",
        "it does not see its own"
    );
}

#[test]
fn what_is_answered_before_goes_no_further() {
    let served = Served::start(site(&["doorman", "echo"], ""));
    let private = served.get("/private/x");
    assert_eq!(
        (private.status, private.detail()),
        (401, "who are you?".to_owned())
    );
    let moved = served.raw(b"GET /moved HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(
        moved.starts_with("HTTP/1.1 308 ") && moved.contains("location: /rules"),
        "{moved}"
    );
}

#[test]
fn one_that_fails_closed_lets_nothing_pass_while_it_cannot_be_asked() {
    let own = "on_panic = \"continue\"\n[plugins.echo]\nenabled = true\n";
    let site = site(&["doorman"], own);
    site.add("echo");
    let served = Served::start(site);
    for path in ["/broken", "/panic"] {
        let refused = served.get(path);
        assert_eq!(refused.status, 503, "{path}: {}", refused.text());
        assert_eq!(refused.json()["plugin"], "doorman");
    }
    assert_eq!(served.get("/echo/x").status, 200);
    // An operator who stops it wants to do without.
    assert_eq!(served.post("/api/plugins/doorman/stop", "").status, 200);
    let is_unseen = || {
        let got = served.get("/echo/x");
        got.status == 200 && got.header("x-echo-x-seen").is_empty()
    };
    while !is_unseen() {
        thread::yield_now();
    }
    assert_eq!(served.post("/api/plugins/doorman/start", "").status, 200);
    while served.get("/echo/x").header("x-echo-x-seen") != "GET" {
        thread::yield_now();
    }
}

/// The request was let through, and the doorman saw it; it was not, and nobody else answered.
fn is_seen(served: &Client) -> bool {
    let got = served.get("/echo/x");
    if got.status == 200 {
        assert_eq!(got.header("x-echo-x-seen"), "GET", "it passed unseen");
        return true;
    }
    assert_eq!(
        (got.status, got.json()["plugin"].as_str()),
        (503, Some("doorman"))
    );
    assert!(
        got.detail()
            .starts_with("nothing passes without plugin 'doorman'"),
        "{got:?}"
    );
    false
}

#[test]
fn one_that_fails_closed_lets_nothing_pass_while_it_is_restarted() {
    let site = site(&["echo"], "");
    site.add("doorman");
    let hold = site.root().join("hold");
    let own = format!("[plugins.doorman]\nenabled = true\nconfig.hold = {hold:?}\n");
    add_to_configuration(&site, &own);
    let served = Served::start(site);
    let served = &*served;
    assert!(is_seen(served));
    fs::write(&hold, "").unwrap();
    thread::scope(|scope| {
        let restarting = scope.spawn(|| served.post("/api/plugins/doorman/restart", ""));
        // Of those that come meanwhile none passes unseen either.
        until("it is not restarted", || {
            is_seen(served);
            hold.with_extension("begun").exists()
        });
        for _ in 0..100 {
            assert!(!is_seen(served), "it has not started yet");
        }
        // Whoever asks whether the host lives is not kept out.
        assert_eq!(served.get("/healthz").status, 200);
        fs::remove_file(&hold).unwrap();
        until("it does not come back", || is_seen(served));
        assert_eq!(restarting.join().unwrap().status, 200);
    });
    // Nor while it starts again by itself, after a panic.
    assert_eq!(served.get("/panic").status, 503);
    until("it does not come back by itself", || is_seen(served));
}

#[test]
fn one_that_keeps_others_out_is_there_before_anybody_comes() {
    let site = site(&["echo"], "");
    let security = ("kind = \"middleware\"", "kind = \"security\"  ");
    site.add_patched("doorman", "libdoorman.so", &[security]);
    let hold = site.root().join("hold");
    fs::write(&hold, "").unwrap();
    let own = format!("[plugins.doorman]\nenabled = true\nconfig.hold = {hold:?}\n");
    add_to_configuration(&site, &own);
    let mut served = Served::starting(site);
    // Before plugins are looked for there is nothing to pass to.
    until("it does not begin", || {
        let got = served.get("/echo/x");
        let is_unknown = got.status == 404 && got.detail() == "Plugin 'echo' not found";
        assert!(is_unknown || got.status == 503, "{got:?}");
        hold.with_extension("begun").exists()
    });
    for _ in 0..100 {
        assert!(!is_seen(&served), "it has not started yet");
    }
    fs::remove_file(&hold).unwrap();
    served.host().wait_until_started();
    until("it does not see them", || is_seen(&served));
}

/// More of a site's configuration.
fn add_to_configuration(site: &Site, more: &str) {
    let path = site.root().join("jackfield.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text + more).unwrap();
}

#[test]
fn a_client_that_asks_too_often_is_told_when_it_may_again() {
    let own = "config.requests = 3\nconfig.window_s = 3600\n[plugins.echo]\nenabled = true\n";
    let site = site(&["rate_limit"], "");
    site.add("echo");
    let text = format!("[plugins.rate-limit]\nenabled = true\n{own}");
    std::fs::write(site.root().join("jackfield.toml"), text).unwrap();
    let served = Served::start(site);
    let all: Vec<_> = (0..4).map(|_| served.get("/echo/x")).collect();
    let statuses: Vec<u16> = all.iter().map(|got| got.status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    assert!(!all[0].header("ratelimit").is_empty(), "{:?}", all[0]);
    let wait: u64 = all[3].header("retry-after").parse().unwrap();
    assert!(wait > 0);
    let limit = format!("\"default\";r=0;t={wait}");
    assert_eq!(all[3].header("ratelimit"), limit);
    assert_eq!(served.get("/healthz").status, 200);
}

#[test]
fn each_request_is_in_the_log_with_its_id() {
    let site = site(&["request_log"], "");
    site.add("echo");
    let text = "[plugins.request-log]\nenabled = true\n[plugins.echo]\nenabled = true\n";
    std::fs::write(site.root().join("jackfield.toml"), text).unwrap();
    let mut served = Served::start(site);
    let request = Request::get("/echo/x?secret=1").header("x-request-id", "mine");
    assert_eq!(served.ask(request, b"").status, 200);
    let line = served.host().wait("GET /echo/x");
    assert!(
        line.starts_with("INFO  request-log: GET /echo/x 200 in "),
        "{line}"
    );
    assert!(!line.contains("secret"), "{line}");
    let refused = served.get("/nobody/x");
    assert_eq!(
        refused.json(),
        json!({"detail": "Plugin 'nobody' not found"})
    );
    served.host().wait("GET /nobody/x 404");
}
