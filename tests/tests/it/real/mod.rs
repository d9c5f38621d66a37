//! Does each of the plugins that clients talk to do what it says, as a library in a host?

mod hooks;
mod jobs;
mod simulator;
mod staging;
mod sysinfo;

use jackfield_loader::{Handle, Loader, Options, Request, Unload};
use jackfield_tests::Site;
use serde_json::{Map, Value};
use std::time::Duration;

/// One plugin, started.
struct Scene {
    loader: Loader,
    plugin: Handle,
    _site: Site,
}

/// An answer, copied out, so that it keeps no plugin from stopping.
struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Scene {
    fn start(id: &str, config: &Value) -> Self {
        let site = Site::new();
        site.add(&id.replace('-', "_"));
        let mut options = Options::new(site.plugins(), site.state());
        let settings = options.settings.entry(id.to_owned()).or_default();
        settings.config = config.as_object().cloned().unwrap_or_else(Map::new);
        let loader = Loader::open(options).unwrap();
        loader.start();
        let plugin = loader
            .plugin(id)
            .unwrap_or_else(|| panic!("{id} does not run: {:?}", loader.status(id)));
        Self {
            loader,
            plugin,
            _site: site,
        }
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request::new(method, path).with_query(query).with_body(body);
        let answer = pollster::block_on(self.plugin.request(&request)).unwrap();
        Answer {
            status: answer.status(),
            body: answer.body().to_vec(),
        }
    }

    /// The status and the JSON of an answer.
    fn json(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.ask(method, path, body.as_bytes());
        let text = String::from_utf8_lossy(&answer.body);
        let value = serde_json::from_slice(&answer.body);
        (
            answer.status,
            value.unwrap_or_else(|error| panic!("{path}: {error}: {text}")),
        )
    }

    /// The id of a new session.
    fn register(&self) -> String {
        let (status, registered) = self.json("POST", "/register_session", &Value::Null);
        assert_eq!(status, 200, "{registered}");
        registered["sid"].as_str().unwrap().to_owned()
    }

    fn get(&self, path: &str) -> Value {
        let (status, value) = self.json("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Stops it; nothing of it is left.
    fn stop(self) {
        drop(self.plugin);
        let report = self.loader.stop(Duration::from_secs(60));
        assert_eq!(report.failed, []);
        for (id, unload) in &report.stopped {
            assert_eq!(*unload, Unload::Unmapped, "{id}");
        }
    }
}
