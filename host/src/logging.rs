//! The host's log: on standard error (time, level, who, what), and the last of it for whoever asks.

mod levels;
mod ring;
mod text;

pub(crate) use ring::{Follower, Line, Ring};
pub(crate) use text::message;

use crate::output::clean;
use env_logger::{Builder, Env, Logger, fmt::Formatter};
use levels::Levels;
use log::{
    LevelFilter, Metadata, Record,
    kv::{self, Key, Value, VisitSource},
};
use std::{
    borrow::Cow,
    io::{self, Write},
    sync::Arc,
};

/// The variable whose filter wins over the configuration's.
const VARIABLE: &str = "RUST_LOG";

/// The log of this process.
pub(crate) struct Log {
    /// What the filter lets through; it writes nothing.
    filter: Logger,
    levels: Levels,
    printer: Logger,
    ring: Arc<Ring>,
}

/// Begins to log.
pub(crate) fn begin(filter: &str) -> Arc<Log> {
    let env = Env::default().filter_or(VARIABLE, filter);
    let log = Arc::new(Log {
        filter: Builder::from_env(env).build(),
        levels: Levels::default(),
        printer: Builder::new()
            .filter_level(LevelFilter::Trace)
            .format(format)
            .build(),
        ring: Arc::default(),
    });
    log::set_boxed_logger(Box::new(Installed(Arc::clone(&log))))
        .expect("a process begins to log once");
    log::set_max_level(log.filter.filter());
    log
}

impl Log {
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
        let most = self.levels.set(target, level).unwrap_or(LevelFilter::Off);
        // A plugin that starts is told this one.
        log::set_max_level(self.filter.filter().max(most));
    }
}

/// The logger of the process, which also others hold.
struct Installed(Arc<Log>);

impl log::Log for Installed {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match self.0.levels.get(metadata.target()) {
            Some(level) => metadata.level() <= level,
            None => log::Log::enabled(&self.0.filter, metadata),
        }
    }

    fn log(&self, record: &Record<'_>) {
        let wanted = match self.0.levels.get(record.target()) {
            Some(level) => record.level() <= level,
            None => self.0.filter.matches(record),
        };
        if wanted {
            self.0.ring.push(record);
            log::Log::log(&self.0.printer, record);
        }
    }

    fn flush(&self) {
        log::Log::flush(&self.0.printer);
    }
}

fn format(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let level = record.level();
    let style = out.default_level_style(level);
    let who = clean(text::who(record.target()));
    let time = out.timestamp_millis();
    let mut fields = Fields::default();
    // It cannot fail: neither does the visitor.
    let _ = record.key_values().visit(&mut fields);
    let message = message(&record.args().to_string(), fields.0);
    writeln!(out, "{time} {style}{level:<5}{style:#} {who}: {message}")
}

#[derive(Default)]
struct Fields(Vec<(Cow<'static, str>, Cow<'static, str>)>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0
            .push((key.to_string().into(), value.to_string().into()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cannot_pass_for_two() {
        let fields = [("path", "a\u{1b}b"), ("n", "1")];
        let fields = fields.map(|(key, value)| (key.into(), value.into()));
        assert_eq!(
            message("one\n2026 INFO other: two", fields),
            "one\n    2026 INFO other: two path=a\\u{1b}b n=1"
        );
    }

    #[test]
    fn a_level_of_one_plugin_wins_until_it_is_taken_back() {
        let log = Log {
            filter: Builder::new().parse_filters("warn,web=debug").build(),
            levels: Levels::default(),
            printer: Builder::new().build(),
            ring: Arc::default(),
        };
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
