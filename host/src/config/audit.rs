//! `[audit]`: how much of the audit log is kept.

use super::{Fault, Origin, Tree, section::Section};
use serde_json::{Value, json};

/// The bounds of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Audit {
    /// The bytes at which a file is put aside and a new one begun.
    pub(crate) max_bytes: u64,
    /// How many files that were put aside are kept.
    pub(crate) keep: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            max_bytes: 16 * 1024 * 1024,
            keep: 4,
        }
    }
}

/// A file that holds less would be put aside after each line.
const LEAST_BYTES: u64 = 64 * 1024;

/// Files beyond this number are a mistake.
const MOST_FILES: u32 = 1000;

/// What is so where nobody says anything.
pub(super) fn defaults() -> [(&'static str, Value); 2] {
    let Audit { max_bytes, keep } = Audit::default();
    [
        ("audit.max_bytes", json!(max_bytes)),
        ("audit.keep", json!(keep)),
    ]
}

pub(super) fn read(table: Tree, faults: &mut Vec<Fault>) -> Audit {
    let mut section = Section::new("audit", table, faults);
    let usual = Audit::default();
    let audit = Audit {
        max_bytes: section.take("max_bytes", size).unwrap_or(usual.max_bytes),
        keep: section.take("keep", files).unwrap_or(usual.keep),
    };
    section.finish();
    audit
}

fn size(value: &Value, _: &Origin) -> Result<u64, String> {
    let number = value.as_u64().filter(|number| *number >= LEAST_BYTES);
    number.ok_or_else(|| format!("expected a number of bytes from {LEAST_BYTES}, found {value}"))
}

fn files(value: &Value, _: &Origin) -> Result<u32, String> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|number| (1..=MOST_FILES).contains(number))
        .ok_or_else(|| format!("expected an integer from 1 to {MOST_FILES}, found {value}"))
}
