//! The log on the bus: topic `logs.<level>`, such as `logs.warn`, published by the host.
//!
//! The payload is JSON: `time` (RFC 3339, UTC), `level`, `plugin` (its id; `null` where the host or
//! a library of its speaks), `target` (who speaks, in any case), `module`, `message`, `fields` (an
//! object of strings), `file`, `line`, and `lost`: how many records before this one are not on the
//! bus because too many came at once. What is not known is `null`.
//!
//! Whether somebody has subscribed to the level's topic is asked before anything is formatted. Only
//! what is logged while plugins start is kept in any case, up to a bound, for whoever subscribes until
//! they have: what keeps the log is a plugin too, and is to know of those that did not start. What is
//! logged while the log itself is handed out is not published: neither on the thread that
//! publishes, nor by a subscriber inside its handler for `logs.…`, nor about that handler. Else one
//! record would make the next, for ever.

use super::{
    Log,
    entry::Entry,
    feed::{End, Followed},
};
use env_filter::Filter;
use jackfield_loader::{HostPublisher, is_echoing};
use log::{Level, Record};
use serde_json::{Map, Value, json};
use std::{
    cell::Cell,
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// So many records wait to be published, at most; those that come then are lost, and counted.
const BOUND: usize = 1024;
/// So many are kept while plugins start; beyond that the oldest is lost, and counted.
const KEPT: usize = 512;

thread_local! {
    /// This thread publishes the log.
    static PUBLISHES: Cell<bool> = const { Cell::new(false) };
}

/// How long what waits when nothing more is published may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// The log is published while this lives; what waits when it is dropped still is, as far as there is
/// time.
pub(crate) struct Publishing {
    starting: Arc<AtomicBool>,
    following: Option<End>,
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Publishing {
    /// Begins to publish what passes the filter.
    ///
    /// # Errors
    ///
    /// When the thread that does it cannot be started.
    pub(crate) fn begin(log: &Log, bus: HostPublisher, filter: Filter) -> io::Result<Self> {
        let level = filter.filter();
        let starting = Arc::new(AtomicBool::new(true));
        let (asked, kept) = (bus.clone(), Arc::clone(&starting));
        let wants = move |record: &Record<'_>| {
            !PUBLISHES.get()
                && !is_echoing()
                && (kept.load(Relaxed) || asked.is_heard(topic(record.level())))
                && filter.matches(record)
        };
        let (entries, following) = log.feed.follow(level, BOUND, wants).split();
        let mut desk = Desk {
            bus,
            starting: Arc::clone(&starting),
            kept: VecDeque::new(),
            lost: 0,
        };
        let (end, ended) = mpsc::sync_channel(1);
        let publish = move || {
            PUBLISHES.set(true);
            for followed in entries {
                desk.take(followed);
            }
            // Nobody may wait for it any more.
            let _ = end.send(());
        };
        let thread = thread::Builder::new().name("jackfield-log".to_owned());
        Ok(Self {
            starting,
            following: Some(following),
            ended,
            thread: Some(thread.spawn(publish)?),
        })
    }

    /// What is to be called when plugins have started: what nobody has subscribed to by then is kept
    /// no longer.
    pub(crate) fn when_started(&self) -> impl FnOnce() + Send + use<> {
        let starting = Arc::clone(&self.starting);
        move || starting.store(false, Relaxed)
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        self.following.take();
        let ended = self.ended.recv_timeout(FAREWELL);
        // One that a subscriber holds up is left to itself.
        if ended != Err(RecvTimeoutError::Timeout)
            && let Some(thread) = self.thread.take()
        {
            // Were it to panic, the log would have said so.
            let _ = thread.join();
        }
    }
}

/// Where records of a level are published.
fn topic(level: Level) -> &'static str {
    match level {
        Level::Error => "logs.error",
        Level::Warn => "logs.warn",
        Level::Info => "logs.info",
        Level::Debug => "logs.debug",
        Level::Trace => "logs.trace",
    }
}

/// Where records lie until they are published.
struct Desk {
    bus: HostPublisher,
    starting: Arc<AtomicBool>,
    /// What nobody had subscribed to when it came, in order.
    kept: VecDeque<Followed>,
    /// Of those that were kept.
    lost: u64,
}

