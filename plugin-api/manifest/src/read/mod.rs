//! Text to tree, twice: the plain form that our own SDK writes is read by hand, everything else by
//! the `toml` crate. Both give the same tree; a test and a fuzz target hold them to it.

mod full;
mod plain;

use crate::{ManifestError, tree::Table};

#[cfg(feature = "source")]
pub(crate) use full::read_recovering;

/// Reads the whole of TOML.
pub(crate) fn read(text: &str) -> Result<Table<'_>, ManifestError> {
    if let Some(table) = plain::read(text) {
        return Ok(table);
    }
    // Of its own, since the TOML parser would call it one more odd character.
    match text.bytes().position(|byte| byte == 0) {
        Some(at) => Err(ManifestError::Nul { at }),
        None if is_crowded(text) => Err(ManifestError::TooMany),
        None => Ok(full::read(text)?),
    }
}

/// The most tokens in a text that is not of the plain form. It bounds the memory that reading takes
/// to some 10 MiB: the parser keeps every token, and two bytes can be one.
pub const MAX_TOKENS: usize = 1 << 16;

/// Whether a text has too many tokens. Counting them allocates nothing.
fn is_crowded(text: &str) -> bool {
    let tokens = toml_parser::Source::new(text).lex();
    tokens.take(MAX_TOKENS + 1).count() > MAX_TOKENS
}

/// Whether both readers give the same tree wherever the plain one gives one.
#[doc(hidden)]
pub fn readers_agree(text: &str) -> bool {
    plain::read(text).is_none_or(|plain| full::read(text) == Ok(plain))
}
