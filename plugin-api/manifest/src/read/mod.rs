//! Text to tree, twice: the plain form that our own SDK writes is read by hand, everything else by
//! the `toml` crate. Both give the same tree; a test and a fuzz target hold them to it.

mod full;
mod plain;

use crate::{problem::SyntaxError, tree::Table};

#[cfg(feature = "source")]
pub(crate) use full::read_recovering;

/// Reads the whole of TOML.
pub(crate) fn read(text: &str) -> Result<Table<'_>, SyntaxError> {
    match plain::read(text) {
        Some(table) => Ok(table),
        None => full::read(text),
    }
}

/// Whether both readers give the same tree wherever the plain one gives one.
#[doc(hidden)]
pub fn readers_agree(text: &str) -> bool {
    plain::read(text).is_none_or(|plain| full::read(text) == Ok(plain))
}
