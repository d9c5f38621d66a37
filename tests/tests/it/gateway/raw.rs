//! Is what no well-behaved client sends answered, or cut off, and does it harm nobody?

use super::{PATIENCE, Served, rest, site, until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// The status of the first answer in what came.
fn status(said: &str) -> &str {
    said.split(' ').nth(1).unwrap_or_else(|| panic!("{said:?}"))
}

#[test]
fn what_is_no_http_is_refused() {
    let served = Served::start(site(&["echo"], ""));
    for bad in [
        "\r\n\r\nGARBAGE\r\n\r\n",
        "GET /echo/x HTTP/9.9\r\n\r\n",
        "GET /echo/x HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n",
        "POST /echo/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
        "POST /echo/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        let said = served.raw(bad.as_bytes());
        assert_eq!(status(&said), "400", "{bad:?}: {said:?}");
    }
    assert_eq!(served.get("/echo/x").status, 200);
}

#[test]
fn a_path_leads_to_no_file_and_to_no_other_plugin() {
    let served = Served::start(site(&["echo"], ""));
    for (path, wanted) in [
        ("/../../etc/passwd", "404"),
        ("/..%2f..%2fetc%2fpasswd", "404"),
        ("/%65cho/x", "404"),
        ("/plugins/..%2f..%2fetc%2fpasswd.js", "404"),
        ("/api/plugins/..%2f..%2fetc", "404"),
        ("/api/plugins/%00", "404"),
        // All below a plugin is its own.
        ("/echo/../api/plugins", "200"),
    ] {
        let said = served.raw(
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        );
        assert_eq!(status(&said), wanted, "{path}: {said}");
        assert!(!said.contains("root:"), "{said}");
    }
}

#[test]
fn a_body_that_breaks_off_reaches_no_plugin() {
    let served = Served::start(site(&["echo"], ""));
    let served = &*served;
    thread::scope(|scope| {
        let waiting = scope.spawn(|| served.get("/echo/pending/x"));
        until("nobody waits", || served.get("/echo/waiting").text() == "x");
        for (more, part) in [
            ("content-length: 10", "1234"),
            ("content-length: 10", ""),
            ("transfer-encoding: chunked", "4\r\n1234\r\n"),
            ("transfer-encoding: chunked", "a\r\n1234"),
            ("transfer-encoding: chunked", "x\r\n1234\r\n0\r\n\r\n"),
        ] {
            let mut stream = served.connect();
            let head = "POST /echo/complete/x HTTP/1.1\r\nhost: localhost\r\n";
            write!(stream, "{head}{more}\r\n\r\n{part}").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let said = rest(&mut stream);
            assert!(
                said.is_empty() || status(&said) == "400",
                "{more} {part}: {said}"
            );
        }
        // Whoever waits would have had one of them.
        assert_eq!(served.get("/echo/waiting").text(), "x");
        assert_eq!(served.post("/echo/complete/x", "whole").text(), "1");
        assert_eq!(waiting.join().unwrap().text(), "whole");
    });
}

#[test]
fn who_is_slow_is_cut_off() {
    let more = "[http]\nheader_deadline = \"300ms\"\nbody_deadline = \"300ms\"\n";
    let served = Served::start(site(&["echo"], more));
    // Nothing at all, and the beginning of what might be HTTP/2.
    let (mut silent, mut undecided) = (served.connect(), served.connect());
    undecided.write_all(b"PRI").unwrap();
    // Part of a head.
    let mut head = served.connect();
    head.write_all(b"GET /echo/x HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        .unwrap();
    // Nothing of a body.
    let mut body = served.connect();
    body.write_all(b"POST /echo/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n")
        .unwrap();
    // Nothing after an answer.
    let mut idle = served.connect();
    idle.write_all(b"GET /echo/x HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(status(&rest(&mut body)), "408");
    assert_eq!(status(&rest(&mut idle)), "200");
    assert_eq!(
        (rest(&mut silent), rest(&mut undecided)),
        Default::default()
    );
    let said = rest(&mut head);
    assert!(said.is_empty() || status(&said) == "408", "{said}");
    assert_eq!(served.get("/echo/x").status, 200);
}

/// What came to a client that sends one byte after another, in between looking for an answer.
fn drip(mut stream: TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_millis(5)))
        .unwrap();
    let (mut said, end) = (String::new(), Instant::now() + PATIENCE);
    let mut part = [0; 1000];
    loop {
        assert!(Instant::now() < end, "it is listened to still: {said}");
        match stream.read(&mut part) {
            Ok(0) => return said,
            Ok(length) => said += std::str::from_utf8(&part[..length]).unwrap(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if stream.write_all(b"x").is_err() {
                    return said + &rest(&mut stream);
                }
            }
            Err(_) => return said,
        }
    }
}

#[test]
fn who_sends_byte_after_byte_is_cut_off_too() {
    let more = "[http]\nheader_deadline = \"300ms\"\nbody_deadline = \"10m\"\n\
                request_deadline = \"300ms\"\n";
    let served = Served::start(site(&["echo"], more));
    let mut head = served.connect();
    head.write_all(b"GET /echo/x HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        .unwrap();
    let said = drip(head);
    assert!(said.is_empty() || status(&said) == "408", "{said}");
    for path in ["/echo/x", "/api/plugins/echo/config"] {
        let mut body = served.connect();
        let head = "HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n";
        write!(body, "POST {path} {head}").unwrap();
        assert_eq!(status(&drip(body)), "408", "{path}");
    }
    assert_eq!(served.get("/echo/x").status, 200);
}

#[test]
fn a_head_has_a_limit() {
    let more = "[http]\nmax_header = 8192\n";
    let served = Served::start(site(&["echo"], more));
    let long = "x".repeat(20_000);
    let said = served
        .raw(format!("GET /echo/x HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n").as_bytes());
    assert_eq!(status(&said), "431");
    let said =
        served.raw(format!("GET /echo/{long} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes());
    assert!(["414", "431"].contains(&status(&said)), "{said}");
}

/// Lets this process open as many connections as the system allows it; how many that is.
fn open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    limit.maximum.unwrap_or(u64::MAX)
}

#[test]
fn ten_thousand_that_say_nothing_keep_nobody_out() {
    // Where the system allows no more, as many as it does.
    let most = open_files().saturating_sub(500).min(10_000);
    let more = "[http]\nmax_connections = 10100\nheader_deadline = \"1m\"\n";
    let served = Served::start(site(&["echo"], more));
    let idle: Vec<TcpStream> = (0..most).map(|_| served.connect()).collect();
    for _ in 0..20 {
        assert_eq!(served.get("/echo/x").status, 200);
    }
    drop(idle);
}

#[test]
fn a_connection_too_many_waits_until_one_ends() {
    let served = Served::start(site(&["echo"], "[http]\nmax_connections = 2\n"));
    let first = (served.connect(), served.connect());
    let mut third = served.connect();
    third
        .write_all(b"GET /echo/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    third
        .set_read_timeout(Some(std::time::Duration::from_millis(100)))
        .unwrap();
    let early = third.read(&mut [0]);
    assert!(
        early.is_err(),
        "it was answered though there was no room: {early:?}"
    );
    drop(first);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(status(&rest(&mut third)), "200");
}
