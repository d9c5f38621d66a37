//! A plugin's whole configuration is written back: what differs, and nothing else of the files.
//!
//! What is given is a complete configuration as it was shown, changed here and there. A value that is
//! as it was stays where it stands, with its comment, be it in a file or in the environment; a secret
//! that comes masked is the one that is there; what is not given is taken out.

use super::{
    Change, Config, Draft, EditError, Mask, Origin, Tree, Value, WriteError, edit, quoted, write,
};
use serde_json::{Map, Value as Json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Why a configuration is not written back. Nothing is, then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplaceError {
    /// Nothing to write into, and making one would disable every plugin that it does not enable.
    #[error(
        "there is no configuration file: make one, and enable in it what is to run, since with \
         one nothing else does"
    )]
    NoFile,
    /// What is not in a file cannot be changed in one.
    #[error("{key}: {origin} sets it and would win: change it there")]
    Overruled {
        /// With dots, within the plugin's configuration.
        key: String,
        /// Who.
        origin: Origin,
    },
    /// Stars where no secret is.
    #[error(
        "{0} is masked, and there is no one secret that it can stand for: give the secret itself"
    )]
    Masked(String),
    /// TOML does not have it.
    #[error("{key}: expected a value that TOML has, found {found}")]
    NoToml {
        /// With dots.
        key: String,
        /// What.
        found: &'static str,
    },
    /// A file cannot be changed so.
    #[error("{}: {error}", path.display())]
    Edit {
        /// Which.
        path: PathBuf,
        /// Why.
        error: EditError,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Files as they are to be.
#[derive(Debug)]
pub(crate) struct Rewrite {
    files: BTreeMap<PathBuf, File>,
}

#[derive(Debug)]
struct File {
    draft: Draft,
    text: String,
    /// From the top of the configuration.
    changed: Vec<Vec<String>>,
}

/// What becomes of one value.
struct Step {
    /// From the top of the configuration.
    path: Vec<String>,
    change: Change,
}

/// Works out what is to be written so that the plugin's configuration is this one. It is for the
/// caller to check the configuration that comes of it, before it is written.
pub(crate) fn replace(
    config: &Config,
    id: &str,
    wanted: &Map<String, Json>,
    mask: &Mask,
) -> Result<Rewrite, ReplaceError> {
    let path = ["plugins", id, "config"];
    let mut differ = Differ {
        mask,
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        steps: Vec::new(),
    };
    differ.table(table(&config.tree, &path), wanted)?;
    let mut rewrite = Rewrite {
        files: BTreeMap::new(),
    };
    for step in differ.steps {
        rewrite.take(config, &step)?;
    }
    Ok(rewrite)
}

fn table<'t>(tree: &'t Tree, path: &[&str]) -> Option<&'t Tree> {
    path.iter()
        .try_fold(tree, |table, name| match table.entries.get(*name)? {
            Value::Table(inner) => Some(inner),
            Value::Leaf { .. } => None,
        })
}

/// The file in which a value stands, or the table nearest to it, or the first.
pub(crate) fn home(config: &Config, path: &[&str]) -> Option<PathBuf> {
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
    best
}

impl Rewrite {
    /// Whether nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The texts that the files are to have.
    pub(crate) fn texts(&self) -> Vec<(PathBuf, String)> {
        let files = self.files.iter();
        files
            .map(|(path, file)| (path.clone(), file.text.clone()))
            .collect()
    }

    /// Each file, what stood in it, what is to stand in it, and which values differ.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&PathBuf, &str, &str, &[Vec<String>])> {
        let files = self.files.iter();
        files.map(|(path, file)| (path, file.draft.text(), &*file.text, &*file.changed))
    }

    /// Writes them: none, where one cannot be.
    pub(crate) fn write(&self) -> Result<(), WriteError> {
        let files = self.files.values();
        write::write(files.map(|file| (&file.draft, &*file.text)))
    }

    fn take(&mut self, config: &Config, step: &Step) -> Result<(), ReplaceError> {
        let path: Vec<&str> = step.path.iter().map(String::as_str).collect();
        match &step.change {
            // Below it, in an earlier layer, another may stand.
            Change::Unset => {
                for file in &config.files {
                    self.edit(file, &path, step)?;
                }
                Ok(())
            }
            _ => {
                let file = home(config, &path).ok_or(ReplaceError::NoFile)?;
                self.edit(&file, &path, step)
            }
        }
    }

    fn edit(&mut self, path: &PathBuf, at: &[&str], step: &Step) -> Result<(), ReplaceError> {
        let mut file = match self.files.remove(path) {
            Some(known) => known,
            None => File::read(path)?,
        };
        match edit(&file.text, at, &step.change) {
            Ok(text) => {
                file.text = text;
                if file.changed.last() != Some(&step.path) {
                    file.changed.push(step.path.clone());
                }
            }
            Err(EditError::Absent(_)) => {}
            Err(error) => {
                let path = path.clone();
                return Err(ReplaceError::Edit { path, error });
            }
        }
        if !file.changed.is_empty() {
            self.files.insert(path.clone(), file);
        }
        Ok(())
    }
}

impl File {
    fn read(path: &Path) -> Result<Self, WriteError> {
        let draft = Draft::read(path)?;
        Ok(Self {
            text: draft.text().to_owned(),
            draft,
            changed: Vec::new(),
        })
    }
}

/// Walks what is there and what is wanted, side by side.
struct Differ<'m> {
    mask: &'m Mask,
    path: Vec<String>,
    steps: Vec<Step>,
}

