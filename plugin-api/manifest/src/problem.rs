//! What can be wrong with a manifest, as data.

use crate::{IdError, MAX_LEN, MAX_TOKENS};
use std::fmt;

/// A place in a text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    /// The place of a byte of a text.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
        let line_begin = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |newline| newline + 1);
        // Bytes that continue a character are not counted.
        let characters = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        Self {
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: characters(&before[line_begin..]) + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something that is not TOML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", position.line, position.column)]
pub struct SyntaxError {
    /// Where.
    pub position: Position,
    /// What.
    pub message: String,
}

/// One thing that is wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}")]
pub struct Problem {
    /// The key, as a path: `requires[0].range`.
    pub key: String,
    /// Where it stands; `None` where it stands nowhere, being missing or taken from Cargo.
    pub position: Option<Position>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has to be there.
    #[error("missing, expected {expected}")]
    Missing {
        /// What should be there.
        expected: String,
    },
    /// It holds something else.
    #[error("expected {expected}, found {found}")]
    Wrong {
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// It holds no id.
    #[error("{0}")]
    Id(IdError),
    /// Nothing has this name.
    #[error("unknown key{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// The known key that is most like it, when one is.
        nearest: Option<String>,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || ": see docs/manifest.md for those there are".to_owned(),
        |nearest| format!(": did you mean `{nearest}`?"),
    )
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Longer than [`MAX_LEN`] bytes.
    #[error("the manifest has {0} bytes, expected at most {MAX_LEN}")]
    TooLong(usize),
    /// Holds a NUL character.
    #[error("the manifest holds a NUL character at byte {at}, expected text")]
    Nul {
        /// Where, in bytes from 0.
        at: usize,
    },
    /// Is not TOML.
    #[error("the manifest is not TOML: {0}")]
    Syntax(#[from] SyntaxError),
    /// Is TOML of more than [`MAX_TOKENS`](crate::MAX_TOKENS) tokens.
    #[error("the manifest has more than {MAX_TOKENS} tokens")]
    TooMany,
    /// Is TOML, and says something that a manifest cannot say: all of it up to 64 problems, never
    /// empty.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    let texts: Vec<_> = problems.iter().map(Problem::to_string).collect();
    texts.join("; ")
}

/// Something in a manifest that this reader passes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A key that a newer SDK may know.
    UnknownKey {
        /// The key, as a path: `requires[0].colour`.
        key: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key } => write!(
                f,
                "{key}: unknown key, passed over: the plugin may be built with a newer SDK"
            ),
        }
    }
}
