//! What the plugins that keep something in a SQLite file share: a file that is made, recognized or
//! refused ([`Schema`]), entries that are written many at a time ([`Batch`]), and how they are asked for
//! ([`limit`]).
#![forbid(unsafe_code)]

mod batch;
mod open;
mod query;

pub use batch::{Batch, Next, Shelf, keep};
pub use open::{OpenError, Schema};
pub use query::{DEFAULT_LIMIT, MAX_LIMIT, bad_value, limit, unknown_key};
pub use rusqlite;
