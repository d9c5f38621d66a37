//! A shared library on disk becomes a running plugin.

mod reason;
mod resolve;

pub use reason::{Code, Reason, Rejected};
pub use resolve::{
    Degraded, Link, Need, Node, Outcome, Plan, Rejection, Standing, Step, Wait, Warning,
    WarningKind, Why, nearest, resolve, why,
};
