//! The plugin image's own `log` and panic hook, both of which lead to the host.
//!
//! A `cdylib` has its own copy of every static, `log`'s and `std`'s too, so what the host installed
//! for itself is silent here.

use super::frames::Frames;
use jackfield_abi::{Field, HostObject, Level, LogRecord, PanicReport, RSlice};
use log::{LevelFilter, Log, Metadata, Record};
use std::{
    panic::{self, PanicHookInfo},
    sync::{Arc, Once, PoisonError, RwLock},
};

/// The host's object, shared by everything in this image that needs it.
pub(crate) struct Hosted {
    pub(crate) object: HostObject,
}

/// Where this image's records and panics go: to the last. A library runs one plugin at a time; in a
/// test's image there may be more.
static SINKS: RwLock<Vec<Arc<Hosted>>> = RwLock::new(Vec::new());
static HOOKS: Once = Once::new();

fn sink() -> Option<Arc<Hosted>> {
    // Cloned out, so that no lock is held across the call into the host.
    let sinks = SINKS.read().unwrap_or_else(PoisonError::into_inner);
    sinks.last().cloned()
}

/// Leads this image's records and panics to that host.
pub(crate) fn install(host: &Arc<Hosted>) {
    let mut sinks = SINKS.write().unwrap_or_else(PoisonError::into_inner);
    sinks.push(Arc::clone(host));
    drop(sinks);
    hook();
    set_level(host.object.log_level());
}

/// Has this image's records and panics go to where [`install`] leads them.
pub(crate) fn hook() {
    HOOKS.call_once(|| {
        // Fails only where the plugin has installed a logger of its own: then it wants that.
        let _ = log::set_logger(&Bridge);
        panic::set_hook(Box::new(report));
    });
}

/// Ends that, if it still leads there.
pub(crate) fn uninstall(host: &Arc<Hosted>) {
    let mut sinks = SINKS.write().unwrap_or_else(PoisonError::into_inner);
    let place = sinks.iter().position(|sink| Arc::ptr_eq(sink, host));
    let old = place.map(|place| sinks.remove(place));
    // The host's object is dropped after the lock.
    drop(sinks);
    drop(old);
}

/// What is more verbose costs one atomic load from now on.
pub(crate) fn set_level(level: Level) {
    log::set_max_level(match level.0 {
        0 => LevelFilter::Off,
        1 => LevelFilter::Error,
        2 => LevelFilter::Warn,
        3 => LevelFilter::Info,
        4 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    });
}

struct Bridge;

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let Some(host) = sink() else { return };
        let formatted;
        let message = match record.args().as_str() {
            Some(text) => text,
            None => {
                formatted = record.args().to_string();
                &formatted
            }
        };
        let mut fields = Fields::default();
        // Collecting text cannot fail.
        let _ = record.key_values().visit(&mut fields);
        let fields: Vec<Field<'_>> = fields
            .0
            .iter()
            .map(|(key, value)| Field {
                key: key.as_str().into(),
                value: value.as_str().into(),
            })
            .collect();
        host.object.log(&LogRecord {
            level: Level(record.level() as u32),
            line: record.line().unwrap_or(0),
            target: record.target().into(),
            message: message.into(),
            file: record.file().unwrap_or("").into(),
            fields: RSlice::from_slice(&fields),
        });
    }

    fn flush(&self) {}
}

#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl<'kvs> log::kv::VisitSource<'kvs> for Fields {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        self.0.push((key.to_string(), value.to_string()));
        Ok(())
    }
}

fn report(info: &PanicHookInfo<'_>) {
    let Some(host) = sink() else { return };
    let message = match info.payload_as_str() {
        Some(text) => text.to_owned(),
        None => "a panic whose payload is no text".to_owned(),
    };
    let frames = Frames::here();
    let location = info.location();
    host.object.panicked(&PanicReport {
        message: message.as_str().into(),
        file: location.map_or("", |place| place.file()).into(),
        line: location.map_or(0, |place| place.line()),
        column: location.map_or(0, |place| place.column()),
        frames: RSlice::from_slice(frames.as_slice()),
    });
}
