//! The host's log: on standard error, to whoever follows it, and on the bus.
//!
//! One logger writes what passes the filter (`text`), and offers each record to those who follow
//! (`feed`), each through a queue of its own with a bound, as an `entry` that is made when somebody
//! wants it and not before. The bus is one of them (`publish`).

mod entry;
mod feed;
mod publish;
mod text;

pub(crate) use feed::Feed;
pub(crate) use publish::Publishing;

use env_logger::Logger;
use log::{Log, Metadata, Record};
use std::sync::Arc;

/// Begins to log; what is returned is where the log can be followed.
///
/// # Panics
///
/// When it has begun already.
pub(crate) fn begin(filter: &str) -> Arc<Feed> {
    let text = text::logger(filter);
    let feed = Arc::new(Feed::new(text.filter()));
    log::set_max_level(text.filter());
    let journal = Journal {
        text,
        feed: Arc::clone(&feed),
    };
    log::set_boxed_logger(Box::new(journal)).expect("the log is begun once");
    feed
}

/// What the `log` crate calls.
struct Journal {
    text: Logger,
    feed: Arc<Feed>,
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.text.enabled(metadata) || self.feed.reaches(metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        self.text.log(record);
        self.feed.offer(record);
    }

    fn flush(&self) {
        self.text.flush();
    }
}
