//! Do bodies that come in parts come so on both sides, and end as they should?

use super::{PATIENCE, Served, metrics::value, rest, site, until};
use serde_json::json;
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

/// A head for a body of unknown length.
fn head(path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
}

#[test]
fn an_answer_comes_in_parts() {
    let served = Served::start(site(&["shelf"], ""));
    let got = served.get("/shelf/lines/3");
    assert_eq!(got.text(), "line 1\nline 2\nline 3\n");
    assert_eq!(got.header("transfer-encoding"), "chunked");
    let many = served.get("/shelf/lines/100000");
    assert_eq!(many.text().lines().count(), 100_000);
    let said =
        served.raw(b"HEAD /shelf/lines/3 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(
        said.starts_with("HTTP/1.1 200 ") && said.ends_with("\r\n\r\n"),
        "{said}"
    );
}

#[test]
fn an_answer_that_breaks_off_is_seen_to() {
    let served = Served::start(site(&["shelf"], ""));
    for with in ["error", "panic"] {
        // So much that what comes first is sent before the end is known.
        let path = format!("/shelf/lines/100000?with={with}");
        let said = served.raw(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes());
        assert!(said.contains("line 2\n"), "{said}");
        // The last chunk, which is empty, would say that it is whole.
        assert!(!said.contains("0\r\n\r\n"), "{said}");
    }
}

#[test]
fn a_body_reaches_its_route_part_after_part() {
    let served = Served::start(site(&["shelf"], "max_body = 1000\n"));
    let mut stream = served.connect();
    stream.write_all(head("/shelf/weigh").as_bytes()).unwrap();
    for _ in 0..100 {
        let part = "x".repeat(10_000);
        write!(stream, "2710\r\n{part}\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let said = rest(&mut stream);
    let (_, body) = said.split_once("\r\n\r\n").unwrap();
    let weighed: (usize, usize) = serde_json::from_str(body).unwrap();
    assert_eq!(weighed.0, 1_000_000, "more than a whole body may have");
    assert!(weighed.1 > 1, "{weighed:?}");
    // One that is short comes whole.
    assert_eq!(served.post("/shelf/weigh", "abc").json(), json!([3, 1]));
    assert_eq!(served.post("/shelf/weigh", "").json(), json!([0, 0]));
}

#[test]
fn a_body_that_comes_on_may_take_longer_than_an_answer() {
    let (deadline, pause) = (Duration::from_secs(2), Duration::from_millis(250));
    let served = Served::start(site(&["shelf"], "request_deadline = \"2s\"\n"));
    let mut stream = served.connect();
    stream.write_all(head("/shelf/weigh").as_bytes()).unwrap();
    stream.set_read_timeout(Some(pause)).unwrap();
    let (began, mut parts) = (Instant::now(), 0);
    while began.elapsed() <= deadline + 2 * pause {
        stream.write_all(b"1\r\nx\r\n").unwrap();
        parts += 1;
        let read = stream.read(&mut [0]);
        assert!(read.is_err(), "it is answered before its end: {read:?}");
    }
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"0\r\n\r\n").unwrap();
    let said = rest(&mut stream);
    let (_, body) = said.split_once("\r\n\r\n").unwrap();
    let weighed: (usize, usize) = serde_json::from_str(body).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(weighed.0, parts);
}

#[test]
fn a_route_that_takes_no_parts_gets_a_whole_body() {
    let served = Served::start(site(&["shelf"], ""));
    let body: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut reversed = body.clone();
    reversed.reverse();
    assert!(served.post("/shelf/reversed", &body).body == reversed);
}

#[test]
fn a_body_that_breaks_off_is_an_error_in_the_plugin() {
    let served = Served::start(site(&["shelf"], ""));
    let mut stream = served.connect();
    stream.write_all(head("/shelf/weigh").as_bytes()).unwrap();
    stream.write_all(b"3\r\nabc\r\n").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let said = rest(&mut stream);
    assert!(!said.contains("200 OK"), "{said}");
    assert_eq!(served.post("/shelf/weigh", "abc").json(), json!([3, 1]));
}

#[test]
fn a_stream_ends_when_its_plugin_stops() {
    // Whoever waited for the client would wait longer than this test does.
    let more = "stop_deadline = \"1h\"\n[http]\nwrite_deadline = \"1h\"\n";
    let served = Served::start(site(&["shelf"], more));
    let mut stream = served.connect();
    stream
        .write_all(b"GET /shelf/lines/4000000000 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    // Until no more goes into the sockets: the answer waits for a client that does not read.
    let line = r#"jackfield_http_response_body_bytes_total{plugin="shelf"}"#;
    let sent = || value(served.get("/metrics").text(), line).unwrap();
    let (mut before, mut looks) = (sent(), 0);
    until("it is sent on and on", || {
        let now = sent();
        looks = if now == before { looks + 1 } else { 0 };
        before = now;
        looks == 50
    });
    let stopped = served.post("/api/plugins/shelf/stop", "");
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let said = rest(&mut stream);
    assert!(!said.ends_with("0\r\n\r\n"), "it says that it is whole");
}
