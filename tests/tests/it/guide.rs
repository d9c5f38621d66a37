//! Do the plugins of docs/authors.md and README.md do what is said of them?

use jackfield_loader::{Handle, Loader, Options, Request, State, Unload};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::{
    fs,
    time::{Duration, Instant},
};

fn start(site: &Site) -> Loader {
    let mut options = Options::new(site.plugins(), site.state());
    let mut config = |id: &str, config: Value| {
        let settings = options.settings.entry(id.to_owned()).or_default();
        settings.config = config.as_object().unwrap().clone();
    };
    config("heartbeat", json!({"period_ms": 10}));
    config("guestbook", json!({"greeting": "Salut", "most_guests": 2}));
    let loader = Loader::open(options).unwrap();
    loader.start();
    loader
}

fn ask(plugin: &Handle, request: &Request<'_>) -> (u16, String) {
    let answer = pollster::block_on(plugin.request(request)).unwrap();
    let body = str::from_utf8(answer.body()).unwrap().to_owned();
    (answer.status(), body)
}

fn get(plugin: &Handle, path: &str) -> (u16, String) {
    ask(plugin, &Request::new("GET", path))
}

fn sign(plugin: &Handle, body: &str) -> (u16, String) {
    let request = Request::new("POST", "/guests").with_body(body.as_bytes());
    ask(plugin, &request)
}

#[test]
fn it_answers() {
    let site = Site::new();
    site.add("guestbook");
    let loader = start(&site);
    let plugin = loader.plugin("guestbook").unwrap();
    let answer = |status, body: &str| (status, body.to_owned());
    assert_eq!(get(&plugin, "/greet/Ada"), answer(200, "Salut, Ada!"));
    assert_eq!(
        sign(&plugin, r#"{"name": "Ada"}"#),
        answer(201, r#"{"guests":1}"#)
    );
    assert_eq!(
        sign(&plugin, r#"{"name": " "}"#),
        answer(400, r#"{"detail":"a guest has a name"}"#)
    );
    let (status, body) = sign(&plugin, r#"{"name": 7}"#);
    assert_eq!(status, 400);
    assert!(body.starts_with(r#"{"detail":"the body: name: "#), "{body}");
    assert_eq!(sign(&plugin, r#"{"name": "Bob"}"#).0, 201);
    assert_eq!(
        sign(&plugin, r#"{"name": "Eve"}"#),
        answer(409, r#"{"detail":"the book is full"}"#)
    );
    assert_eq!(
        get(&plugin, "/guests"),
        answer(200, r#"{"guests":["Ada","Bob"]}"#)
    );
    // The optional dependency is not there.
    assert_eq!(
        get(&plugin, "/ticks"),
        answer(
            404,
            r#"{"detail":"there is no plugin `heartbeat`: install it, or name another"}"#
        )
    );
    let health = plugin.health().unwrap();
    assert_eq!(health.metadata, r#"{"guests":2}"#);
}

#[test]
fn it_keeps_its_guests_between_runs() {
    let site = Site::new();
    site.add("guestbook");
    let loader = start(&site);
    let plugin = loader.plugin("guestbook").unwrap();
    assert_eq!(sign(&plugin, r#"{"name": "Ada"}"#).0, 201);
    drop(plugin);
    let report = loader.stop(Duration::from_secs(30));
    assert_eq!(report.failed, []);
    assert_eq!(report.stopped[0].1, Unload::Unmapped);
    let file = site.state().join("data/guestbook/guests.json");
    assert_eq!(fs::read_to_string(file).unwrap(), r#"["Ada"]"#);
    drop(loader);

    let loader = start(&site);
    let plugin = loader.plugin("guestbook").unwrap();
    assert_eq!(get(&plugin, "/guests").1, r#"{"guests":["Ada"]}"#);
}

#[test]
fn it_hears_and_asks_what_it_depends_on() {
    let site = Site::new();
    site.add("guestbook");
    site.add("heartbeat");
    let loader = start(&site);
    assert_eq!(loader.status("guestbook").unwrap().state, State::Running);
    let plugin = loader.plugin("guestbook").unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let (status, body) = get(&plugin, "/ticks");
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        if body["heard"].as_u64() > Some(0) {
            assert!(body["sent"].as_u64() >= body["heard"].as_u64(), "{body}");
            return;
        }
        assert!(Instant::now() < until, "no tick was heard: {body}");
        std::thread::yield_now();
    }
}

#[test]
fn the_plugin_of_the_readme_greets() {
    let site = Site::new();
    site.add("greeter");
    let loader = start(&site);
    let plugin = loader.plugin("greeter").unwrap();
    assert_eq!(
        get(&plugin, "/greet/Ada%20Lovelace"),
        (200, "Hello, Ada Lovelace!".to_owned())
    );
}
