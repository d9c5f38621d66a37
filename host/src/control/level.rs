//! How much of one plugin is logged.

use super::{Code, Desk, Refusal, act::refuse};
use jackfield_loader::ControlError;
use log::LevelFilter;
use serde::{Deserialize, Serialize};

/// The level of what is logged of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LevelTold {
    /// The plugin.
    pub(crate) id: String,
    /// Nothing was changed.
    pub(crate) dry_run: bool,
    /// The level now, or as it would be.
    pub(crate) level: String,
    /// The level that it was before.
    pub(crate) before: String,
}

/// Tells the level, or sets it.
pub(super) fn level(
    desk: &Desk,
    id: &str,
    word: Option<&str>,
    dry_run: bool,
) -> Result<LevelTold, Refusal> {
    let loader = &*desk.loader;
    if loader.status(id).is_none() {
        let unknown = ControlError::Unknown(id.to_owned());
        return Err(refuse(loader, &unknown, None));
    }
    let before = desk.log.level(id);
    let wanted = word.map(read).transpose()?;
    if let Some(wanted) = wanted
        && !dry_run
    {
        set(desk, id, wanted)?;
    }
    let after = match (wanted, dry_run) {
        (Some(Some(level)), true) => level,
        (Some(None), true) => desk.log.usual_level(id),
        _ => desk.log.level(id),
    };
    let text = |level: LevelFilter| level.to_string().to_lowercase();
    Ok(LevelTold {
        id: id.to_owned(),
        dry_run,
        level: text(after),
        before: text(before),
    })
}

/// `None` for what the host's filter says.
fn read(word: &str) -> Result<Option<LevelFilter>, Refusal> {
    if word == "default" {
        return Ok(None);
    }
    word.parse().map(Some).map_err(|_| {
        let text = format!(
            "expected off, error, warn, info, debug, trace or default as a level, found {word:?}"
        );
        Refusal::new(Code::BadRequest, text)
    })
}

fn set(desk: &Desk, id: &str, wanted: Option<LevelFilter>) -> Result<(), Refusal> {
    desk.log.set_level(id, wanted);
    match desk.loader.set_log_level(id, desk.log.level(id)) {
        // It is told when it starts.
        Ok(()) | Err(ControlError::NotRunning { .. }) => Ok(()),
        Err(error) => Err(refuse(&desk.loader, &error, None)),
    }
}
