//! `check --conformance`: a battery of checks against one plugin, each in a process of its own, so
//! that a plugin that crashes, hangs or ends its host is a finding and not the end.
//!
//! In reading order: `battery` (which checks there are, and running them), `spec` (what a process is
//! told), `site` (its place), `child` (starting it, and what became of it); in that process `inside`
//! with `bench`, and one file for each group of checks: `lifecycle`, `configuration`, `requests`,
//! `leftovers`. `report` writes what came out.

mod battery;
mod bench;
mod child;
mod configuration;
mod heard;
mod inside;
mod leftovers;
mod lifecycle;
mod report;
mod requests;
mod site;
mod spec;

pub(crate) use battery::{Examined, examine};
pub(crate) use inside::Inside;
pub(crate) use report::{junit, write};
pub(crate) use spec::{Asks, ConformanceError, config, known};

/// How many checks there are.
pub(crate) const COUNT: usize = battery::CASES.len();
