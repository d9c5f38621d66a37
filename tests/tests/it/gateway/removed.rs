//! Is a plugin whose file is taken away, or another, what it was until it stops, and what then?

use super::{Client, Served, events::Reader, site, until};
use crate::cli::misbehaves;
use jackfield_tests::{Site, library, patched};
use serde_json::{Value, json};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// The plugins that a topology has.
fn plugins(topology: &Value) -> Vec<String> {
    let plugins = topology["edges"]["here"]["plugins"].as_object().unwrap();
    plugins.keys().cloned().collect()
}

/// It is told of nowhere, and all that is asked of it is answered so.
fn is_gone(served: &Client) {
    for path in [
        "/echo/x",
        "/here/echo/x",
        "/echo/health",
        "/echo/version",
        "/echo/ui_config",
        "/api/plugins/echo",
        "/api/plugins/echo/config",
        "/api/plugins/echo/why",
    ] {
        let got = served.get(path);
        assert_eq!(
            (got.status, got.detail()),
            (410, "Plugin 'echo' was removed".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/echo/register_session",
        "/api/plugins/echo/start",
        "/api/plugins/echo/stop",
        "/api/plugins/echo/enable?dry_run=true",
        "/api/plugins/echo/reload",
    ] {
        let got = served.post(path, "");
        assert_eq!(
            (got.status, got.detail()),
            (410, "Plugin 'echo' was removed".to_owned()),
            "{path}"
        );
    }
    assert_eq!(served.get("/api/plugins?all=true").json()["count"], 1);
    assert_eq!(
        plugins(&served.get("/edge/list").json()["data"]),
        ["greeter"]
    );
    assert!(!served.get("/openapi.json").text().contains("/echo/"));
}

#[test]
fn one_that_is_removed_runs_until_it_is_stopped_and_is_gone_then() {
    let served = Served::start(site(&["echo", "greeter"], "[host]\nedge = \"here\"\n"));
    let mut reader = Reader::new(&served, "?topic=topology", "");
    let client = &*served;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.get("/echo/pending/one"));
        until("nobody waits", || {
            client.get("/echo/waiting").text() == "one"
        });
        fs::remove_file(served.site.plugins().join("libecho.so")).unwrap();
        let refused = client.post("/api/plugins/echo/restart", "");
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(
            refused.detail().contains("its file is gone"),
            "{}",
            refused.detail()
        );
        assert_eq!(client.post("/echo/complete/one", "still here").status, 200);
        assert_eq!(waiting.join().unwrap().text(), "still here");
    });
    assert_eq!(served.post("/api/plugins/echo/stop", "").status, 200);
    // That it is gone is seen by who looks for its file.
    assert_eq!(served.get("/echo/x").status, 503);
    assert_eq!(served.post("/api/plugins/echo/start", "").status, 410);
    is_gone(&served);
    while plugins(&reader.next()["data"]) != ["greeter"] {}
    assert_eq!(served.get("/ecko/x").status, 404, "it was never there");
    served.site.add("echo");
    let started = served.post("/api/plugins/echo/start", "");
    assert_eq!(
        (started.status, &started.json()["state"]),
        (200, &json!("running"))
    );
    assert_eq!(served.get("/echo/x").status, 200);
    while plugins(&reader.next()["data"]) != ["echo", "greeter"] {}
}

#[test]
fn one_that_is_replaced_answers_as_what_it_is_all_the_time() {
    let site = Site::new();
    misbehaves(&site, "error-in-handle", "");
    let path = site.plugins().join("libmisbehave.so");
    let served = Served::start(site);
    let [old, new] = ["as configured", "As Configured"];
    let says = |text: &str| {
        let got = served.get("/misbehave/quick");
        got.status == 500 && got.detail() == format!("an error in Handle, {text}")
    };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let client = &*served;
        let callers = [(); 4].map(|()| {
            scope.spawn(|| {
                // The old one, then nobody, then the new one, and back to none of them.
                let (mut stage, mut calls) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    let got = client.get("/misbehave/quick");
                    let at = match (got.status, &*got.detail()) {
                        (500, text) if text.ends_with(old) => 0,
                        (503, _) => 1,
                        (500, text) if text.ends_with(new) => 2,
                        _ => panic!("{got:?}"),
                    };
                    assert!(at >= stage, "{at} after {stage}");
                    (stage, calls) = (at, calls + 1);
                }
                calls
            })
        });
        let bytes = patched(fs::read(library("misbehave")).unwrap(), &[(old, new)]);
        let other = path.with_extension("new");
        fs::write(&other, bytes).unwrap();
        fs::rename(other, &path).unwrap();
        assert!(says(old), "it runs as it is");
        assert_eq!(
            served.post("/api/plugins/misbehave/restart", "").status,
            200
        );
        assert!(says(new));
        is_over.store(true, Ordering::Relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() > 0);
        }
    });
}
