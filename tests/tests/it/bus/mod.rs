//! Does every plugin hear what it asked for, and nobody suffer from another who does not listen?

mod embedder;
mod order;
mod permissions;
mod policies;
mod quick;
mod retained;
mod slow;

use jackfield_loader::{Loader, Options, Request};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::time::Duration;

/// For what comes, on a busy machine as well.
const LONG: Duration = Duration::from_secs(60);

/// Publishes in most tests; it hears nothing.
const CRIER: &str = "crier-0000";
const FIRST: &str = "crier-0001";
const SECOND: &str = "crier-0002";

struct Scene {
    loader: Loader,
    _site: Site,
}

impl Scene {
    /// The crier, and others that subscribe as they are told.
    fn new(others: &[(&str, &[&str])]) -> Self {
        let others: Vec<_> = others
            .iter()
            .map(|(id, told)| (*id, json!({ "subscribe": told })))
            .collect();
        Self::with(&others, |_| ())
    }

    /// The same with whole configurations, and other options.
    fn with(others: &[(&str, Value)], change: impl FnOnce(&mut Options)) -> Self {
        let site = Site::new();
        site.add("crier");
        let mut options = Options::new(site.plugins(), site.state());
        for (id, config) in others {
            if *id != CRIER {
                site.add_patched("crier", &format!("lib{id}.so"), &[(CRIER, id)]);
            }
            let settings = options.settings.entry((*id).to_owned()).or_default();
            settings.config = config.as_object().unwrap().clone();
        }
        change(&mut options);
        let loader = Loader::open(options).unwrap();
        loader.start();
        Self {
            loader,
            _site: site,
        }
    }

    fn send(&self, id: &str, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let plugin = self.loader.plugin(id);
        let plugin = plugin.unwrap_or_else(|| panic!("{id}: {:?}", self.loader.status(id)));
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request::new(method, path).with_query(query).with_body(body);
        let answer = pollster::block_on(plugin.request(&request)).unwrap();
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        (answer.status(), body)
    }

    fn get(&self, id: &str, path: &str) -> String {
        let (status, body) = self.send(id, "GET", path, b"");
        assert!(status < 300, "{id} {path}: {body}");
        body
    }

    fn post(&self, id: &str, path: &str, body: &[u8]) -> String {
        let (status, text) = self.send(id, "POST", path, body);
        assert!(status < 300, "{id} {path}: {text}");
        text
    }

    /// The status and the message of an answer that is an error.
    fn error(&self, id: &str, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let (status, text) = self.send(id, method, path, body);
        let body: Value = serde_json::from_str(&text).expect(&text);
        (status, body["detail"].as_str().unwrap().to_owned())
    }

    fn publish(&self, topic: &str, body: &str) {
        self.post(CRIER, &format!("/publish/{topic}"), body.as_bytes());
    }

    /// Waits until a plugin has heard so much.
    fn hears(&self, id: &str, count: u64) {
        assert_eq!(self.get(id, &format!("/await/{count}")), count.to_string());
    }

    /// From now on a plugin does not return from an event; one is on the topic `hold`.
    fn holds(&self, id: &str) {
        self.post(id, "/hold", b"");
        self.publish("hold", "");
        self.get(id, "/held");
    }

    fn heard(&self, id: &str) -> Vec<String> {
        let heard = self.get(id, "/heard");
        heard.lines().map(str::to_owned).collect()
    }

    fn stops_well(&self) {
        assert_eq!(self.loader.stop(LONG).failed, []);
    }
}
