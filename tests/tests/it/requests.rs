//! Does a request end when its time is over, when it is dropped, and when its caller stops?

use jackfield_loader::{Answer, Handle, Header, Loader, Options, Request, RequestError};
use jackfield_tests::Site;
use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Waker},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn start(names: &[&str]) -> (Site, Loader) {
    let site = Site::new();
    for name in names {
        site.add(name);
    }
    let loader = Loader::open(Options::new(site.plugins(), site.state())).unwrap();
    loader.start();
    (site, loader)
}

fn plugin(loader: &Loader, id: &str) -> Handle {
    loader.plugin(id).expect("the fixture runs")
}

fn body(answer: &Answer<'_>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

fn ask(plugin: &Handle, request: &Request<'_>) -> (u16, String) {
    let answer = pollster::block_on(plugin.request(request)).unwrap();
    (answer.status(), body(&answer))
}

/// The time that the last plugin of the chain was told of, in milliseconds.
fn told(answer: &Answer<'_>) -> Option<u64> {
    let mut headers = answer.headers();
    let (_, value) = headers.find(|(name, _)| *name == "x-timeout")?;
    str::from_utf8(value).ok()?.parse().ok()
}

/// Who waits inside `echo`.
fn waiting(echo: &Handle) -> String {
    ask(echo, &Request::new("GET", "/waiting")).1
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

fn detail(text: &str) -> String {
    serde_json::json!({ "detail": text }).to_string()
}

fn poll<F: Future>(future: Pin<&mut F>) -> bool {
    future
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}

#[test]
fn who_is_asked_is_told_how_long_it_has() {
    let (_site, loader) = start(&["echo"]);
    let echo = plugin(&loader, "echo");
    let told = |path, headers: &[Header<'_>]| {
        let request = Request::new("GET", path).with_headers(headers);
        let answer = pollster::block_on(echo.request(&request)).unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
        told(&answer)
    };
    assert_eq!(told("/quick/x", &[]), None, "nobody has set any");
    assert_eq!(told("/ask/echo/quick/x", &[]), Some(45_000));
    let short = [Header::new("x-timeout-ms", b"20000")];
    assert_eq!(told("/ask/echo/quick/x", &short), Some(20_000));
    assert_eq!(told("/ask/echo/ask/echo/quick/x", &short), Some(20_000));
    let long = [Header::new("x-timeout-ms", b"90000")];
    assert_eq!(told("/ask/echo/quick/x", &long), Some(90_000));
    // The second asks with the usual time.
    assert_eq!(told("/ask/echo/ask/echo/quick/x", &long), Some(45_000));
    let endless = [Header::new("x-timeout-ms", b"18446744073709551615")];
    assert_eq!(told("/ask/echo/quick/x", &endless), Some(24 * 3_600_000));
    // A handler on a thread of its own is told as well, and hands it on.
    assert_eq!(told("/ask/echo/blocking/x", &[]), Some(45_000));
    let handed_on = told("/ask/echo/blocking-ask/echo/quick/x", &short).unwrap();
    assert!((1..=20_000).contains(&handed_on), "{handed_on}");
}

#[test]
fn what_takes_longer_is_cancelled_and_both_are_named() {
    let (_site, loader) = start(&["echo"]);
    let echo = plugin(&loader, "echo");
    let headers = [Header::new("x-timeout-ms", b"50")];
    let late = Request::new("GET", "/ask/echo/pending/x").with_headers(&headers);
    let text = "`echo` asked `echo` and got no answer within 0.05 s";
    assert_eq!(ask(&echo, &late), (504, detail(text)));
    assert_eq!(waiting(&echo), "", "what was asked is dropped by then");

    // The second asks for 45 s, and has what the first gave it.
    let deep = Request::new("GET", "/ask/echo/ask/echo/pending/x").with_headers(&headers);
    let rest = format!("{text}, which was all that was left of the request that it was answering");
    assert_eq!(ask(&echo, &deep), (504, detail(&rest)));
    assert_eq!(waiting(&echo), "");
}

#[test]
fn an_embedder_can_set_a_time_as_well() {
    let (_site, loader) = start(&["echo"]);
    let echo = plugin(&loader, "echo");
    let within = |path, limit| {
        let request = Request::new("GET", path);
        let asked = echo.request_within(&request, limit);
        pollster::block_on(asked).map(|answer| told(&answer))
    };
    let limit = Duration::from_secs(30);
    assert_eq!(within("/quick/x", limit), Ok(Some(30_000)));
    assert_eq!(within("/ask/echo/quick/x", limit), Ok(Some(30_000)));
    let limit = Duration::from_millis(50);
    let error = RequestError::Deadline {
        id: "echo".to_owned(),
        limit,
    };
    assert_eq!(within("/pending/x", limit), Err(error.clone()));
    assert_eq!(error.to_string(), "`echo` gave no answer within 0.05 s");
    assert_eq!(waiting(&echo), "");
}

#[test]
fn a_request_that_waited_hands_on_what_is_left() {
    let (_site, loader) = start(&["echo"]);
    let echo = plugin(&loader, "echo");
    let limit = Duration::from_secs(3600);
    let path = "/ask/echo/after/key/ask/echo/quick/x";
    let request = Request::new("GET", path);
    let mut asked = pin!(echo.request_within(&request, limit));
    assert!(!poll(asked.as_mut()));
    assert_eq!(waiting(&echo), "key");
    let complete = Request::new("POST", "/complete/key");
    assert_eq!(ask(&echo, &complete), (200, "1".to_owned()));
    let answer = pollster::block_on(asked).unwrap();
    let left = told(&answer).unwrap();
    assert!(left < 45_000, "less than the 45 s of who asked: {left}");
}

#[test]
fn what_is_dropped_is_dropped_down_to_the_last_at_once() {
    let (_site, loader) = start(&["echo"]);
    let echo = plugin(&loader, "echo");
    let request = Request::new("GET", "/ask/echo/ask/echo/pending/x");
    {
        let mut asked = pin!(echo.request(&request));
        assert!(!poll(asked.as_mut()));
        assert_eq!(waiting(&echo), "x");
        assert_eq!(echo.inside(), 3);
    }
    assert_eq!(waiting(&echo), "");
    assert_eq!(echo.inside(), 0);
}

#[test]
fn what_a_task_asks_ends_with_its_plugin() {
    let (_site, loader) = start(&["echo", "patron"]);
    let (echo, patron) = (plugin(&loader, "echo"), plugin(&loader, "patron"));
    let task = Request::new("POST", "/task/echo/pending/x");
    assert_eq!(ask(&patron, &task).0, 204);
    wait_until("the task does not ask", || waiting(&echo) == "x");
    loader
        .stop_plugin("patron", Instant::now() + PATIENCE)
        .unwrap();
    assert_eq!(waiting(&echo), "");
}
