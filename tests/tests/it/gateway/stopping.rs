//! Does a plugin that goes away, or blocks, or a host that ends, leave every client with an answer?

use super::{Served, site, until, until_it_hangs};
use crate::cli::misbehaves;
use jackfield_tests::Site;
use std::{fs, io::Write, thread};

#[test]
fn a_call_that_does_not_end_is_cut_off_so_that_its_plugin_can_stop() {
    let served = Served::start(site(&["echo"], "stop_deadline = \"1s\"\n"));
    let served = &*served;
    for verb in ["restart", "stop", "disable"] {
        assert_eq!(served.post("/api/plugins/echo/enable", "").status, 200);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| served.get("/echo/pending/one"));
            until("nobody waits", || {
                served.get("/echo/waiting").text() == "one"
            });
            let order = format!("/api/plugins/echo/{verb}");
            let stopping = scope.spawn(move || served.post(&order, ""));
            // From here on nobody gets in.
            until("it lets everybody in", || {
                let got = served.get("/echo/waiting");
                got.status == 503 || got.text().is_empty()
            });
            let cut = waiting.join().unwrap();
            let text = "Plugin 'echo' was stopped before it had answered";
            assert_eq!((cut.status, &*cut.detail()), (503, text), "{verb}");
            assert_eq!(stopping.join().unwrap().status, 200, "{verb}");
        });
    }
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

/// A thousand requests for another plugin, of clients that keep their connections and of such that
/// come anew, get their answers while this one waits: it does so until they have them.
fn blocks(mode: &str, path: &str, answer: &str) {
    let site = Site::new();
    site.add("greeter");
    let release = misbehaves(&site, mode, "[plugins.greeter]\nenabled = true\n");
    let served = Served::start(site);
    let served = &*served;
    let request =
        b"GET /greeter/greet/World HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    thread::scope(|scope| {
        let blocked = scope.spawn(|| served.get(path));
        until_it_hangs(&release);
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..25 {
                        for _ in 0..4 {
                            assert_eq!(served.get("/greeter/greet/World").status, 200);
                        }
                        let said = served.raw(request);
                        assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        assert!(!blocked.is_finished(), "it did not wait");
        fs::write(&release, "").unwrap();
        assert_eq!(blocked.join().unwrap().text(), answer);
    });
}

#[test]
fn a_handler_that_blocks_delays_nobody() {
    blocks("hang-in-handle", "/misbehave/handle", "handled");
}

#[test]
fn nor_does_one_that_does_not_say_that_it_blocks() {
    blocks("future-blocks", "/misbehave/future", "polled");
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
    let site = Site::new();
    let release = misbehaves(&site, "hang-in-start", "");
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
    fs::write(&release, "").unwrap();
    served.host().wait_until_started();
    assert_eq!(served.get("/health/ready").status, 200);
    assert_eq!(served.get("/misbehave/fine").status, 200);
}
