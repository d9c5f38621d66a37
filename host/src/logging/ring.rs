//! The last records of the log, for whoever asks, and those that come from then on.
//!
//! A reader has no queue of its own: it has a place among the records. One that is slow falls
//! behind the oldest that are kept, and is told how many it has missed; the logger waits for nobody.

use super::entry::{Entry, OWN};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The most records that are kept.
const MOST_RECORDS: usize = 10_000;

/// The most bytes of text that are kept in all of them.
const MOST_BYTES: usize = 8 << 20;

/// What a record takes beside its texts, roughly.
const OVERHEAD: usize = 256;

/// What a field takes beside its texts, roughly: two strings and its share of the map.
const FIELD_OVERHEAD: usize = 100;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Counts the records from 1.
    pub(crate) sequence: u64,
    /// RFC 3339, in milliseconds.
    pub(crate) time: String,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub(crate) level: log::Level,
    /// A plugin's id, or `jackfield`.
    pub(crate) target: String,
    /// As it was written; may have several lines.
    pub(crate) message: String,
    /// The fields of the record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, String>,
}

impl Line {
    fn new(record: &log::Record<'_>) -> Self {
        let entry = Entry::of(record);
        Self {
            sequence: 0,
            time: humantime::format_rfc3339_millis(entry.time).to_string(),
            level: entry.level,
            target: entry.target,
            message: entry.message,
            fields: entry.fields.into_iter().collect(),
        }
    }

    fn bytes(&self) -> usize {
        let fields = self
            .fields
            .iter()
            .map(|(key, value)| FIELD_OVERHEAD + key.len() + value.len());
        OVERHEAD + self.target.len() + self.message.len() + fields.sum::<usize>()
    }

    /// Whether it is a plugin's, or the host's about it.
    pub(crate) fn is_about(&self, id: &str) -> bool {
        if self.target != OWN {
            return self.target == id;
        }
        let rest = self.message.strip_prefix(id);
        rest.is_some_and(|rest| rest.starts_with([' ', ':']))
    }
}

/// The records that are kept.
#[derive(Default)]
pub(crate) struct Ring {
    kept: Mutex<Kept>,
    more: Notify,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    /// How many there were.
    last: u64,
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a record, and lets go of the oldest where they are too many.
    pub(crate) fn push(&self, record: &log::Record<'_>) {
        let mut line = Line::new(record);
        let mut kept = self.lock();
        kept.last += 1;
        line.sequence = kept.last;
        kept.bytes += line.bytes();
        kept.lines.push_back(Arc::new(line));
        while kept.lines.len() > MOST_RECORDS || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes -= oldest.bytes();
        }
        drop(kept);
        self.more.notify_waiters();
    }

    /// A reader that has read none of them.
    pub(crate) fn follow(self: &Arc<Self>) -> Follower {
        let next = self.lock().lines.front().map_or(1, |line| line.sequence);
        Follower {
            ring: Arc::clone(self),
            next,
        }
    }
}

/// A reader's place.
pub(crate) struct Follower {
    ring: Arc<Ring>,
    /// The record to be read next.
    next: u64,
}

impl Follower {
    /// The next records, at most so many, and how many it has missed before them. None where there
    /// are no more now.
    pub(crate) fn take(&mut self, most: usize) -> (u64, Vec<Arc<Line>>) {
        let kept = self.ring.lock();
        let oldest = kept.last + 1 - kept.lines.len() as u64;
        let missed = oldest.saturating_sub(self.next);
        let from = usize::try_from(self.next + missed - oldest).unwrap_or(usize::MAX);
        let lines: Vec<_> = kept.lines.iter().skip(from).take(most).cloned().collect();
        self.next += missed + lines.len() as u64;
        (missed, lines)
    }

    /// Is ready when there is one more.
    pub(crate) async fn more(&self) {
        loop {
            // Before the look: what comes after it is noticed.
            let more = self.ring.more.notified();
            if self.ring.lock().last >= self.next {
                return;
            }
            more.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(ring: &Ring, target: &str, text: &str) {
        let mut record = log::Record::builder();
        record.level(log::Level::Info).target(target);
        ring.push(&record.args(format_args!("{text}")).build());
    }

    #[test]
    fn what_is_kept_has_a_bound_in_records_and_in_bytes() {
        let ring = Arc::new(Ring::default());
        let mut slow = ring.follow();
        for number in 0..=MOST_RECORDS {
            push(&ring, "a", &number.to_string());
        }
        let (missed, lines) = slow.take(2);
        assert_eq!((missed, lines[0].sequence, &*lines[0].message), (1, 2, "1"));
        for _ in 0..1000 {
            push(&ring, "a", &"x".repeat(16 << 10));
        }
        let kept = ring.lock();
        assert!(kept.bytes <= MOST_BYTES && kept.lines.len() < 600);
    }

    #[test]
    fn fields_count_also_where_there_is_nothing_in_them() {
        let ring = Arc::new(Ring::default());
        let keys: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        let fields: Vec<(&str, &str)> = keys.iter().map(|key| (&**key, "")).collect();
        let mut record = log::Record::builder();
        record.key_values(&fields);
        for _ in 0..2000 {
            ring.push(&record.args(format_args!("")).build());
        }
        assert!(ring.lock().lines.len() < MOST_BYTES / (50 * FIELD_OVERHEAD));
    }

    #[test]
    fn a_reader_sees_each_once_and_is_told_what_it_missed() {
        let ring = Arc::new(Ring::default());
        let mut reader = ring.follow();
        assert_eq!(reader.take(10), (0, vec![]));
        push(&ring, "a", "one");
        push(&ring, "b", "two");
        let texts = |lines: Vec<Arc<Line>>| -> Vec<String> {
            lines.iter().map(|line| line.message.clone()).collect()
        };
        let (missed, lines) = reader.take(1);
        assert_eq!((missed, texts(lines)), (0, vec!["one".to_owned()]));
        let (missed, lines) = reader.take(10);
        assert_eq!((missed, texts(lines)), (0, vec!["two".to_owned()]));
        assert_eq!(reader.take(10), (0, vec![]));
        for _ in 0..MOST_RECORDS + 5 {
            push(&ring, "a", "more");
        }
        assert_eq!(reader.take(1).0, 5);
        assert_eq!(ring.follow().take(1).0, 0);
    }

    #[test]
    fn the_hosts_lines_about_a_plugin_are_the_plugins_as_well() {
        let line = |target: &str, message: &str| Line {
            sequence: 1,
            time: String::new(),
            level: log::Level::Info,
            target: target.to_owned(),
            message: message.to_owned(),
            fields: BTreeMap::new(),
        };
        assert!(line("web", "hello").is_about("web"));
        assert!(line("jackfield", "web 1.0.0: starting -> running").is_about("web"));
        assert!(line("jackfield", "web: stop: it hangs").is_about("web"));
        assert!(!line("jackfield", "webs: stop").is_about("web"));
        assert!(!line("store", "web: hello").is_about("web"));
    }
}
