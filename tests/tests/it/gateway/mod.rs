//! Are plugins, and the host itself, on HTTP what the documents say, for a client as any other?

mod access;
mod calls;
mod events;
mod h2;
mod lists;
mod metrics;
mod middleware;
mod openapi;
mod orders;
mod pages;
mod raw;
mod removed;
mod replies;
mod stopping;
mod streams;
mod ui;

use crate::cli::running::Host;
use jackfield_tests::Site;
use rustix::process::Signal;
use serde_json::Value;
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};
use ureq::{Agent, http::Response};

/// Nothing that is waited for takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A host that serves HTTP.
pub(crate) struct Served {
    host: Host,
    client: Client,
    /// After the host, which works in it.
    pub(crate) site: Site,
}

/// Who asks it; may be shared by threads.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    agent: Agent,
}

impl std::ops::Deref for Served {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

impl Served {
    /// With what the site's configuration says, once every plugin has started.
    pub(crate) fn start(site: Site) -> Self {
        let mut served = Self::starting(site);
        served.host.wait_until_started();
        served
    }

    /// The same, as soon as it listens.
    pub(crate) fn starting(site: Site) -> Self {
        let mut host = Host::start(&site, "run --listen 127.0.0.1:0");
        let line = host.wait("listening on ");
        let (_, address) = line.split_once("://").unwrap();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build();
        let client = Client {
            address: address.parse().unwrap(),
            agent: config.into(),
        };
        Self { host, client, site }
    }

    pub(crate) fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// Ends it by a signal; its exit code and its log.
    pub(crate) fn end(self) -> (Option<i32>, Vec<String>) {
        self.host.signal(Signal::TERM);
        self.ended()
    }

    /// The same of one that has nothing to complain of; its site, for the next.
    pub(crate) fn stop(self) -> Site {
        let Self { host, site, .. } = self;
        host.signal(Signal::TERM);
        assert_eq!(host.end().0, Some(0));
        site
    }

    /// The same once something else ended it.
    pub(crate) fn ended(self) -> (Option<i32>, Vec<String>) {
        let Self { host, site, .. } = self;
        let ended = host.end();
        drop(site);
        ended
    }
}

impl Client {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Got {
        got(self.agent.get(self.url(path)).call())
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Got {
        got(self.agent.post(self.url(path)).send(body.as_ref()))
    }

    pub(crate) fn ask(&self, request: ureq::http::request::Builder, body: &[u8]) -> Got {
        let uri = request.uri_ref().unwrap().to_string();
        let request = request.uri(self.url(&uri)).body(body).unwrap();
        got(self.agent.run(request))
    }

    /// What came back for these bytes, until the host closed the connection.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        rest(&mut stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

fn got(response: Result<Response<ureq::Body>, ureq::Error>) -> Got {
    let (parts, mut body) = response.unwrap().into_parts();
    let body = body.with_config().limit(u64::MAX).read_to_vec().unwrap();
    Got {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

/// All that comes until the other side closes.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset has said what it had to say; one that stays open has not.
    if let Err(error) = stream.read_to_end(&mut bytes) {
        let is_open = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!is_open, "it was not closed: {error}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for it.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

/// Waits until the plugin that misbehaves has begun to hang; `release` is the file that lets it go.
fn until_it_hangs(release: &Path) {
    let begun = release.with_extension("begun");
    until("nothing hangs", || begun.exists());
}

/// A site with these plugins, all enabled; `more` is what else its configuration says.
pub(crate) fn site(plugins: &[&str], more: &str) -> Site {
    let site = Site::new();
    let mut text = String::new();
    for plugin in plugins {
        site.add(plugin);
        text += &format!("[plugins.{plugin}]\nenabled = true\n");
    }
    std::fs::write(site.root().join("jackfield.toml"), text + more).unwrap();
    site
}
