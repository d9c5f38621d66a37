use super::hub::News;
use crate::gateway::{
    api::{Own, snapshot},
    front::Front,
};
use jackfield_loader::{BusError, Event, Policy, State, SubscribeOptions, Subscriber};
use serde_json::{Value, json};
use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// The topic on which plugins notify.
const NOTIFICATIONS: &str = "notifications";

/// So many notifications wait to be told, at most; beyond that the oldest are lost.
const QUEUE: u32 = 8192;

/// The most that are told at once.
const AT_ONCE: usize = 1024;

/// And so many bytes, beyond which the next has to wait.
const BYTES_AT_ONCE: usize = 128 << 10;

/// The topology is told no more often than that: it is told as a whole.
const BETWEEN_SNAPSHOTS: Duration = Duration::from_millis(50);

/// Readers hear something at least so often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon this ends once it is told to.
const PATIENCE: Duration = Duration::from_millis(100);

/// Brings what happens to the hub, until it is dropped.
pub(in crate::gateway) struct Feed {
    ending: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Why nothing is brought.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    /// Notifications cannot be heard.
    #[error("cannot subscribe to what plugins notify of")]
    Subscribe(#[from] BusError),
    /// There is no thread for it.
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
}

impl Feed {
    pub(in crate::gateway) fn begin(own: &Arc<Own>, runtime: Handle) -> Result<Self, FeedError> {
        let loader = &own.front.loader;
        let options = SubscribeOptions::new()
            .capacity(QUEUE)
            .policy(Policy::DropOldest);
        let subscriber = loader.subscribe(NOTIFICATIONS, options)?;
        let mut feed = Self {
            ending: Arc::default(),
            threads: Vec::new(),
        };
        let (ending, told) = (Arc::clone(&feed.ending), Arc::downgrade(own));
        feed.spawn("jackfield-notify", move || {
            notifications(subscriber, &told, &ending);
        })?;
        runtime.spawn(Arc::clone(&own.front.hub).wake_readers());
        // Before anybody can ask: the first event of each reader.
        own.front.hub.set_snapshot("topology", &snapshot(own));
        let (events, ending, told) = (
            loader.events(),
            Arc::clone(&feed.ending),
            Arc::downgrade(own),
        );
        feed.spawn("jackfield-topology", move || {
            changes(&events, &told, &runtime, &ending)
        })?;
        Ok(feed)
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(body)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn notifications(mut subscriber: Subscriber, own: &Weak<Own>, ending: &AtomicBool) {
    let (mut alive_since, mut lost) = (Instant::now(), 0);
    while !ending.load(Ordering::Relaxed) {
        let first = subscriber.next(Instant::now() + PATIENCE);
        let Some(own) = own.upgrade() else { return };
        let (front, hub) = (&*own.front, &*own.front.hub);
        let mut news: Vec<News> = first
            .iter()
            .filter_map(|event| read(front, event))
            .collect();
        let mut bytes = first.as_ref().map_or(0, |event| event.payload().len());
        while first.is_some() && news.len() < AT_ONCE && bytes < BYTES_AT_ONCE {
            let Some(event) = subscriber.try_next() else {
                break;
            };
            bytes += event.payload().len();
            news.extend(read(front, &event));
        }
        let dropped = subscriber.dropped();
        if dropped > lost {
            let more = dropped - lost;
            lost = dropped;
            log::warn!("{more} notifications were lost: they came faster than they can be told");
            let json = json!({ "topic": "gap", "data": { "missed": more } });
            let topic = "gap".to_owned();
            news.push(News {
                plugin: None,
                topic,
                json,
            });
        }
        hub.tell(&news);
        // Also while others are told something: a reader that chooses may hear nothing of it.
        if alive_since.elapsed() >= KEEP_ALIVE {
            hub.keep_alive();
            alive_since = Instant::now();
        }
    }
}

/// What a plugin notifies of, in the form that readers get: whose it is, is what the bus says.
fn read(front: &Front, event: &Event) -> Option<News> {
    let payload: Value = match serde_json::from_slice(event.payload()) {
        Ok(payload) => payload,
        Err(error) => {
            log::debug!(
                "{}: a notification that is no JSON: {error}",
                event.publisher()
            );
            return None;
        }
    };
    let topic = payload
        .get("topic")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let plugin = event.publisher().to_owned();
    let data = json!({
        "edge": front.edge,
        "plugin": plugin,
        "topic": topic,
        "data": payload.get("data").cloned().unwrap_or_default(),
    });
    Some(News {
        plugin: Some(plugin),
        topic: topic.to_owned(),
        json: json!({ "topic": "notification", "data": data }),
    })
}

fn changes(
    events: &jackfield_loader::Events,
    own: &Weak<Own>,
    runtime: &Handle,
    ending: &AtomicBool,
) {
    let (mut is_stale, mut is_passing) = (true, false);
    let mut count = 0;
    let mut told = Instant::now();
    while !ending.load(Ordering::Relaxed) {
        let Some(own) = own.upgrade() else { return };
        let is_due = told.elapsed() >= BETWEEN_SNAPSHOTS;
        // One that is found, or forgotten, makes no transition.
        let before = std::mem::replace(&mut count, own.front.loader.count());
        is_stale |= before != count;
        if is_stale && is_due {
            own.front.hub.set_snapshot("topology", &snapshot(&own));
            (is_stale, told) = (false, Instant::now());
        }
        let front = Arc::clone(&own.front);
        drop(own);
        let wait = if is_stale {
            BETWEEN_SNAPSHOTS
        } else {
            PATIENCE
        };
        let first = events.next(Instant::now() + wait);
        let transitions: Vec<_> = first.into_iter().chain(events.pending()).collect();
        for transition in &transitions {
            front.mounts.note(transition.id.as_str());
            if transition.to == State::Stopping {
                front.mounts.unmount(transition.id.as_str());
            }
        }
        if !transitions.is_empty() || is_passing {
            is_stale = true;
            is_passing = front.chain.refresh(&front, runtime);
        }
    }
}
