//! A plugin is enabled or disabled in the configuration file.

use super::{Code, Desk, Refusal};
use crate::error::chain;
use crate::{
    args::Common,
    commands::{
        set::{self, SetError},
        show::learn,
    },
    config::{
        Change, ConfigError, Draft, Origin, WriteError, difference, edit, home, load, load_with,
        quoted,
    },
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::PoisonError};

/// What became of the configuration file, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Which.
    pub(crate) path: String,
    /// Where it differs: a line's number, from 1.
    pub(crate) line: usize,
    /// The lines that differ, with `-` and `+` before them; none where it says so already.
    pub(crate) lines: Vec<String>,
    /// What is set.
    pub(crate) enabled: bool,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let enabled = if self.enabled { "enabled" } else { "disabled" };
        let already = if self.lines.is_empty() {
            " already"
        } else {
            ""
        };
        write!(f, "{enabled} in {}{already}", self.path)
    }
}

/// Why the configuration file is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnableError {
    /// It is not good, before or after.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot be changed so.
    #[error(transparent)]
    Set(#[from] SetError),
    /// Something else wins.
    #[error(
        "`{id}` would be {} all the same, because {winner} says so: change that",
        if *enabled { "disabled" } else { "enabled" }
    )]
    Overruled {
        /// Whose.
        id: String,
        /// What was wanted.
        enabled: bool,
        /// What wins.
        winner: String,
    },
}

impl EnableError {
    /// Whether the file is wrong, rather than what is asked for.
    fn is_about_the_file(&self) -> bool {
        matches!(self, Self::Set(SetError::Write(_)))
    }

    /// What programs are told.
    pub(crate) fn refusal_code(&self) -> Code {
        match self.is_about_the_file() {
            true => Code::Unwritten,
            false => Code::Configuration,
        }
    }

    /// 2 where what is asked for is wrong, 1 where the file is.
    pub(crate) fn code(&self) -> u8 {
        if self.is_about_the_file() { 1 } else { 2 }
    }
}

impl From<WriteError> for EnableError {
    fn from(error: WriteError) -> Self {
        Self::Set(error.into())
    }
}

/// Sets `[plugins.<id>] enabled` in the file in which it stands, or the one that has the plugin's
/// table, or the first; only says what would be done, where it is a dry run.
pub(crate) fn write_enabled(
    common: &Common,
    id: &str,
    enabled: bool,
    dry_run: bool,
) -> Result<Written, EnableError> {
    let config = load(common)?;
    let path = ["plugins", id, "enabled"];
    let file = home(&config, &path).ok_or(SetError::NoFile)?;
    let draft = Draft::read(&file)?;
    let failed = |error| SetError::Edit {
        path: file.clone(),
        error,
    };
    let change = Change::Set(enabled.to_string());
    let text = edit(draft.text(), &path, &change).map_err(failed)?;
    let after = load_with(common, &[(file.clone(), text.clone())])?;
    if after.options().enables(id) != enabled {
        let origin = set::winner(&after.tree, &path).filter(|_| !after.all);
        return Err(EnableError::Overruled {
            id: id.to_owned(),
            enabled,
            winner: origin.map_or_else(|| "`--all`".to_owned(), Origin::to_string),
        });
    }
    let paths = [path.map(str::to_owned).to_vec()];
    let (line, lines) = difference(draft.text(), &text, &paths, &learn(&after)).map_err(failed)?;
    if !dry_run && !lines.is_empty() {
        draft.write(&text)?;
        log::info!(
            "{}: set plugins.{}.enabled = {enabled}",
            file.display(),
            quoted(id)
        );
    }
    Ok(Written {
        path: file.to_string_lossy().into_owned(),
        line,
        lines,
        enabled,
    })
}

pub(super) fn would_write(desk: &Desk, id: &str, enabled: bool) -> Result<Written, Refusal> {
    write_enabled(&desk.common, id, enabled, true).map_err(|error| refuse(&error))
}

pub(super) fn write(desk: &Desk, id: &str, enabled: bool) -> Result<Written, Refusal> {
    let _alone = desk.editing.lock().unwrap_or_else(PoisonError::into_inner);
    write_enabled(&desk.common, id, enabled, false).map_err(|error| refuse(&error))
}

fn refuse(error: &EnableError) -> Refusal {
    Refusal::new(error.refusal_code(), chain(error))
}
