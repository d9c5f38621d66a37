//! What it costs to tell eight plugins something.

use crate::report::{Bar, Bench, interleaved};
use crossbeam_channel::bounded;
use jackfield_loader::{Handle, Loader, Options, Request};
use jackfield_tests::Site;
use serde_json::json;
use std::{hint::black_box, sync::Arc, thread, time::Duration};

const ROUNDS: usize = 21;
const EVENTS: u64 = 100_000;
const SUBSCRIBERS: usize = 8;
const QUEUE: usize = 1024;
const PAYLOAD: [u8; 256] = [7; 256];

/// A plugin that publishes, and others that hear it.
struct Crowd {
    crier: Handle,
    others: Vec<Handle>,
    /// How many events each has heard so far.
    heard: u64,
    /// They hear it from their queues.
    queued: bool,
    loader: Loader,
    _site: Site,
}

impl Crowd {
    fn gather(told: &str) -> Self {
        let site = Site::new();
        site.add("crier");
        let mut options = Options::new(site.plugins(), site.state());
        let ids: Vec<String> = (1..=SUBSCRIBERS).map(|n| format!("crier-{n:04}")).collect();
        for id in &ids {
            site.add_patched("crier", &format!("lib{id}.so"), &[("crier-0000", id)]);
            let config = json!({ "subscribe": [told], "record": false });
            let settings = options.settings.entry(id.clone()).or_default();
            settings.config = config.as_object().expect("a table").clone();
        }
        let loader = Loader::open(options).expect("a fresh state directory");
        loader.start();
        let plugin = |id: &str| loader.plugin(id).expect("the fixture runs");
        Self {
            crier: plugin("crier-0000"),
            others: ids.iter().map(|id| plugin(id)).collect(),
            heard: 0,
            queued: !told.ends_with("quick"),
            loader,
            _site: site,
        }
    }

    /// Until everybody has heard everything.
    fn round(&mut self) {
        self.heard += EVENTS;
        let expect = format!("/expect/{}", self.heard);
        for other in self.others.iter().filter(|_| self.queued) {
            let expect = Request::new("POST", &expect);
            assert_eq!(ask(other, &expect), (204, String::new()));
        }
        let query = format!("count={EVENTS}");
        let publish = Request::new("POST", "/publish/t")
            .with_query(&query)
            .with_body(&PAYLOAD);
        assert_eq!(ask(&self.crier, &publish), (204, String::new()));
        let (path, all) = (format!("/await/{}", self.heard), self.heard.to_string());
        for other in &self.others {
            assert_eq!(ask(other, &Request::new("GET", &path)), (200, all.clone()));
        }
    }

    /// Nothing was dropped: what was not delivered would count as speed.
    fn check(&self) {
        for other in &self.others {
            let counters = self.loader.counters(other.id().as_str());
            assert_eq!(counters.expect("it runs").dropped_events, 0);
        }
    }
}

fn ask(handle: &Handle, request: &Request<'_>) -> (u16, String) {
    let answer = pollster::block_on(handle.request(request)).expect("an answer");
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), body)
}

/// The same between threads, without plugins.
fn channels() {
    thread::scope(|scope| {
        let senders: Vec<_> = (0..SUBSCRIBERS)
            .map(|_| {
                let (sender, receiver) = bounded::<Arc<[u8]>>(QUEUE);
                scope.spawn(move || {
                    let heard = receiver.iter().map(black_box).count();
                    assert_eq!(heard as u64, EVENTS);
                });
                sender
            })
            .collect();
        for _ in 0..EVENTS {
            let event: Arc<[u8]> = Arc::from(&black_box(PAYLOAD)[..]);
            for sender in &senders {
                let sent = sender.send(Arc::clone(&event));
                sent.expect("the receiver lives until all is sent");
            }
        }
    });
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn rate(time: Duration) -> f64 {
    EVENTS as f64 / time.as_secs_f64() / 1000.0
}

fn measured(bench: &mut Bench, name: &'static str, told: &str, bar: Bar) {
    let mut crowd = Crowd::gather(told);
    let (subject, baseline) = interleaved(ROUNDS, || crowd.round(), channels);
    crowd.check();
    bench.ratio(name, "k events/s", rate(subject), rate(baseline), bar);
}

/// All rows of this module.
pub fn measure(bench: &mut Bench) {
    if bench.wants("bus.fanout") {
        let told = format!("t?queue={QUEUE}&wait_ms=1000");
        measured(bench, "bus.fanout", &told, Bar::Min(0.8));
    }
    if bench.wants("bus.quick") {
        measured(bench, "bus.quick", "t?quick", Bar::None);
    }
}
