//! One integration binary; the first line of each module is the question that it answers.
#![allow(unreachable_pub, reason = "a binary of several modules")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helpers are tests as well"
)]

mod abi;
mod bus;
mod cli;
mod control;
mod documents;
mod faults;
mod gateway;

mod files;
mod guide;
mod host_services;
mod house;
mod lifecycle;
mod mounts;
mod note;
mod plugins;
mod real;
mod requests;
mod services;
mod storage;
mod supervise;
mod tracking;
mod typed;
#[cfg(target_os = "linux")]
mod worker;
