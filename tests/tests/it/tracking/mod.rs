//! Do collectors, backends, the tracker between them and the log store do what they promise?

mod by_hand;
mod files;
mod following;
mod killed;
mod logs;
mod readonly;
mod routing;
mod whole;

use jackfield_loader::{Handle, Loader, Options, Request};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Plugins with their configuration, not started yet.
struct Scene {
    site: Site,
    config: Vec<(String, Value)>,
}

impl Scene {
    fn new() -> Self {
        Self {
            site: Site::new(),
            config: Vec::new(),
        }
    }

    /// A plugin of the repository; its library is called as it is, but for the hyphen.
    fn with(mut self, id: &str, config: Value) -> Self {
        self.site.add(&id.replace('-', "_"));
        self.config.push((id.to_owned(), config));
        self
    }

    /// The fixture that measures and keeps as it is told, under the id `tracked-<number>`.
    fn tracked(mut self, number: u32, config: Value) -> Self {
        let id = format!("tracked-{number:04}");
        let file = format!("lib{id}.so");
        self.site
            .add_patched("tracked", &file, &[("tracked-0000", &id)]);
        self.config.push((id, config));
        self
    }

    fn options(&self) -> Options {
        let mut options = Options::new(self.site.plugins(), self.site.state());
        for (id, config) in &self.config {
            let settings = options.settings.entry(id.clone()).or_default();
            settings.config = config.as_object().unwrap().clone();
        }
        options
    }

    fn start(&self) -> Loader {
        let loader = Loader::open(self.options()).unwrap();
        loader.start();
        loader
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn plugin(loader: &Loader, id: &str) -> Handle {
    loader
        .plugin(id)
        .unwrap_or_else(|| panic!("{id} does not run: {:?}", loader.status(id)))
}

/// Status and body, copied out, so that no answer keeps a plugin from stopping.
fn ask(loader: &Loader, id: &str, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request::new(method, path)
        .with_query(query)
        .with_body(body.as_bytes());
    let plugin = plugin(loader, id);
    let answer = pollster::block_on(plugin.request(&request)).unwrap();
    (answer.status(), answer.body().to_vec())
}

fn get(loader: &Loader, id: &str, path: &str) -> Value {
    let (status, body) = ask(loader, id, "GET", path, "");
    let text = String::from_utf8_lossy(&body);
    assert_eq!(status, 200, "{id}{path}: {text}");
    serde_json::from_slice(&body).unwrap()
}

/// The status of an answer and its JSON.
fn post(loader: &Loader, id: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, body) = ask(loader, id, "POST", path, &body.to_string());
    let json = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).unwrap()
    };
    (status, json)
}

/// The status and the message of an answer that is an error.
fn refused(loader: &Loader, id: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let (status, body) = ask(loader, id, method, path, body);
    let text = String::from_utf8_lossy(&body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{text}"));
    (status, body["detail"].as_str().unwrap().to_owned())
}

/// What a fixture has kept, once it is so many metrics.
fn kept(loader: &Loader, number: u32, metrics: usize) -> Value {
    let id = format!("tracked-{number:04}");
    get(loader, &id, &format!("/kept?metrics={metrics}"))
}

/// Asks until the answer is as wanted. That it becomes so at some time is what is tested.
fn until(what: &str, mut ask: impl FnMut() -> Option<Value>) -> Value {
    let deadline = soon();
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::yield_now();
    }
}

/// One plugin's entry of a list of the tracker's status.
fn entry(loader: &Loader, list: &str, id: &str) -> Option<Value> {
    let status = get(loader, "tracker", "/status");
    let entries = status[list].as_array().unwrap();
    entries.iter().find(|entry| entry["id"] == id).cloned()
}

fn stop(loader: &Loader) {
    let report = loader.stop(Duration::from_secs(60));
    assert_eq!(report.failed, []);
}

fn no_config() -> Value {
    json!({})
}
