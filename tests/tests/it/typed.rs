//! Do typed routes and sessions of a loaded library do what they say?

use jackfield_loader::{
    Handle, Header, Loader, Options, Request, Sessions, Settings, SubscribeOptions,
};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::{
    pin::pin,
    task::{Context, Waker},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn shelf() -> (Site, Loader, Handle) {
    shelf_with(Settings::default())
}

fn shelf_with(settings: Settings) -> (Site, Loader, Handle) {
    let site = Site::new();
    site.add("shelf");
    let mut options = Options::new(site.plugins(), site.state());
    options.settings.insert("shelf".to_owned(), settings);
    let loader = Loader::open(options).unwrap();
    loader.start();
    let handle = loader.plugin("shelf").expect("the fixture runs");
    (site, loader, handle)
}

fn ask(plugin: &Handle, request: &Request<'_>) -> (u16, String) {
    let answer = pollster::block_on(plugin.request(request)).unwrap();
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), body)
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

#[test]
fn every_kind_of_handler_takes_and_gives_types() {
    let (_site, _loader, shelf) = shelf();
    let get = |path| ask(&shelf, &Request::new("GET", path));
    let post = |path, body: &str| {
        ask(
            &shelf,
            &Request::new("POST", path).with_body(body.as_bytes()),
        )
    };
    let book = r#"{"title":"Moby","tags":["sea"]}"#;
    assert_eq!(post("/books", book), (201, book.to_owned()));
    assert_eq!(get("/books/0"), ok(book));
    assert_eq!(get("/notes/7/a%2Fb"), ok(r#"{"row":7,"name":"a/b"}"#));
    assert_eq!(post("/reversed", "abc"), ok("cba"));
    assert_eq!(post("/weigh", "abc"), ok("[3,1]"));
    assert_eq!(get("/motto"), ok("read more"));
    let (status, text) = get("/notes/x/y");
    assert_eq!(status, 400);
    assert!(
        text.starts_with(r#"{"detail":"`row` in the path: "#),
        "{text}"
    );
    assert_eq!(
        ask(&shelf, &Request::new("PUT", "/nothing")),
        (204, String::new())
    );
}

#[test]
fn a_query_and_headers_come_whole() {
    let (_site, _loader, shelf) = shelf();
    let book = Request::new("POST", "/books").with_body(br#"{"title":"A","tags":["x y","z"]}"#);
    assert_eq!(ask(&shelf, &book).0, 201);
    let found = Request::new("GET", "/books").with_query("tag=x%20y&tag=z&limit=1");
    assert_eq!(
        ask(&shelf, &found),
        ok(r#"[{"title":"A","tags":["x y","z"]}]"#)
    );
    let headers = [Header::new("user-agent", b"test")];
    let who = Request::new("GET", "/who").with_headers(&headers);
    assert_eq!(
        ask(&shelf, &who),
        ok(r#"{"caller":null,"request_id":null,"agent":"test"}"#)
    );
}

#[test]
fn sessions_come_answer_speak_and_go() {
    let (_site, loader, shelf) = shelf();
    let mut heard = loader
        .subscribe("notifications", SubscribeOptions::new())
        .unwrap();
    let post = |path: &str, body: &str| {
        ask(
            &shelf,
            &Request::new("POST", path).with_body(body.as_bytes()),
        )
    };
    let (status, body) = post("/register_session", r#"{"name":"Ada"}"#);
    assert_eq!(status, 200, "{body}");
    let registered: Value = serde_json::from_str(&body).unwrap();
    let sid = registered["sid"].as_str().unwrap();
    assert_eq!(post(&format!("/read/{sid}"), r#"{"page":7}"#), ok("1"));
    let mut hear = || {
        let event = heard.next(Instant::now() + PATIENCE).unwrap();
        assert_eq!(event.publisher(), "shelf");
        serde_json::from_slice::<Value>(event.payload()).unwrap()
    };
    assert_eq!(hear()["topic"], "reader_came");
    let read = json!({ "topic": "page_read", "data": { "page": 7 }, "session": sid });
    assert_eq!(hear(), read);
    assert_eq!(
        post(&format!("/unregister_session/{sid}"), ""),
        ok(r#"{"ok":true}"#)
    );
    let unknown = json!({ "detail": format!("unknown session id: {sid}") }).to_string();
    assert_eq!(
        post(&format!("/read/{sid}"), r#"{"page":7}"#),
        (404, unknown)
    );
    assert_eq!(post("/register_session", "").0, 200);
    drop(shelf);
    let stopped = loader.stop(PATIENCE);
    assert!(stopped.is_complete(), "{stopped:?}");
}

#[test]
fn a_blocking_call_keeps_its_session_though_nobody_waits_for_it() {
    let (_site, loader, shelf) = shelf();
    let post = |path: &str| ask(&shelf, &Request::new("POST", path));
    let registered: Value = serde_json::from_str(&post("/register_session").1).unwrap();
    let sid = registered["sid"].as_str().unwrap();
    let until = |counts: &str| {
        let end = Instant::now() + PATIENCE;
        while ask(&shelf, &Request::new("GET", "/held")) != ok(counts) {
            assert!(Instant::now() < end, "{counts}");
            thread::yield_now();
        }
    };
    let path = format!("/hold/{sid}");
    {
        let request = Request::new("GET", &path);
        let mut asked = pin!(shelf.request(&request));
        let mut noop = Context::from_waker(Waker::noop());
        assert!(asked.as_mut().poll(&mut noop).is_pending());
        until("[1,0]");
    }
    assert_eq!(
        post(&format!("/unregister_session/{sid}")),
        ok(r#"{"ok":true}"#)
    );
    assert_eq!(ask(&shelf, &Request::new("GET", &path)).0, 404);
    assert_eq!(
        ask(&shelf, &Request::new("GET", "/held")),
        ok("[1,0]"),
        "it runs still"
    );
    assert_eq!(post("/release").0, 204);
    until("[0,1]");
    drop(shelf);
    assert!(loader.stop(PATIENCE).is_complete());
}

#[test]
fn one_that_is_being_made_takes_its_place_though_nobody_waits_for_it() {
    let sessions = Sessions {
        most: Some(1),
        ..Sessions::default()
    };
    let (_site, loader, shelf) = shelf_with(Settings {
        sessions,
        ..Settings::default()
    });
    let register = || ask(&shelf, &Request::new("POST", "/register_session"));
    let counts = || ask(&shelf, &Request::new("GET", "/held"));
    let until = |expected: &str| {
        let end = Instant::now() + PATIENCE;
        while counts() != ok(expected) {
            assert!(Instant::now() < end, "{expected}");
            thread::yield_now();
        }
    };
    {
        let slow = br#"{"trouble":"slow"}"#;
        let request = Request::new("POST", "/register_session").with_body(slow);
        let mut asked = pin!(shelf.request(&request));
        let mut noop = Context::from_waker(Waker::noop());
        assert!(asked.as_mut().poll(&mut noop).is_pending());
        until("[1,0]");
    }
    for _ in 0..3 {
        assert_eq!(register().0, 429, "it is being made still");
    }
    assert_eq!(
        ask(&shelf, &Request::new("POST", "/release")),
        (204, String::new())
    );
    until("[0,1]");
    assert_eq!(register().0, 200);
    drop(shelf);
    assert!(loader.stop(PATIENCE).is_complete());
}
