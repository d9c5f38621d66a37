//! The running host is asked and told what to do, over a socket in its state directory.
//!
//! In reading order: `protocol` (what goes over it), `place` (where it lies, and who may), `server`
//! and `session` with `lines` (who listens, on a thread and a runtime of its own, so that no
//! plugin can keep an operator out), `desk` (what the sessions share), `act`, `enable`, `level`
//! and `report` (what is done), `noted` (what is written down of it), `follow` (the log), `client`
//! (the other end). `system` is what the operating system tells of the process.

mod act;
mod client;
mod configuration;
mod desk;
mod enable;
#[cfg(unix)]
mod follow;
mod level;
#[cfg(unix)]
mod lines;
#[cfg(unix)]
mod noted;
#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod place;
mod process;
mod protocol;
mod reload;
mod report;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod session;
mod system;

pub(crate) use act::{Done, Verb, act, would};
pub(crate) use client::{Client, ClientError};
pub(crate) use configuration::{SaveError, Saved, complete, configuration, save};
pub(crate) use desk::Desk;
pub(crate) use enable::{EnableError, write_enabled};
pub(crate) use level::LevelTold;
#[cfg(not(unix))]
pub(crate) use other::Server;
pub(crate) use process::{machine, process};
pub(crate) use protocol::{Answer, Code, LONGEST_WAIT, Order, Reading, Refusal, Request};
pub(crate) use reload::reload;
pub(crate) use report::{PluginReport, Report, report_of, reports_of};
#[cfg(unix)]
pub(crate) use server::Server;
pub(crate) use system::cpu;
