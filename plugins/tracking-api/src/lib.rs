//! The contracts of experiment tracking: what a *backend* keeps, and what a *collector* measures.
//!
//! A plugin implements [`Backend`] or [`Collector`], both plain traits of Rust, and offers it with
//! [`provide_backend`] or [`provide_collector`] in its `initialize`; its `plugin.toml` says so:
//!
//! ```toml
//! kind = "collector"
//! provides = [{ service = "tracking.collector", version = "1.0.0" }]
//! ```
//!
//! Whoever drives them takes [`BackendLease::all`] and [`CollectorLease::all`], and calls them like
//! any object. Several plugins may provide each; a [`Metric`] that one measures another keeps.
//!
//! # What crosses
//!
//! Numbers cross as they are, in `Metric`s laid out for C; maps cross as the text of a JSON object.
//! Maps hold values of any shape, nested, and are made once every few seconds, so their text costs
//! nothing that matters; metrics come by the thousand, and are neither formatted nor parsed.
//!
//! A panic of an author's code ends at this crate: the caller gets [`TrackingError::Panicked`], and
//! the host's log has the place. What a backend is given was checked before: names and paths are
//! good, values are finite.

mod backend;
mod check;
mod collector;
mod error;
mod metric;
pub mod raw;

pub use backend::{Backend, BackendLease, provide_backend};
pub use check::{MAX_MAP_LEN, MAX_NAME_LEN, check_artifact_path, check_name};
pub use collector::{Collector, CollectorLease, provide_collector};
pub use error::{Incomplete, TrackingError};
pub use metric::Metric;
pub use raw::{BackendObject, CollectorObject};

/// What maps are made of: JSON objects, in the order in which they were made.
pub type Map = plugin_api::serde_json::Map<String, plugin_api::serde_json::Value>;
