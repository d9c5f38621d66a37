//! What is counted, for Prometheus: `GET /metrics`, in its text format, version 0.0.4.
//!
//! A request costs a few relaxed additions to its plugin's own numbers (`tally`), which are found with
//! the plugin. All else is looked up when somebody asks (`gather`), and written down by the library
//! (`family`).

mod family;
mod gather;
mod tally;

pub(super) use gather::gather;
pub(super) use tally::Tally;
