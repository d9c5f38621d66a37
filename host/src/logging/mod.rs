//! The host's log: on standard error, the last of it for whoever asks, and on the bus.
//!
//! One logger writes what passes the filter, or the level that was set for who speaks (`levels`), as
//! `text`, and keeps the last of that in a `ring`. It also offers each record to those who follow
//! (`feed`), each through a queue of its own with a bound. A record that is kept is an `entry`, which
//! is made when somebody wants it and not before. The bus is one who follows (`publish`).

mod entry;
mod feed;
mod levels;
mod publish;
mod ring;
mod text;

pub(crate) use publish::Publishing;
pub(crate) use ring::{Follower, Line, Ring};
pub(crate) use text::message;

use env_logger::{Builder, Env, Logger};
use feed::Feed;
use levels::Levels;
use log::{LevelFilter, Metadata, Record};
use std::sync::{Arc, Mutex, PoisonError};

/// The variable whose filter wins over the configuration's.
const VARIABLE: &str = "RUST_LOG";

/// The log of this process.
pub(crate) struct Log {
    /// What the filter lets through; it writes nothing.
    filter: Logger,
    levels: Levels,
    /// One level is set at a time.
    setting: Mutex<()>,
    printer: Logger,
    ring: Arc<Ring>,
    feed: Arc<Feed>,
}

/// Begins to log.
///
/// # Panics
///
/// When it has begun already.
pub(crate) fn begin(filter: &str) -> Arc<Log> {
    let env = Env::default().filter_or(VARIABLE, filter);
    let log = Arc::new(Log::new(Builder::from_env(env).build()));
    log::set_boxed_logger(Box::new(Installed(Arc::clone(&log))))
        .expect("a process begins to log once");
    log.feed.write(log.filter.filter());
    log
}

impl Log {
    fn new(filter: Logger) -> Self {
        Self {
            filter,
            levels: Levels::default(),
            setting: Mutex::default(),
            printer: Builder::new()
                .filter_level(LevelFilter::Trace)
                .format(text::format)
                .build(),
            ring: Arc::default(),
            feed: Arc::default(),
        }
    }

    /// That of no process: only its ring can be written to.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        Self::new(Builder::new().build())
    }

    /// The last records.
    pub(crate) fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The most verbose level of which records of that target are logged.
    pub(crate) fn level(&self, target: &str) -> LevelFilter {
        self.levels
            .get(target)
            .unwrap_or_else(|| self.usual_level(target))
    }

    /// The same by the filter alone.
    pub(crate) fn usual_level(&self, target: &str) -> LevelFilter {
        let is_logged = |level: &log::Level| {
            let metadata = Metadata::builder().level(*level).target(target).build();
            log::Log::enabled(&self.filter, &metadata)
        };
        let most = log::Level::iter().filter(is_logged).last();
        most.map_or(LevelFilter::Off, |level| level.to_level_filter())
    }

    /// Sets that level, whatever the filter says; `None` leaves it to the filter again.
    pub(crate) fn set_level(&self, target: &str, level: Option<LevelFilter>) {
        // Else what was set first might be what everybody is told in the end.
        let _alone = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.levels.set(target, level).unwrap_or(LevelFilter::Off);
        // A plugin that starts is told the most verbose of all.
        self.feed.write(self.filter.filter().max(most));
    }
}

/// The logger of the process, which also others hold.
struct Installed(Arc<Log>);

impl log::Log for Installed {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_written = match self.0.levels.get(metadata.target()) {
            Some(level) => metadata.level() <= level,
            None => log::Log::enabled(&self.0.filter, metadata),
        };
        is_written || self.0.feed.reaches(metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        let is_written = match self.0.levels.get(record.target()) {
            Some(level) => record.level() <= level,
            None => self.0.filter.matches(record),
        };
        if is_written {
            self.0.ring.push(record);
            log::Log::log(&self.0.printer, record);
        }
        self.0.feed.offer(record);
    }

    fn flush(&self) {
        log::Log::flush(&self.0.printer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_of_one_plugin_wins_until_it_is_taken_back() {
        let log = Log::new(Builder::new().parse_filters("warn,web=debug").build());
        let levels = || ["web", "store"].map(|target| log.level(target));
        assert_eq!(levels(), [LevelFilter::Debug, LevelFilter::Warn]);
        log.levels.set("store", Some(LevelFilter::Trace));
        log.levels.set("web", Some(LevelFilter::Off));
        assert_eq!(levels(), [LevelFilter::Off, LevelFilter::Trace]);
        log.levels.set("web", None);
        log.levels.set("store", None);
        assert_eq!(levels(), [LevelFilter::Debug, LevelFilter::Warn]);
    }
}