impl Desk {
    /// Publishes what somebody has subscribed to, this and what was kept.
    fn take(&mut self, followed: Followed) {
        self.kept.push_back(followed);
        let heard = LEVELS.map(|level| self.bus.is_heard(topic(level)));
        for mut followed in std::mem::take(&mut self.kept) {
            if heard[followed.entry.level as usize - 1] {
                followed.lost += std::mem::take(&mut self.lost);
                publish(&self.bus, &followed);
            } else {
                self.keep(followed);
            }
        }
    }

    fn keep(&mut self, followed: Followed) {
        if !self.starting.load(Relaxed) {
            return;
        }
        if self.kept.len() == KEPT
            && let Some(oldest) = self.kept.pop_front()
        {
            self.lost += 1 + oldest.lost;
        }
        self.kept.push_back(followed);
    }
}

/// By their numbers, from 1.
const LEVELS: [Level; 5] = [
    Level::Error,
    Level::Warn,
    Level::Info,
    Level::Debug,
    Level::Trace,
];

fn publish(bus: &HostPublisher, followed: &Followed) {
    let Followed { entry, lost } = followed;
    let payload = payload(entry, *lost, bus.knows(&entry.target));
    let published = bus.publish(topic(entry.level), payload.to_string().as_bytes());
    // An entry is far smaller than what a payload may be, and the topics are topics.
    debug_assert!(published.is_ok(), "{published:?}");
}

fn payload(entry: &Entry, lost: u64, of_plugin: bool) -> Value {
    let fields = entry
        .fields
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    json!({
        "time": humantime::format_rfc3339_micros(entry.time).to_string(),
        "level": entry.level.as_str().to_lowercase(),
        "plugin": of_plugin.then_some(&entry.target),
        "target": entry.target,
        "module": entry.module,
        "message": entry.message,
        "fields": fields.collect::<Map<_, _>>(),
        "file": entry.file,
        "line": entry.line,
        "lost": lost,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_loader::{Loader, Options};
    use std::time::UNIX_EPOCH;

    fn said(number: u64) -> Followed {
        let record = Record::builder()
            .level(Level::Info)
            .args(format_args!("said"))
            .build();
        let mut entry = Entry::of(&record);
        entry.line = u32::try_from(number).ok();
        Followed {
            entry: Arc::new(entry),
            lost: 0,
        }
    }

    #[test]
    fn what_nobody_hears_is_kept_up_to_a_bound_and_no_longer_than_plugins_start() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::new(dir.path().join("plugins"), dir.path().join("state"));
        let loader = Loader::open(options).unwrap();
        let starting = Arc::new(AtomicBool::new(true));
        let mut desk = Desk {
            bus: loader.publisher(),
            starting: Arc::clone(&starting),
            kept: VecDeque::new(),
            lost: 0,
        };
        (1..=520).for_each(|number| desk.take(said(number)));
        assert_eq!((desk.kept.len(), desk.lost), (512, 8));
        assert_eq!(desk.kept[0].entry.line, Some(9));
        starting.store(false, Relaxed);
        desk.take(said(521));
        assert!(desk.kept.is_empty());
    }

    #[test]
    fn who_holds_up_the_thread_that_publishes_does_not_hold_up_the_end() {
        let (end, ended) = mpsc::sync_channel(1);
        let (release, held) = mpsc::sync_channel::<()>(1);
        let thread = thread::spawn(move || {
            let _ = held.recv();
            end.send(()).unwrap_err();
        });
        drop(Publishing {
            starting: Arc::default(),
            following: None,
            ended,
            thread: Some(thread),
        });
        // It waits still.
        release.send(()).unwrap();
    }

    #[test]
    fn a_record_has_its_shape() {
        let entry = Entry {
            time: UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
            level: Level::Warn,
            target: "greeter".to_owned(),
            module: Some("greeter::book".to_owned()),
            message: "one".to_owned(),
            fields: vec![("n".to_owned(), "1".to_owned())],
            file: None,
            line: Some(7),
        };
        let mut expected = json!({
            "time": "2023-11-14T22:13:20.123456Z",
            "level": "warn",
            "plugin": "greeter",
            "target": "greeter",
            "module": "greeter::book",
            "message": "one",
            "fields": {"n": "1"},
            "file": null,
            "line": 7,
            "lost": 2,
        });
        assert_eq!(payload(&entry, 2, true), expected);
        expected["plugin"] = Value::Null;
        assert_eq!(payload(&entry, 2, false), expected);
    }
}
