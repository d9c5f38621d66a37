//! Does a reader of `/events` hear of everything once and in order, and harm nobody by not reading?

use super::{Client, Served, site};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

/// One who reads.
pub(super) struct Reader {
    lines: BufReader<TcpStream>,
    last: String,
}

impl Reader {
    pub(super) fn new(served: &Client, query: &str, more: &str) -> Self {
        let mut stream = served.connect();
        write!(
            stream,
            "GET /events{query} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n"
        )
        .unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        Self {
            lines,
            last: String::new(),
        }
    }

    /// The next event; whatever else comes before it is a comment, an id, or between chunks.
    pub(super) fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some(id) = line.strip_prefix("id: ") {
                id.trim_end().clone_into(&mut self.last);
            }
            if let Some(json) = line.strip_prefix("data: ") {
                return serde_json::from_str(json).unwrap();
            }
        }
    }

    fn notification(&mut self) -> Value {
        loop {
            let event = self.next();
            if event["topic"] == "notification" {
                return event["data"].clone();
            }
        }
    }
}

fn notify(served: &Client, topic: &str, data: &Value) {
    let body = json!({"topic": topic, "data": data}).to_string();
    let got = served.post("/echo/publish/notifications", body);
    assert_eq!(got.status, 204, "{}", got.text());
}

#[test]
fn the_first_event_is_all_there_is_then_each_change() {
    let served = Served::start(site(&["echo", "greeter"], "[host]\nedge = \"here\"\n"));
    let mut reader = Reader::new(&served, "", "");
    let mut event = reader.next();
    assert_eq!(event["topic"], "topology");
    let mut wanted = served.get("/edge/list").json()["data"].clone();
    wanted["bridge"]["url"] = Value::Null;
    // The end of the start may be among what comes after.
    while event["data"] != wanted {
        event = reader.next();
    }
    served.post("/api/plugins/greeter/stop", "");
    loop {
        let event = reader.next();
        assert_eq!(event["topic"], "topology");
        if event["data"]["edges"]["here"]["plugins"]["greeter"]["state"] == "stopped" {
            break;
        }
    }
}

#[test]
fn a_notification_says_whose_it_is_whatever_the_plugin_says() {
    let served = Served::start(site(&["echo"], "[host]\nedge = \"here\"\n"));
    let mut reader = Reader::new(&served, "", "");
    let forged = json!({"edge": "there", "plugin": "root", "topic": "t", "data": {"line": "a\nb"}});
    let got = served.post("/echo/publish/notifications", forged.to_string());
    assert_eq!(got.status, 204);
    assert_eq!(
        reader.notification(),
        json!({"edge": "here", "plugin": "echo", "topic": "t", "data": {"line": "a\nb"}})
    );
    let got = served.post("/echo/publish/notifications", "no JSON");
    assert_eq!(got.status, 204);
    notify(&served, "after", &json!(1));
    assert_eq!(reader.notification()["topic"], "after");
}

#[test]
fn readers_choose_by_plugin_and_topic() {
    let served = Served::start(site(&["echo", "shelf", "greeter"], ""));
    let mut readers = [
        (
            "?topic=b&topic=d&topic=announced",
            vec!["b", "d", "of the shelf"],
        ),
        ("?plugin=echo", vec!["a", "b", "c", "d"]),
        ("?plugin=echo&plugin=shelf&topic=d&topic=a", vec!["a", "d"]),
        // What does not match does not come: the first is that of the other plugin.
        ("?plugin=shelf", vec!["of the shelf"]),
        (
            "?plugin=shelf&topic=a&topic=announced",
            vec!["of the shelf"],
        ),
        (
            "?plugin=nobody&plugin=shelf&topic=announced",
            vec!["of the shelf"],
        ),
    ]
    .map(|(query, wanted)| (Reader::new(&served, query, ""), query, wanted));
    for (reader, ..) in &mut readers {
        assert_eq!(reader.next()["topic"], "topology", "it comes first, to all");
    }
    for topic in ["a", "b", "c", "d"] {
        notify(&served, topic, &json!(topic));
    }
    // Of changes they hear as little.
    served.post("/api/plugins/greeter/stop", "");
    let mut topologies = Reader::new(&served, "?topic=topology", "");
    assert_eq!(topologies.next()["topic"], "topology");
    assert_eq!(
        served.post("/shelf/announce", "\"of the shelf\"").status,
        204
    );
    for (reader, query, wanted) in &mut readers {
        for wanted in wanted {
            assert_eq!(reader.next()["data"]["data"], *wanted, "{query}");
        }
    }
    // Those that had all that they wanted had nothing more.
    notify(&served, "d", &json!("the end"));
    for (reader, query, _) in &mut readers {
        if ["?topic=b&topic=d&topic=announced", "?plugin=echo"].contains(query) {
            assert_eq!(reader.next()["data"]["data"], "the end", "{query}");
        }
    }
}

