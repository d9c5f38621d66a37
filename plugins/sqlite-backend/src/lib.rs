//! Keeps experiments, metrics, parameters and artifacts on disk: the service `tracking.backend`.
//!
//! | route | answer (JSON, where nothing else is said) |
//! |---|---|
//! | `GET /experiments?before=&limit=` | the experiments, the latest first |
//! | `GET /experiments/{id}` | one of them |
//! | `DELETE /experiments/{id}` | 204; it is gone with all that it has, if it is not the current one (409) |
//! | `GET /experiments/{id}/metrics` | for each name: how many values, the last, the least, the greatest |
//! | `GET /experiments/{id}/metrics/{name}?from=&to=&after=&limit=` | its values, in the order in which they came |
//! | `GET /experiments/{id}/params` | the parameters, one object |
//! | `GET /experiments/{id}/artifacts` | path, size and SHA-256 of each |
//! | `GET /experiments/{id}/artifact?path=&offset=&length=` | the bytes of one, at most 16 MiB at a time |
//!
//! `{id}` is a number, or `current`. Each start of the plugin begins an experiment, and its stop
//! ends it; one to which nothing came is forgotten.
//!
//! **What is acknowledged when.** What a caller gives in one call is one transaction, and the call
//! returns when that is synced to the disk: it survives the end of the process and of the machine.
//! On an error nothing of it is kept. Whoever has many metrics gives them in one call: each call
//! costs a sync, and a call that the disk has no room for fails and changes nothing.
//!
//! An artifact is copied under another name, synced, and then renamed to its SHA-256 in
//! `artifacts/<experiment>/` of the data directory; what is read from there is whole. What is called
//! so there and is nobody's, since the process ended in between, is removed at the next start.
#![forbid(unsafe_code)]

mod artifacts;
mod backend;
mod open;
mod query;
mod routes;
mod store;

plugin_api::export_plugin!(backend::SqliteBackend);
