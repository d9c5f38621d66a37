//! A plugin in a process of its own.
//!
//! The process is this program, started again: [`run_if_worker`] at the top of its `main` takes it
//! over. What crosses between host and plugin otherwise, by the ABI, crosses a socket here, and
//! nothing else does: in the host, `remote` is the plugin and does each call by asking the worker; in
//! the worker, `outside` is the host and does each call by asking the process that started it. Gate,
//! deadlines, bus, health and restarts know no difference.
//!
//! In the order of a call: `remote` says what it wants (`speech`), as a frame (`frame`) on the socket
//! (`wire`), which `inside` hands to the plugin; what the plugin asks for meanwhile comes by `outside`,
//! and `asked` does it. `process` starts and ends the whole.

mod asked;
mod download;
mod ended;
mod error;
mod frame;
mod inside;
mod output;
mod outside;
mod process;
mod remote;
mod speech;
mod steps;
mod there;
mod upload;
mod wait;
mod wire;

pub use error::WorkerError;
pub use inside::run_if_worker;
pub(crate) use process::Worker;

/// The argument by which a worker knows that it is one.
const ARGUMENT: &str = "jackfield-worker";

/// What the two sides have to agree on; another number is another language.
const PROTOCOL: u32 = 1;
