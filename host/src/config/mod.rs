//! Layers of configuration become one checked [`Config`].
//!
//! Later layers win: defaults (`defaults`), `jackfield.toml` and the files of `jackfield.d/` beside
//! it (`file`), the environment (`environment`), flags (`flags`). Each gives a `tree` whose every
//! value knows its `origin`; the trees are merged, and the result is read once (`read`, with
//! `section` for a single table) into what the host goes by (`checked`). The general libraries for
//! layers know the file that a value comes from, and not the line, which is what one needs to
//! repair it.

mod audit;
mod checked;
mod edit;
mod environment;
mod error;
mod file;
mod flags;
mod http;
mod mask;
mod origin;
mod origins;
mod read;
mod replace;
mod section;
mod tree;
mod write;

pub(crate) use audit::Audit;
pub(crate) use checked::Config;
pub(crate) use edit::{Change, EditError, difference, edit};
pub(crate) use environment::CONFIG as VARIABLE_CONFIG;
pub(crate) use error::{ConfigError, Fault};
pub(crate) use http::{Access, Http, TlsFiles};
pub(crate) use mask::Mask;
pub(crate) use origin::Origin;
pub(crate) use origins::Origins;
pub(crate) use replace::{ReplaceError, Rewrite, home, replace};
pub(crate) use section::quoted;
pub(crate) use tree::{Tree, Value};
pub(crate) use write::{Draft, WriteError};

use crate::args::Common;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The configuration file that is used when none is named, if it is there.
const FILE: &str = "jackfield.toml";

/// Beside it, the directory with files that are read after it.
const DIRECTORY: &str = "jackfield.d";

/// Reads every layer.
///
/// # Errors
///
/// [`ConfigError`] with everything that is wrong in all of them.
pub(crate) fn load(common: &Common) -> Result<Config, ConfigError> {
    load_from(common, &[], Path::new(FILE), std::env::vars_os())
}

/// The same, as it would be if those files held those texts.
pub(crate) fn load_with(
    common: &Common,
    edited: &[(PathBuf, String)],
) -> Result<Config, ConfigError> {
    load_from(common, edited, Path::new(FILE), std::env::vars_os())
}

fn load_from(
    common: &Common,
    edited: &[(PathBuf, String)],
    usual: &Path,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let files = files(common.config.as_deref(), usual)?;
    let mut faults = Vec::new();
    let mut tree = read::defaults();
    for path in &files {
        let layer = match edited.iter().find(|(edited, _)| edited == path) {
            Some((_, text)) => file::parse(text, path),
            None => file::read(path),
        };
        match layer {
            Ok(layer) => tree.merge(layer),
            Err(fault) => faults.push(fault),
        }
    }
    let environment = environment::read(variables, &mut faults);
    tree.merge(environment.tree);
    tree.merge(flags::read(common));
    let mut config = read::read(tree, &mut faults);
    config.files = files;
    config.warnings = environment.warnings;
    config.all = common.all;
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Faults(faults))
    }
}

/// The configuration files that there are, in the order in which they are read.
fn files(named: Option<&Path>, usual: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let main = named.unwrap_or(usual);
    let mut files = Vec::new();
    if named.is_some() || main.exists() {
        files.push(main.to_owned());
    }
    let directory = main.with_file_name(DIRECTORY);
    let unreadable = |source| ConfigError::Directory {
        path: directory.clone(),
        source,
    };
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(unreadable(error)),
    };
    let mut parts = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && !hidden
        {
            parts.push(path);
        }
    }
    parts.sort();
    files.append(&mut parts);
    Ok(files)
}
