//! Writes the events that it hears to a SQLite file in its data directory, and answers queries.
//!
//! | route | answer (JSON) |
//! |---|---|
//! | `GET /records?topic=&publisher=&since=&after=&limit=&order=` | what was recorded; `query.rs` has the keys |
//! | `GET /summary` | for each topic: how many, the first and the last time |
//! | `GET /runs` | its own starts, this one included: what outlived a run can be seen here |
//! | `GET /next?topic=&timeout_ms=` | waits for the next record; 204 when there is none in time |
//! | `POST /snapshot` | asks the plugin `sysinfo`, and records its answer; 503 where that is absent |
//!
//! Events are collected and written many at a time. Whatever an answer contains or counts was
//! written before, and survives a `SIGKILL`. Queries read through a connection of their own, so
//! they do not hold up the events.
//!
//! Worth copying: a dependency and an optional one (`plugin.toml`), a database in the data
//! directory, a handler that waits, a handler that asks another plugin.
#![forbid(unsafe_code)]

mod open;
mod query;
mod recorder;
mod shelf;
mod store;
mod waiters;

plugin_api::export_plugin!(recorder::Recorder);
