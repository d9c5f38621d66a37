//! How much a plugin may say of its health.

use jackfield_abi::Health;
use plugin_api::{Error, Result};

/// What a host takes, in bytes (docs/authors.md has the same).
const MAX_HEALTH_MESSAGE: usize = 4096;
const MAX_HEALTH_METADATA: usize = 65_536;

/// Refuses what a host takes for no answer.
pub(super) fn check(health: &Health) -> Result<()> {
    let lengths = [
        ("message", health.message.len(), MAX_HEALTH_MESSAGE),
        ("metadata", health.metadata.len(), MAX_HEALTH_METADATA),
    ];
    for (what, length, most) in lengths {
        if length > most {
            return Err(Error::new(format!(
                "the {what} of its health has {length} bytes: it may have {most}"
            )));
        }
    }
    Ok(())
}
