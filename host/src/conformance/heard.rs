//! What the host's log says of the plugin while it is checked.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::sync::{Mutex, PoisonError};

/// So many panics are told of; the others are only more of the same.
const MOST: usize = 100;

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Heard;

impl Log for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let first = text.lines().next().unwrap_or_default();
        let is_panic = first.starts_with("panicked at ")
            || (first.starts_with("task `") && first.contains("` panicked at "));
        if is_panic {
            let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
            if panics.len() < MOST {
                panics.push(format!("{}: {first}", record.target()));
            }
        }
    }

    fn flush(&self) {}
}

/// Listens from now on.
pub(crate) fn listen() {
    // Only this process's first logger can fail to be one.
    let _ = log::set_logger(&Heard);
    log::set_max_level(LevelFilter::Error);
}

/// The panics that were heard.
pub(crate) fn panics() -> Vec<String> {
    PANICS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}
