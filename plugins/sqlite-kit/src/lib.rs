//! What the plugins that keep something in a SQLite file share: a file that is made, recognized or
//! refused ([`Schema`]), and entries that are written many at a time ([`Batch`]).
#![forbid(unsafe_code)]

mod batch;
mod open;

pub use batch::{Batch, Next, Shelf, flush_soon};
pub use open::{OpenError, Schema};
pub use rusqlite;
