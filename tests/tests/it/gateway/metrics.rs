//! Are the numbers that Prometheus gets those that came to pass, under the names that are documented?

use super::{Client, Served, site};
use crate::documents::rows;
use std::io::{BufRead, BufReader, Write};

/// The value of a line that begins so.
pub(super) fn value(text: &str, line: &str) -> Option<f64> {
    let mut lines = text.lines();
    let rest = lines.find_map(|other| other.strip_prefix(line)?.strip_prefix(' '))?;
    Some(rest.parse().unwrap())
}

fn metrics(client: &Client) -> String {
    let got = client.get("/metrics");
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), "text/plain; version=0.0.4");
    got.text().to_owned()
}

#[test]
fn requests_are_counted_by_what_came_of_them() {
    let served = Served::start(site(&["echo", "greeter"], ""));
    for _ in 0..3 {
        served.post("/echo/x", "12345");
    }
    served.get("/echo/status/404");
    served.get("/echo/status/503");
    served.get("/echo/version");
    let text = metrics(&served);
    for (line, count) in [
        (r#"http_requests_total{plugin="echo",code="2xx"}"#, 3.0),
        (r#"http_requests_total{plugin="echo",code="4xx"}"#, 1.0),
        (r#"http_requests_total{plugin="echo",code="5xx"}"#, 1.0),
        (r#"http_request_duration_seconds_count{plugin="echo"}"#, 5.0),
        (
            r#"http_request_duration_seconds_bucket{plugin="echo",le="+Inf"}"#,
            5.0,
        ),
        (r#"http_request_body_bytes_total{plugin="echo"}"#, 15.0),
        (r#"plugin_up{plugin="echo"}"#, 1.0),
        (r#"plugin_state{plugin="echo",state="running"}"#, 1.0),
    ] {
        let line = format!("jackfield_{line}");
        assert_eq!(value(&text, &line), Some(count), "{line} in\n{text}");
    }
    // Three times five bytes, and two bodies that tell of errors.
    let sent = value(
        &text,
        r#"jackfield_http_response_body_bytes_total{plugin="echo"}"#,
    );
    assert!(sent.unwrap() > 15.0, "{text}");
    // A plugin that stopped keeps what came of its requests.
    served.post("/api/plugins/echo/stop", "");
    assert_eq!(served.get("/echo/x").status, 503);
    let text = metrics(&served);
    let line = r#"jackfield_http_requests_total{plugin="echo",code="5xx"}"#;
    assert_eq!(value(&text, line), Some(2.0));
    assert_eq!(
        value(&text, r#"jackfield_plugin_up{plugin="echo"}"#),
        Some(0.0)
    );
    // Whoever makes names up adds nothing.
    for name in ["nobody", "x%22y"] {
        served.get(&format!("/{name}/x"));
    }
    assert!(!metrics(&served).contains("nobody"));
}

#[test]
fn sessions_and_readers_are_counted_while_they_are_there() {
    let served = Served::start(site(&["echo"], ""));
    let sessions = |text: &str| value(text, r#"jackfield_plugin_sessions{plugin="echo"}"#);
    let readers = |text: &str| value(text, "jackfield_event_readers");
    let text = metrics(&served);
    assert_eq!((sessions(&text), readers(&text)), (Some(0.0), Some(0.0)));
    served.post("/echo/register_session", "");
    let mut reader = served.connect();
    reader
        .write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut line = String::new();
    BufReader::new(&reader).read_line(&mut line).unwrap();
    let text = metrics(&served);
    assert_eq!((sessions(&text), readers(&text)), (Some(1.0), Some(1.0)));
}

#[test]
fn a_body_in_parts_is_counted_as_it_is_sent() {
    let served = Served::start(site(&["shelf"], ""));
    let body = vec![7; 300_000];
    assert_eq!(served.post("/shelf/weigh", &body).status, 200);
    let lines = served.get("/shelf/lines/1000").body.len() as f64;
    let text = metrics(&served);
    let came = r#"jackfield_http_request_body_bytes_total{plugin="shelf"}"#;
    assert_eq!(value(&text, came), Some(300_000.0));
    let sent = r#"jackfield_http_response_body_bytes_total{plugin="shelf"}"#;
    let sent = value(&text, sent).unwrap();
    assert!(sent > lines && sent < lines + 100.0, "{sent} of {lines}");
}

#[test]
fn each_name_is_documented_with_its_kind_and_labels() {
    let served = Served::start(site(&["echo"], ""));
    served.get("/echo/x");
    let text = metrics(&served);
    let told = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut told: Vec<(String, String)> = told
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    let rows = rows("docs/operators.md", "## Metrics");
    let mut documented: Vec<(String, String)> = rows
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone()))
        .collect();
    told.sort();
    documented.sort();
    assert_eq!(told, documented);
    for row in rows {
        let name = row[0].trim_matches('`');
        let labels: Vec<&str> = row[2].split(", ").map(|it| it.trim_matches('`')).collect();
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with(name)).unwrap();
        for label in labels.iter().filter(|label| !label.is_empty()) {
            assert!(line.contains(&format!("{label}=\"")), "{label}: {line}");
        }
    }
}