#[test]
fn who_comes_back_hears_what_came_meanwhile() {
    let served = Served::start(site(&["echo"], ""));
    let mut reader = Reader::new(&served, "", "");
    notify(&served, "n", &json!(1));
    assert_eq!(reader.notification()["data"], 1);
    let last = reader.last.clone();
    drop(reader);
    notify(&served, "n", &json!(2));
    notify(&served, "n", &json!(3));
    let mut again = Reader::new(&served, "", &format!("last-event-id: {last}\r\n"));
    assert_eq!(again.next()["topic"], "topology");
    assert_eq!(again.next()["data"]["data"], 2);
    assert_eq!(again.next()["data"]["data"], 3);
    notify(&served, "n", &json!(4));
    assert_eq!(again.notification()["data"], 4);
}

#[test]
fn a_gap_is_said() {
    let served = Served::start(site(&["echo"], "[host]\nedge = \"here\"\n"));
    let mut reader = Reader::new(&served, "", "");
    // Until nothing more is to come of its start.
    while reader.next()["data"]["edges"]["here"]["plugins"]["echo"]["state"] != "running" {}
    notify(&served, "n", &json!(0));
    reader.notification();
    let last = reader.last.clone();
    let large = "x".repeat(400_000);
    for number in 1..=4 {
        notify(&served, "n", &json!({"number": number, "large": large}));
        assert_eq!(reader.notification()["data"]["number"], number);
    }
    let mut again = Reader::new(&served, "", &format!("last-event-id: {last}\r\n"));
    assert_eq!(again.next()["topic"], "topology");
    assert_eq!(again.next(), json!({"topic": "gap", "data": {"missed": 2}}));
    assert_eq!(again.notification()["data"]["number"], 3);
    // Of another run of the host nobody knows how many.
    for unknown in ["00000000-0", "nonsense", &format!("{last}00000")] {
        let mut other = Reader::new(&served, "", &format!("last-event-id: {unknown}\r\n"));
        other.next();
        assert_eq!(
            other.next(),
            json!({"topic": "gap", "data": {"missed": null}})
        );
    }
}

/// What the host takes up of the machine's memory, in MB.
fn memory(served: &Client) -> f64 {
    let detailed = served.get("/api/v1/health/detailed").json();
    detailed["process"]["memory_mb"].as_f64().unwrap()
}

#[test]
fn who_does_not_read_is_dropped_and_disturbs_nobody() {
    let served = Served::start(site(&["echo"], ""));
    let mut stalled = Reader::new(&served, "", "");
    let mut reader = Reader::new(&served, "", "");
    let large = "x".repeat(100_000);
    let mut tell = |number: u64| {
        notify(&served, "n", &json!({"number": number, "large": large}));
        assert_eq!(reader.notification()["data"]["number"], number);
    };
    // More than the sockets and the ring hold.
    (0..150).for_each(&mut tell);
    let before = memory(&served);
    (150..450).for_each(&mut tell);
    let more = memory(&served) - before;
    assert!(more < 15.0, "{more} MB more, after 30 MB of events");
    // What was on its way comes still, then it ends, and says why.
    let last = loop {
        let event = stalled.next();
        if event["topic"] != "notification" && event["topic"] != "topology" {
            break event;
        }
    };
    assert_eq!(last["topic"], "dropped");
    let mut rest = String::new();
    while stalled.lines.read_line(&mut rest).unwrap() > 0 {}
    assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
}

#[test]
fn a_thousand_readers_hear_everything() {
    let served = Served::start(site(&["echo"], ""));
    let mut readers: Vec<Reader> = (0..1_000).map(|_| Reader::new(&served, "", "")).collect();
    for number in 0..3 {
        notify(&served, "n", &json!(number));
    }
    for reader in &mut readers {
        for number in 0..3 {
            assert_eq!(reader.notification()["data"], number);
        }
    }
}

#[test]
fn the_end_of_the_host_ends_the_streams() {
    let served = Served::start(site(&["echo"], ""));
    let mut reader = Reader::new(&served, "", "");
    reader.next();
    let (code, log) = served.end();
    assert_eq!(code, Some(0), "{log:#?}");
    let mut rest = String::new();
    while reader.lines.read_line(&mut rest).unwrap() > 0 {}
}
