//! What is asked for, as written and as checked.

use crate::fault::Fault;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// The most bytes of a command or a script.
const MOST_BYTES: usize = 1 << 20;
/// The most words of a command, and variables.
const MOST: usize = 1000;

/// The body of a submission: either a command or a script.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Submission {
    /// A program and its arguments, as they are.
    command: Option<Vec<String>>,
    /// For the interpreter that its first line names (`#!`), or `/bin/sh`.
    script: Option<String>,
    /// Letters, digits, `.`, `_` and `-`.
    name: Option<String>,
    /// An absolute path.
    cwd: Option<PathBuf>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    limits: Limits,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// The longest time that it may run, in seconds.
    wall_s: Option<u64>,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// A program and its arguments, as they are.
    Command(Vec<String>),
    /// For the interpreter of its first line, or `/bin/sh`.
    Script(String),
}

/// A submission that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) work: Work,
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) wall: Duration,
}

/// What holds where a submission does not say.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) directory: PathBuf,
    pub(crate) env: BTreeMap<String, String>,
    /// The longest that a job may ask for, and gets where it does not.
    pub(crate) wall: Duration,
}

impl Submission {
    /// # Errors
    ///
    /// [`Fault::Field`], [`Fault::CommandOrScript`], [`Fault::Directory`].
    pub(crate) fn check(self, defaults: &Defaults) -> Result<Spec, Fault> {
        let work = match (self.command, self.script) {
            (Some(command), None) => checked_command(command)?,
            (None, Some(script)) => checked_script(script)?,
            (None, None) => return Err(Fault::CommandOrScript("neither")),
            (Some(_), Some(_)) => return Err(Fault::CommandOrScript("both")),
        };
        let name = match self.name {
            Some(name) => checked_name(name)?,
            None => work.name(),
        };
        let directory = self.cwd.unwrap_or_else(|| defaults.directory.clone());
        check_directory(&directory)?;
        let mut env = defaults.env.clone();
        env.extend(checked_env(self.env)?);
        Ok(Spec {
            work,
            name,
            directory,
            env,
            wall: checked_wall(self.limits.wall_s, defaults.wall)?,
        })
    }
}

impl Work {
    /// A name for who gives none: that of the program.
    fn name(&self) -> String {
        let Self::Command(command) = self else {
            return "script".to_owned();
        };
        let program = command[0].rsplit('/').next().unwrap_or_default();
        let name: String = program.chars().filter(|c| in_name(*c)).take(64).collect();
        if name.is_empty() || name.starts_with('-') {
            "command".to_owned()
        } else {
            name
        }
    }
}

fn field(field: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault::Field {
        field,
        expected: expected.into(),
        found: found.into(),
    }
}

fn checked_command(command: Vec<String>) -> Result<Work, Fault> {
    if command.first().is_none_or(String::is_empty) {
        return Err(field("command", "a program", "none"));
    }
    if command.len() > MOST {
        let expected = format!("at most {MOST} words");
        return Err(field("command", expected, command.len().to_string()));
    }
    if command.iter().any(|word| word.contains('\0')) {
        return Err(field("command", "no NUL", "one"));
    }
    check_length("command", command.iter().map(String::len).sum())?;
    Ok(Work::Command(command))
}

fn checked_script(script: String) -> Result<Work, Fault> {
    if script.trim().is_empty() {
        return Err(field("script", "lines", "none"));
    }
    if script.contains('\0') {
        return Err(field("script", "no NUL", "one"));
    }
    check_length("script", script.len())?;
    Ok(Work::Script(script))
}

fn check_length(name: &'static str, length: usize) -> Result<(), Fault> {
    if length <= MOST_BYTES {
        return Ok(());
    }
    let expected = format!("at most {MOST_BYTES} bytes");
    Err(field(name, expected, length.to_string()))
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// A name becomes an argument and a part of what Slurm prints, so it has no sign with a meaning there.
fn checked_name(name: String) -> Result<String, Fault> {
    let fits = (1..=64).contains(&name.len()) && name.chars().all(in_name);
    if fits && !name.starts_with('-') {
        return Ok(name);
    }
    let expected = "1 to 64 letters, digits, `.`, `_` and `-`, the first no `-`";
    Err(field("name", expected, format!("`{name}`")))
}

fn check_directory(path: &PathBuf) -> Result<(), Fault> {
    if !path.is_absolute() {
        return Err(field(
            "cwd",
            "an absolute path",
            format!("`{}`", path.display()),
        ));
    }
    match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => Ok(()),
        Ok(_) => Err(field(
            "cwd",
            "a directory",
            format!("the file {}", path.display()),
        )),
        Err(source) => Err(Fault::Directory {
            path: path.clone(),
            source,
        }),
    }
}

fn checked_env(env: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    if env.len() > MOST {
        let expected = format!("at most {MOST} variables");
        return Err(field("env", expected, env.len().to_string()));
    }
    for (name, value) in &env {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !is_name {
            let expected = "names of letters, digits and `_`, the first no digit";
            return Err(field("env", expected, format!("`{name}`")));
        }
        if value.contains('\0') {
            return Err(field("env", "no NUL", format!("one in {name}")));
        }
    }
    let length = env
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    check_length("env", length)?;
    Ok(env)
}

fn checked_wall(seconds: Option<u64>, most: Duration) -> Result<Duration, Fault> {
    match seconds.map(Duration::from_secs) {
        None => Ok(most),
        Some(wall) if !wall.is_zero() && wall <= most => Ok(wall),
        Some(wall) => {
            let expected = format!("1 to {} seconds", most.as_secs());
            Err(field("limits.wall_s", expected, wall.as_secs().to_string()))
        }
    }
}

#[cfg(test)]
mod tests;
