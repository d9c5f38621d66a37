use crate::{
    args::Common,
    commands::{Outcome, noted::note, show::learn},
    config::{
        Change, Config, Draft, EditError, Origin, ReplaceError, Tree, Value, WriteError,
        difference, edit, home, load_with, quoted,
    },
    error::CommandError,
    output::{self, Out, clean},
};
use jackfield_loader::{Inventory, check_config, nearest};
use jackfield_manifest::Manifest;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

const EXAMPLES: &str = "\
Examples:
  jackfield config set greeter greeting Welcome
  jackfield config set greeter limits.most 20 --dry-run
  jackfield config set greeter token file:/run/secrets/greeter
  jackfield config unset greeter greeting

The value is TOML, or text where it is none. It is checked against the plugin's schema first, and
goes into the file that the value stands in, or else its table, or else the first; comments and order
stay. A secret on the command line is seen by others: name a file instead. Exits with 2 where the
configuration would not be good";

/// Set one value of a plugin's configuration in the configuration file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Set {
    #[command(flatten)]
    place: Place,
    /// The value, as TOML or as text
    #[arg(allow_hyphen_values = true)]
    value: String,
}

/// Take one value of a plugin's configuration out of the configuration file
#[derive(Debug, clap::Args)]
pub(crate) struct Unset {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The plugin's id
    id: String,
    /// The field, with dots where it stands in another
    key: String,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

/// Why a value is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetError {
    /// Nothing to write into, and making one would disable every plugin that it does not enable.
    #[error(
        "there is no configuration file: make one, and enable in it what is to run, since with \
         one nothing else does"
    )]
    NoFile,
    /// No plugin to check it against.
    #[error("no plugin has the id `{id}`{}", nearest.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// The id.
        id: String,
        /// One that there is.
        nearest: Option<String>,
    },
    /// An empty name in it.
    #[error("`{0}` is no field: expected names with dots between them")]
    Key(String),
    /// It would not fit.
    #[error("{id}: {error}")]
    Config {
        /// Whose.
        id: String,
        /// What is wrong.
        error: jackfield_loader::ConfigError,
    },
    /// The file cannot be changed so.
    #[error("{}: {error}", path.display())]
    Edit {
        /// Which.
        path: PathBuf,
        /// Why.
        error: EditError,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What is to be the configuration is none.
    #[error("expected a configuration as a JSON object, found {0}")]
    Json(String),
    /// It cannot be read.
    #[error("the configuration cannot be read from the standard input")]
    Input(#[source] io::Error),
    /// It cannot be written back.
    #[error("{id}: {error}")]
    Replace {
        /// Whose.
        id: String,
        /// Why.
        error: ReplaceError,
    },
}

impl SetError {
    /// 2 where what is asked for is wrong, 1 where the file is.
    pub(crate) fn code(&self) -> u8 {
        let is_file = match self {
            Self::Write(_) | Self::Input(_) => true,
            Self::Replace { error, .. } => matches!(error, ReplaceError::Write(_)),
            _ => false,
        };
        if is_file { 1 } else { 2 }
    }
}

impl Set {
    pub(crate) fn run(self, config: &Config, common: &Common) -> Result<Outcome, CommandError> {
        self.place.change(&Change::Set(self.value), config, common)
    }
}

impl Unset {
    pub(crate) fn run(self, config: &Config, common: &Common) -> Result<Outcome, CommandError> {
        self.place.change(&Change::Unset, config, common)
    }
}

impl Place {
    fn change(
        &self,
        change: &Change,
        config: &Config,
        common: &Common,
    ) -> Result<Outcome, CommandError> {
        let manifest = manifest(config, &self.id)?;
        let path = self.path()?;
        let file = home(config, &path).ok_or(SetError::NoFile)?;
        let draft = Draft::read(&file).map_err(SetError::from)?;
        let failed = |error| SetError::Edit {
            path: file.clone(),
            error,
        };
        let text = edit(draft.text(), &path, change).map_err(failed)?;
        let after = load_with(common, &[(file.clone(), text.clone())])?;
        check(&manifest, &self.id, &after)?;
        let mut out = Out::new();
        if self.dry_run {
            let mask = learn(config);
            let paths = [path.iter().map(|name| (*name).to_owned()).collect()];
            let shown = difference(draft.text(), &text, &paths, &mask).map_err(failed)?;
            show(&mut out, &file, shown)?;
        } else {
            draft.write(&text).map_err(SetError::from)?;
            let done = match change {
                Change::Set(_) | Change::Put(_) => "set",
                Change::Unset => "took out",
            };
            let names: Vec<String> = path.iter().map(|name| quoted(name)).collect();
            let action = match change {
                Change::Set(_) | Change::Put(_) => "config set",
                Change::Unset => "config unset",
            };
            note(config, action, Some(&self.id), Some(&names.join(".")));
            let file = file.display().to_string();
            out.line(format!(
                "{}: {done} {}",
                clean(&file),
                clean(&names.join("."))
            ))?;
        }
        if let Some(origin) = winner(&after.tree, &path) {
            warn(change, origin);
        }
        Ok(Outcome::Good)
    }

    fn path(&self) -> Result<Vec<&str>, SetError> {
        let mut path = vec!["plugins", self.id.as_str(), "config"];
        path.extend(self.key.split('.'));
        match path.iter().any(|name| name.is_empty()) {
            true => Err(SetError::Key(self.key.clone())),
            false => Ok(path),
        }
    }
}

/// Tells who else has a say in a value that was changed.
fn warn(change: &Change, origin: &Origin) {
    match (change, origin) {
        (Change::Unset, Origin::File { .. }) => output::warn(&format!(
            "{origin} sets it as well, and counts without this one: to take that out too, do the \
             same again"
        )),
        (_, Origin::File { .. }) => {}
        _ => output::warn(&format!("{origin} sets it as well, and wins")),
    }
}

/// Lines of a file that change.
pub(super) fn show(
    out: &mut Out,
    file: &Path,
    (line, lines): (usize, Vec<String>),
) -> Result<(), CommandError> {
    out.line(format!("{}:{line}", clean(&file.display().to_string())))?;
    for line in lines {
        out.line(clean(&line))?;
    }
    Ok(())
}

/// What the newest plugin of an id says of itself.
pub(crate) fn manifest(config: &Config, id: &str) -> Result<Arc<Manifest>, SetError> {
    let found = Inventory::new(config.options()).survey().plugins;
    let manifests: Vec<Arc<Manifest>> = found.into_iter().filter_map(|f| f.manifest).collect();
    let own = manifests
        .iter()
        .filter(|manifest| manifest.id.as_str() == id);
    let newest = own.max_by(|a, b| a.version.cmp(&b.version));
    newest.cloned().ok_or_else(|| {
        let known = manifests.iter().map(|manifest| manifest.id.as_str());
        SetError::Unknown {
            id: id.to_owned(),
            nearest: nearest(id, known).map(str::to_owned),
        }
    })
}

/// Whether a plugin's configuration would be good.
pub(crate) fn check(manifest: &Manifest, id: &str, after: &Config) -> Result<(), SetError> {
    let given = after.settings.get(id);
    let given = given
        .map(|settings| settings.config.clone())
        .unwrap_or_default();
    check_config(manifest.config_schema.as_deref(), &given).map_err(|error| SetError::Config {
        id: id.to_owned(),
        error,
    })
}

/// Where the value comes from that counts.
pub(crate) fn winner<'t>(tree: &'t Tree, path: &[&str]) -> Option<&'t Origin> {
    let (key, tables) = path.split_last()?;
    let mut table = tree;
    for name in tables {
        match table.entries.get(*name)? {
            Value::Table(inner) => table = inner,
            Value::Leaf { origin, .. } => return Some(origin),
        }
    }
    table.entries.get(*key).map(Value::origin)
}
