//! The log for whoever follows it: each has a queue of its own, and none can hold up who logs.

use super::entry::Entry;
use log::{Level, LevelFilter, Record};
use std::sync::{
    Arc, PoisonError, RwLock, Weak,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

/// Where the log can be followed.
pub(crate) struct Feed {
    taps: RwLock<Arc<[Arc<Tap>]>>,
    /// The most verbose level that a follower wants, as a number; 0 where nobody follows.
    level: AtomicUsize,
    /// That of what is written to standard error.
    written: RwLock<LevelFilter>,
}

/// One follower as the feed sees it.
struct Tap {
    level: LevelFilter,
    wants: Box<dyn Fn(&Record<'_>) -> bool + Send + Sync>,
    queue: SyncSender<Followed>,
    /// Since the last that found room in the queue.
    lost: AtomicU64,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            taps: RwLock::new(Arc::default()),
            level: AtomicUsize::new(0),
            written: RwLock::new(LevelFilter::Off),
        }
    }
}

impl Feed {
    /// From now on records of up to that level are written to standard error.
    pub(super) fn write(&self, level: LevelFilter) {
        let taps = self.taps.write().unwrap_or_else(PoisonError::into_inner);
        *self.written.write().unwrap_or_else(PoisonError::into_inner) = level;
        self.tell_who_logs(&taps);
    }

    /// The most verbose level that anybody wants is that of the process.
    fn tell_who_logs(&self, taps: &[Arc<Tap>]) {
        let level = taps.iter().map(|tap| tap.level).max();
        let level = level.unwrap_or(LevelFilter::Off);
        self.level.store(level as usize, Relaxed);
        let written = *self.written.read().unwrap_or_else(PoisonError::into_inner);
        log::set_max_level(level.max(written));
    }

    /// Follows the log from now on: records of up to that level of which `wants` is true. It is
    /// asked on the thread that logs, before anything is formatted: it must not block, nor log.
    ///
    /// At most `bound` entries wait. One that finds the queue full is lost, and counted in the next
    /// that does not.
    ///
    /// Plugins that run keep the level that they have: `Handle::set_log_level` asks more of one.
    pub(crate) fn follow(
        self: &Arc<Self>,
        level: LevelFilter,
        bound: usize,
        wants: impl Fn(&Record<'_>) -> bool + Send + Sync + 'static,
    ) -> Follower {
        let (queue, entries) = sync_channel(bound);
        let tap = Arc::new(Tap {
            level,
            wants: Box::new(wants),
            queue,
            lost: AtomicU64::new(0),
        });
        let ending = End {
            feed: Arc::clone(self),
            tap: Arc::downgrade(&tap),
        };
        self.change(|taps| taps.push(Arc::clone(&tap)));
        Follower { entries, ending }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Tap>>)) {
        // What is taken out is dropped after the lock.
        let old;
        {
            let mut taps = self.taps.write().unwrap_or_else(PoisonError::into_inner);
            let mut list = taps.to_vec();
            change(&mut list);
            self.tell_who_logs(&list);
            old = std::mem::replace(&mut *taps, list.into());
        }
        drop(old);
    }

    /// Whether somebody may want a record of that level.
    pub(super) fn reaches(&self, level: Level) -> bool {
        level as usize <= self.level.load(Relaxed)
    }

    /// Hands a record to everybody who wants it. Never waits.
    pub(super) fn offer(&self, record: &Record<'_>) {
        if !self.reaches(record.level()) {
            return;
        }
        // Cloned out: whether a follower wants it is asked under no lock.
        let taps = Arc::clone(&self.taps.read().unwrap_or_else(PoisonError::into_inner));
        let mut entry = None;
        for tap in taps.iter() {
            if record.level() > tap.level || !(tap.wants)(record) {
                continue;
            }
            let entry = entry.get_or_insert_with(|| Arc::new(Entry::of(record)));
            let followed = Followed {
                entry: Arc::clone(entry),
                lost: tap.lost.swap(0, Relaxed),
            };
            if let Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) =
                tap.queue.try_send(followed)
            {
                tap.lost.fetch_add(back.lost + 1, Relaxed);
            }
        }
    }
}

/// Who follows the log; it ends when this is dropped.
pub(crate) struct Follower {
    entries: Receiver<Followed>,
    ending: End,
}

/// What a follower gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Followed {
    /// The record.
    pub(crate) entry: Arc<Entry>,
    /// How many came between the one before and this one, and found the queue full.
    pub(crate) lost: u64,
}

impl Follower {
    /// The next record that waits.
    #[cfg(test)]
    fn next(&self) -> Option<Followed> {
        self.entries.try_recv().ok()
    }

    /// What comes, until the other is dropped and all that waited has been taken.
    pub(super) fn split(self) -> (Receiver<Followed>, End) {
        (self.entries, self.ending)
    }
}

/// Takes a follower out of the feed.
pub(super) struct End {
    feed: Arc<Feed>,
    tap: Weak<Tap>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.feed
            .change(|taps| taps.retain(|tap| !std::ptr::eq(Arc::as_ptr(tap), self.tap.as_ptr())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(feed: &Feed, level: Level, message: &str) {
        feed.offer(
            &Record::builder()
                .level(level)
                .target("greeter")
                .args(format_args!("{message}"))
                .build(),
        );
    }

    fn next(follower: &Follower) -> (String, u64) {
        match follower.next() {
            Some(Followed { entry, lost }) => (entry.message.clone(), lost),
            None => ("nothing".to_owned(), 0),
        }
    }

    fn messages(follower: &Follower) -> Vec<String> {
        let all = std::iter::from_fn(|| follower.next());
        all.map(|followed| followed.entry.message.clone()).collect()
    }

    #[test]
    fn each_follower_gets_what_it_wants_from_when_it_follows() {
        let feed = Arc::new(Feed::default());
        offer(&feed, Level::Error, "before");
        assert!(!feed.reaches(Level::Error), "nobody follows");
        let all = feed.follow(LevelFilter::Debug, 8, |_| true);
        let some = feed.follow(LevelFilter::Warn, 8, |record| {
            record.args().to_string() != "not this"
        });
        offer(&feed, Level::Info, "one");
        offer(&feed, Level::Trace, "two");
        offer(&feed, Level::Warn, "not this");
        offer(&feed, Level::Warn, "three");
        assert_eq!(messages(&all), ["one", "not this", "three"]);
        assert_eq!(messages(&some), ["three"]);
        drop(all);
        assert!(!feed.reaches(Level::Info) && feed.reaches(Level::Warn));
        drop(some);
        assert!(!feed.reaches(Level::Error));
    }

    #[test]
    fn a_full_queue_loses_the_newest_and_the_next_says_how_many() {
        let feed = Arc::new(Feed::default());
        let follower = feed.follow(LevelFilter::Info, 2, |_| true);
        for message in ["one", "two", "three", "four"] {
            offer(&feed, Level::Info, message);
        }
        assert_eq!(messages(&follower), ["one", "two"]);
        offer(&feed, Level::Info, "five");
        assert_eq!(next(&follower), ("five".to_owned(), 2));
        offer(&feed, Level::Info, "six");
        assert_eq!(next(&follower), ("six".to_owned(), 0));
        assert_eq!(next(&follower), ("nothing".to_owned(), 0));
    }
}
