//! A shared library on disk becomes a running plugin.

mod reason;

pub use reason::{Code, Reason, Rejected};
