use crate::{
    args::Common,
    commands::{Outcome, show::learn},
    config::{
        Change, Config, Draft, EditError, Origin, Tree, Value, WriteError, difference, edit,
        load_with, quoted,
    },
    error::CommandError,
    output::{self, Out, clean},
};
use jackfield_loader::{Inventory, check_config, nearest};
use jackfield_manifest::Manifest;
use std::{path::PathBuf, sync::Arc};

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
}

impl SetError {
    /// 2 where what is asked for is wrong, 1 where the file is.
    pub(crate) fn code(&self) -> u8 {
        if matches!(self, Self::Write(_)) { 1 } else { 2 }
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
        let manifest = self.manifest(config)?;
        let path = self.path()?;
        let file = file(config, &path)?;
        let draft = Draft::read(&file).map_err(SetError::from)?;
        let failed = |error| SetError::Edit {
            path: file.clone(),
            error,
        };
        let text = edit(draft.text(), &path, change).map_err(failed)?;
        let after = load_with(common, &file, &text)?;
        self.check(&manifest, &after)?;
        let mut out = Out::new();
        if self.dry_run {
            let mask = learn(&after);
            let (line, lines) = difference(draft.text(), &text, &path, &mask).map_err(failed)?;
            out.line(format!("{}:{line}", clean(&file.display().to_string())))?;
            for line in lines {
                out.line(clean(&line))?;
            }
        } else {
            draft.write(&text).map_err(SetError::from)?;
            let done = match change {
                Change::Set(_) => "set",
                Change::Unset => "took out",
            };
            let names: Vec<String> = path.iter().map(|name| quoted(name)).collect();
            let file = file.display().to_string();
            out.line(format!(
                "{}: {done} {}",
                clean(&file),
                clean(&names.join("."))
            ))?;
        }
        if let Some(origin) = winner(&after.tree, &path)
            && !matches!(origin, Origin::File { .. })
        {
            output::warn(&format!("{origin} sets it as well, and wins"));
        }
        Ok(Outcome::Good)
    }

    /// What the newest plugin of that id says of itself.
    fn manifest(&self, config: &Config) -> Result<Arc<Manifest>, SetError> {
        let found = Inventory::new(config.options()).survey().plugins;
        let manifests: Vec<Arc<Manifest>> = found.into_iter().filter_map(|f| f.manifest).collect();
        let own = manifests
            .iter()
            .filter(|manifest| manifest.id.as_str() == self.id);
        let newest = own.max_by(|a, b| a.version.cmp(&b.version));
        newest.cloned().ok_or_else(|| {
            let known = manifests.iter().map(|manifest| manifest.id.as_str());
            SetError::Unknown {
                id: self.id.clone(),
                nearest: nearest(&self.id, known).map(str::to_owned),
            }
        })
    }

    fn path(&self) -> Result<Vec<&str>, SetError> {
        let mut path = vec!["plugins", self.id.as_str(), "config"];
        path.extend(self.key.split('.'));
        match path.iter().any(|name| name.is_empty()) {
            true => Err(SetError::Key(self.key.clone())),
            false => Ok(path),
        }
    }

    fn check(&self, manifest: &Manifest, after: &Config) -> Result<(), SetError> {
        let given = after.settings.get(&self.id);
        let given = given
            .map(|settings| settings.config.clone())
            .unwrap_or_default();
        check_config(manifest.config_schema.as_deref(), &given).map_err(|error| SetError::Config {
            id: self.id.clone(),
            error,
        })
    }
}

/// The file in which the value stands, or the table nearest to it, or the first.
pub(crate) fn file(config: &Config, path: &[&str]) -> Result<PathBuf, SetError> {
    let mut best = config.files.first().cloned();
    let mut table = &config.tree;
    for name in path {
        let Some(value) = table.entries.get(*name) else {
            break;
        };
        if let Origin::File { path, .. } = value.origin() {
            best = Some(path.to_path_buf());
        }
        match value {
            Value::Table(inner) => table = inner,
            Value::Leaf { .. } => break,
        }
    }
    best.ok_or(SetError::NoFile)
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
