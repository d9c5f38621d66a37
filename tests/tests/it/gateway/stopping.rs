//! Does a plugin that goes away, or blocks, or a host that ends, leave every client with an answer?

use super::{Served, site};
use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

#[test]
fn a_call_that_does_not_end_is_cut_off_so_that_its_plugin_can_stop() {
    let served = Served::start(site(&["echo"], "stop_deadline = \"1s\"\n"));
    let served = &*served;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| served.get("/echo/pending/one"));
        while served.get("/echo/waiting").text() != "one" {
            thread::yield_now();
        }
        let stopping = scope.spawn(|| served.post("/api/plugins/echo/stop", ""));
        // From here on nobody gets in.
        while served.get("/echo/waiting").status != 503 {
            thread::yield_now();
        }
        let cut = waiting.join().unwrap();
        let text = "Plugin 'echo' was stopped before it had answered";
        assert_eq!((cut.status, &*cut.detail()), (503, text));
        assert_eq!(stopping.join().unwrap().status, 200);
    });
}

#[test]
fn calls_go_on_while_a_plugin_is_restarted_again_and_again() {
    let served = Served::start(site(&["echo", "greeter"], ""));
    let ended = std::sync::atomic::AtomicBool::new(false);
    let is_over = || ended.load(std::sync::atomic::Ordering::Relaxed);
    let served = &*served;
    thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut good = 0;
                    while !is_over() {
                        let got = served.post("/echo/quick/x", "same");
                        match got.status {
                            200 => {
                                assert_eq!(got.text(), "same");
                                good += 1;
                            }
                            503 => {}
                            other => panic!("{other}: {}", got.text()),
                        }
                        assert_eq!(served.get("/greeter/greet/World").text(), "Hello, World!");
                    }
                    good
                })
            })
            .collect();
        for _ in 0..20 {
            assert_eq!(served.post("/api/plugins/echo/restart", "").status, 200);
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() > 0);
        }
    });
}

#[test]
fn a_handler_that_blocks_delays_nobody() {
    let own = "config.mode = \"hang-in-handle\"\n";
    let site = site(&["greeter", "misbehave"], own);
    let release = site.root().join("release");
    let text = std::fs::read_to_string(site.root().join("jackfield.toml")).unwrap();
    std::fs::write(
        site.root().join("jackfield.toml"),
        format!("{text}config.release = {release:?}\n"),
    )
    .unwrap();
    let served = Served::start(site);
    let served = &*served;
    thread::scope(|scope| {
        let blocked = scope.spawn(|| served.get("/misbehave/handle"));
        let began = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(served.get("/greeter/greet/World").status, 200);
        }
        assert!(!blocked.is_finished(), "it did not block");
        let took = began.elapsed();
        std::fs::write(&release, "").unwrap();
        blocked.join().unwrap();
        assert!(took < Duration::from_secs(20), "{took:?}");
    });
}

#[test]
fn a_host_that_ends_does_not_wait_for_a_call_that_never_does() {
    let mut served = Served::start(site(&["echo"], "[host]\nstop_deadline = \"2s\"\n"));
    let mut stream = served.connect();
    stream
        .write_all(b"GET /echo/pending/one HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    while served.get("/echo/waiting").text() != "one" {
        thread::yield_now();
    }
    served.host().signal(rustix::process::Signal::TERM);
    let said = super::rest(&mut stream);
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    let (code, log) = served.ended();
    assert_eq!(code, Some(0), "{log:#?}");
}

#[test]
fn a_plugin_is_not_there_before_it_runs() {
    let own = "config.mode = \"hang-in-start\"\n";
    let site = site(&["misbehave"], own);
    let release = site.root().join("release");
    let text = std::fs::read_to_string(site.root().join("jackfield.toml")).unwrap();
    std::fs::write(
        site.root().join("jackfield.toml"),
        format!("{text}config.release = {release:?}\n"),
    )
    .unwrap();
    let mut served = Served::starting(site);
    while served.get("/api/plugins/misbehave").json()["state"] != "starting" {
        thread::yield_now();
    }
    let early = served.get("/misbehave/fine");
    assert_eq!(early.status, 503, "{}", early.text());
    let ready = served.get("/health/ready");
    assert_eq!(
        (ready.status, ready.json()["status"].clone()),
        (503, "starting".into())
    );
    assert_eq!(served.get("/healthz").status, 200);
    std::fs::write(&release, "").unwrap();
    served.host().wait_until_started();
    assert_eq!(served.get("/health/ready").status, 200);
    assert_eq!(served.get("/misbehave/fine").status, 200);
}
