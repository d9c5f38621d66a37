//! All that is told, looked up when somebody asks. Labels are plugins' ids, and words of which there are
//! a few.

use super::{
    family::Family,
    tally::{BOUNDS_US, CLASSES},
};
use crate::{control, gateway::api::Own};
use jackfield_loader::{State, Status};
use prometheus::proto::MetricFamily;
use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

/// How many sessions those plugins have that say so.
pub(in crate::gateway) type Sessions = HashMap<String, u64>;

/// All of it.
pub(in crate::gateway) fn gather(own: &Own, sessions: &Sessions) -> Vec<MetricFamily> {
    let mut families = vec![build()];
    families.extend(plugins(own, sessions));
    families.extend(requests(own));
    families.extend(events(own));
    families.extend(process(own));
    families.into_iter().filter_map(Family::done).collect()
}

fn build() -> Family {
    let mut build = Family::gauge("jackfield_build_info", "1; the host's version is a label");
    build.put(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    build
}

fn plugins(own: &Own, sessions: &Sessions) -> [Family; 8] {
    let mut state = Family::gauge("jackfield_plugin_state", "1; the plugin's state is a label");
    let mut up = Family::gauge("jackfield_plugin_up", "Whether the plugin runs");
    let mut restarts = Family::counter(
        "jackfield_plugin_restarts_total",
        "How often the plugin was started again by itself",
    );
    let mut calls = Family::counter(
        "jackfield_plugin_calls_total",
        "How often the plugin was called through its gate, since it came to run",
    );
    let mut inside = Family::gauge(
        "jackfield_plugin_calls_in_progress",
        "How many of these calls have not returned",
    );
    let mut panics = Family::counter(
        "jackfield_plugin_panics_total",
        "How often the plugin's code panicked, since it came to run",
    );
    let mut dropped = Family::counter(
        "jackfield_plugin_dropped_events_total",
        "Events that the plugin did not get since its queue was full, since it came to run",
    );
    let mut open = Family::gauge("jackfield_plugin_sessions", "Open sessions of the plugin");
    for Status {
        id,
        state: now,
        restarts: count,
        ..
    } in own.front.loader.plugins()
    {
        let id = id.as_str();
        let plugin = [("plugin", id)];
        state.put(&[("plugin", id), ("state", now.as_str())], 1.0);
        up.put(&plugin, f64::from(u8::from(now == State::Running)));
        restarts.put(&plugin, count as f64);
        if let Some(counters) = own.front.loader.counters(id) {
            calls.put(&plugin, counters.calls as f64);
            inside.put(&plugin, counters.inside as f64);
            panics.put(&plugin, counters.panics as f64);
            dropped.put(&plugin, counters.dropped_events as f64);
        }
        if let Some(count) = sessions.get(id) {
            open.put(&plugin, *count as f64);
        }
    }
    [state, up, restarts, calls, inside, panics, dropped, open]
}

fn requests(own: &Own) -> [Family; 4] {
    let mut answers = Family::counter(
        "jackfield_http_requests_total",
        "Requests for the plugin that were answered, by class of the status",
    );
    let mut took = Family::histogram(
        "jackfield_http_request_duration_seconds",
        "From when a request was there to when its answer began",
    );
    let mut received = Family::counter(
        "jackfield_http_request_body_bytes_total",
        "Bytes of the bodies of requests for the plugin",
    );
    let mut sent = Family::counter(
        "jackfield_http_response_body_bytes_total",
        "Bytes of the bodies of the plugin's answers",
    );
    for (id, tally) in own.front.mounts.tallies() {
        let (counted, plugin) = (tally.read(), [("plugin", &*id)]);
        for (class, count) in CLASSES.iter().zip(counted.by_class) {
            if count > 0 {
                answers.put(&[("plugin", &id), ("code", class)], count as f64);
            }
        }
        let bounds = BOUNDS_US.iter();
        let bounds = bounds.map(|bound| Duration::from_micros(*bound).as_secs_f64());
        let all = counted.below.last().copied().unwrap_or_default();
        took.spread(&plugin, bounds.zip(counted.below), all, counted.seconds);
        received.put(&plugin, counted.received as f64);
        sent.put(&plugin, counted.sent as f64);
    }
    [answers, took, received, sent]
}

fn events(own: &Own) -> [Family; 2] {
    let hub = &own.front.hub;
    [
        Family::gauge("jackfield_event_readers", "Who reads `/events` now")
            .of(Some(hub.readers() as f64)),
        Family::counter(
            "jackfield_event_readers_dropped_total",
            "Readers of `/events` that were cut off since they were too slow",
        )
        .of(Some(hub.too_slow() as f64)),
    ]
}

fn process(own: &Own) -> [Family; 5] {
    let told = control::process(own.began.elapsed());
    let number = |key: &str| told[key].as_f64();
    let began = own.since.duration_since(SystemTime::UNIX_EPOCH).ok();
    [
        Family::gauge("process_resident_memory_bytes", "Memory that is resident")
            .of(number("memory_mb").map(|mib| mib * 1024.0 * 1024.0)),
        Family::counter(
            "process_cpu_seconds_total",
            "Processor time of all threads, plugins' included",
        )
        .of(control::cpu().map(|cpu| cpu.as_secs_f64())),
        Family::gauge("process_threads", "Threads").of(number("threads")),
        Family::gauge("process_open_fds", "Open files").of(number("open_files")),
        Family::gauge(
            "process_start_time_seconds",
            "When the host began, in Unix time",
        )
        .of(began.map(|began| began.as_secs_f64())),
    ]
}