impl Differ<'_> {
    fn table(
        &mut self,
        now: Option<&Tree>,
        wanted: &Map<String, Json>,
    ) -> Result<(), ReplaceError> {
        for (key, value) in now.into_iter().flat_map(|table| &table.entries) {
            if !wanted.contains_key(key) {
                self.path.push(key.clone());
                self.overruled(value)?;
                self.step(Change::Unset);
                self.path.pop();
            }
        }
        for (key, value) in wanted {
            self.path.push(key.clone());
            self.value(now.and_then(|table| table.entries.get(key)), value)?;
            self.path.pop();
        }
        Ok(())
    }

    fn value(&mut self, now: Option<&Value>, wanted: &Json) -> Result<(), ReplaceError> {
        match (now, wanted) {
            (Some(Value::Table(table)), Json::Object(wanted)) => self.table(Some(table), wanted),
            (None, Json::Object(wanted)) if !wanted.is_empty() => self.table(None, wanted),
            (now, wanted) => self.leaf(now, wanted),
        }
    }

    fn leaf(&mut self, now: Option<&Value>, wanted: &Json) -> Result<(), ReplaceError> {
        let there = now.map(Value::to_json);
        if there
            .as_ref()
            .is_some_and(|there| *wanted == self.masked(there))
        {
            return Ok(());
        }
        let value = self.unmasked(there.as_ref(), wanted)?;
        if there.as_ref() == Some(&value) {
            return Ok(());
        }
        if let Some(now) = now {
            self.overruled(now)?;
            if matches!(now, Value::Table(_)) {
                self.step(Change::Unset);
            }
        }
        let value = self.toml(&value)?;
        self.step(Change::Put(value));
        Ok(())
    }

    fn step(&mut self, change: Change) {
        self.steps.push(Step {
            path: self.path.clone(),
            change,
        });
    }

    /// Within the plugin's configuration.
    fn key(&self) -> String {
        let names: Vec<String> = self.path[3..].iter().map(|name| quoted(name)).collect();
        names.join(".")
    }

    fn masked(&self, value: &Json) -> Json {
        self.mask
            .apply(value, &mut self.path.iter().map(String::as_str).collect())
    }

    /// Refuses to change what a file does not say.
    fn overruled(&self, now: &Value) -> Result<(), ReplaceError> {
        match now {
            Value::Table(table) => table.entries.values().try_for_each(|v| self.overruled(v)),
            Value::Leaf {
                origin: Origin::File { .. },
                ..
            } => Ok(()),
            Value::Leaf { origin, .. } => Err(ReplaceError::Overruled {
                key: self.key(),
                origin: origin.clone(),
            }),
        }
    }

    /// With the secrets that are there in the places of those that came masked.
    fn unmasked(&mut self, now: Option<&Json>, wanted: &Json) -> Result<Json, ReplaceError> {
        let hides = {
            let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
            self.mask.hides(&path)
        };
        if hides && wanted.as_str() == Some(super::mask::MASKED) {
            return now.cloned().ok_or_else(|| ReplaceError::Masked(self.key()));
        }
        match wanted {
            Json::Array(items) => self.items(now, items),
            Json::Object(entries) => {
                let mut whole = Map::new();
                for (key, value) in entries {
                    self.path.push(key.clone());
                    let now = now.and_then(|now| now.get(key));
                    whole.insert(key.clone(), self.unmasked(now, value)?);
                    self.path.pop();
                }
                Ok(Json::Object(whole))
            }
            other => Ok(other.clone()),
        }
    }

    /// An item is the one that looks like it, where only one does or the one at its place does; else
    /// the one at its place, as long as none came or went.
    fn items(&mut self, now: Option<&Json>, wanted: &[Json]) -> Result<Json, ReplaceError> {
        let there = now.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let masked: Vec<Json> = there.iter().map(|item| self.masked(item)).collect();
        let mut whole = Vec::new();
        for (at, item) in wanted.iter().enumerate() {
            let mut alike = (0..there.len()).filter(|&other| masked[other] == *item);
            let found = match (masked.get(at) == Some(item), alike.next(), alike.next()) {
                (true, _, _) if there.len() == wanted.len() => Some(at),
                (_, Some(one), None) => Some(one),
                _ => None,
            };
            let same_place = (there.len() == wanted.len())
                .then(|| there.get(at))
                .flatten();
            whole.push(match found {
                Some(one) => there[one].clone(),
                None => self.unmasked(same_place, item)?,
            });
        }
        Ok(Json::Array(whole))
    }

    fn toml(&self, value: &Json) -> Result<toml_edit::Value, ReplaceError> {
        let none = |found| ReplaceError::NoToml {
            key: self.key(),
            found,
        };
        Ok(match value {
            Json::Null => return Err(none("null")),
            Json::Bool(value) => (*value).into(),
            Json::String(text) => text.into(),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => number.into(),
                (None, Some(float)) if number.is_f64() => float.into(),
                _ => return Err(none("an integer of more than 63 bits")),
            },
            Json::Array(items) => {
                let items = items.iter().map(|item| self.toml(item));
                let array: toml_edit::Array = items.collect::<Result<_, _>>()?;
                array.into()
            }
            Json::Object(entries) => {
                let mut table = toml_edit::InlineTable::new();
                for (key, value) in entries {
                    table.insert(key, self.toml(value)?);
                }
                table.into()
            }
        })
    }
}
