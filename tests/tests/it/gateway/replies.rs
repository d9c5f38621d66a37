//! Does whatever a plugin answers reach the client as an answer, and no more than that?

use super::{Served, site};
use crate::cli::misbehaves;
use jackfield_tests::Site;

/// A host with the plugin that answers so.
fn served() -> Served {
    let site = Site::new();
    misbehaves(&site, "none", "on_panic = \"continue\"\n");
    Served::start(site)
}

/// An answer as it came, its head and its body.
fn raw(served: &Served, how: &str) -> (String, String) {
    let head = "HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let said = served.raw(format!("GET /misbehave/reply/{how} {head}").as_bytes());
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase() + "\r\n", body.to_owned())
}

#[test]
fn a_header_cannot_begin_another() {
    let served = served();
    for (how, status, told) in [
        ("break-in-value", 500, "x-split holds a line break or NUL"),
        ("feed-in-value", 500, "x-split holds a line break or NUL"),
        ("nul-in-value", 500, "x-split holds a line break or NUL"),
        ("break-in-name", 500, "is no header name"),
        (
            "bell-in-value",
            502,
            "a header that cannot be sent: `x-bell`",
        ),
        ("long-name", 502, "a header that cannot be sent: `xxx"),
    ] {
        let (head, body) = raw(&served, how);
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{how}: {head}"
        );
        assert!(!head.contains("set-cookie"), "{how}: {head}");
        assert!(
            !head.contains("\r\nx-split") && !head.contains("\r\nxx"),
            "{how}: {head}"
        );
        assert!(body.len() < 1000 && body.contains(told), "{how}: {body}");
    }
    assert_eq!(served.get("/misbehave/fine").text(), "fine");
}

#[test]
fn what_is_unusual_is_sent_as_it_is() {
    let served = served();
    let (head, body) = raw(&served, "huge-value");
    let value = format!("\r\nx-huge: {}\r\n", "x".repeat(1 << 20));
    assert!(head.contains(&value) && body == "text", "{}", head.len());
    let got = served.get("/misbehave/reply/bytes-in-value");
    assert_eq!(got.headers["x-bytes"].as_bytes(), [0xff, 0xfe]);
    let got = served.get("/misbehave/reply/no-text");
    assert_eq!((got.status, &got.body[..]), (200, &[b'{', 0xff, 0xfe][..]));
    assert_eq!(got.header("content-type"), "application/json");
    let got = served.get("/misbehave/reply/nothing");
    assert_eq!((got.status, got.body.len()), (200, 0));
    assert_eq!(got.header("content-length"), "0");
}

#[test]
fn what_is_about_the_connection_is_the_hosts() {
    let served = served();
    let (head, body) = raw(&served, "own-way");
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(body, "text");
    for name in [
        "transfer-encoding",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
    ] {
        assert!(!head.contains(&format!("\r\n{name}:")), "{name}: {head}");
    }
    assert_eq!(
        head.matches("\r\ncontent-length: 4\r\n").count(),
        1,
        "{head}"
    );
    let (head, body) = raw(&served, "own-length");
    assert_eq!(
        head.matches("\r\ncontent-length: 4\r\n").count(),
        1,
        "{head}"
    );
    assert_eq!(body, "text");
    // Of what comes in parts, the plugin may know the length.
    let (head, body) = raw(&served, "no-length");
    assert!(head.starts_with("http/1.1 502 "), "{head}");
    assert!(body.contains("`content-length`"), "{body}");
}

#[test]
fn a_length_that_is_wrong_ends_the_connection_and_nothing_else() {
    let served = served();
    let ask = |how: &str| {
        let more = "GET /misbehave/fine HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let first = format!("GET /misbehave/reply/{how} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        served.raw((first + more).as_bytes())
    };
    // Perhaps what there is of it, and then no answer that could be taken for the rest.
    let short = ask("too-short");
    let body = short.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    assert!("abab".starts_with(body), "{short}");
    let long = ask("too-long");
    let (head, body) = long.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-length: 3"), "{long}");
    let after = body.strip_prefix("aba").unwrap();
    assert!(
        after.is_empty() || after.starts_with("HTTP/1.1 200 "),
        "{long}"
    );
}

#[test]
fn a_status_that_is_none_is_an_error() {
    let served = served();
    let got = served.get("/misbehave/reply/informational");
    assert_eq!(got.status, 502);
    assert_eq!(
        got.detail(),
        "the plugin answered with status 101, which is none of an answer"
    );
    let got = served.get("/misbehave/reply/no-status");
    assert_eq!(got.status, 500);
    assert!(got.detail().contains("a status is 100 to 599"), "{got:?}");
    assert_eq!(served.get("/misbehave/fine").text(), "fine");
}

#[test]
fn what_is_no_text_is_refused_where_text_is_wanted_and_harms_nothing() {
    let served = Served::start(site(&["echo", "shelf"], ""));
    let menu = served.get("/api/plugins/menu").json();
    let no_text = [b'"', 0xff, 0xfe, b'"'];
    for path in ["/shelf/books", "/api/plugins/echo/config"] {
        let refused = served.post(path, no_text);
        assert_eq!(refused.status, 400, "{path}");
        assert!(refused.json()["detail"].is_string(), "{path}");
    }
    assert_eq!(
        served.post("/echo/publish/notifications", no_text).status,
        204
    );
    assert_eq!(served.get("/api/plugins/menu").json(), menu);
    assert_eq!(served.get("/openapi.json").status, 200);
    assert_eq!(served.post("/echo/x", no_text).body, no_text);
}
