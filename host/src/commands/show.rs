use crate::{
    args::{Common, Format},
    commands::{
        Outcome,
        replace::Replace,
        set::{Set, Unset},
    },
    config::{Config, Mask, Origin, Tree, Value, quoted},
    error::CommandError,
    output::{Out, clean, style},
};
use jackfield_loader::Inventory;
use serde::Serialize;
use serde_json::Value as Json;

const EXAMPLES: &str = "\
Examples:
  jackfield config show
  jackfield config show --origin
  JACKFIELD_HOST__THREADS=2 jackfield config show --origin --format json

Later layers win: defaults, jackfield.toml, jackfield.d/*.toml, JACKFIELD_… variables, flags.
Secrets of plugins are masked";

/// Work with the configuration
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigCommand {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Show(Show),
    Set(Set),
    Unset(Unset),
    Replace(Replace),
}

/// Show the configuration, all layers over each other
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Show {
    /// Also where each value comes from
    #[arg(long)]
    origin: bool,
    /// How to write it: TOML, or JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One value.
#[derive(Debug, Serialize)]
struct Entry {
    /// With dots, from the top.
    key: String,
    value: Json,
    origin: String,
}

impl ConfigCommand {
    pub(crate) fn run(self, config: &Config, common: &Common) -> Result<Outcome, CommandError> {
        match self.command {
            Action::Show(show) => show.run(config),
            Action::Set(set) => set.run(config, common),
            Action::Unset(unset) => unset.run(config, common),
            Action::Replace(replace) => replace.run(config, common),
        }
    }
}

impl Show {
    fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let show = self;
        let mask = learn(config);
        let mut out = Out::new();
        match (show.format, show.origin) {
            (Format::Table, origin) => {
                write(&mut out, &config.tree, &mut Vec::new(), &mask, origin)?
            }
            (Format::Json, false) => out.json(&plain(&config.tree, &mut Vec::new(), &mask))?,
            (Format::Json, true) => {
                let mut entries = Vec::new();
                flatten(&config.tree, &mut Vec::new(), &mask, &mut entries);
                out.json(&entries)?;
            }
        }
        Ok(Outcome::Good)
    }
}

/// What the schemas of the installed plugins say is secret.
pub(crate) fn learn(config: &Config) -> Mask {
    let mut mask = Mask::default();
    for found in Inventory::new(config.options()).survey().plugins {
        if let Some(manifest) = &found.manifest
            && let Some(schema) = &manifest.config_schema
        {
            mask.know(manifest.id.as_str(), schema);
        }
    }
    mask.learn(&Json::Object(config.tree.to_json()));
    mask
}

/// As TOML: the values of a table, then the tables in it.
fn write<'t>(
    out: &mut Out,
    tree: &'t Tree,
    path: &mut Vec<&'t str>,
    mask: &Mask,
    origins: bool,
) -> Result<(), CommandError> {
    let leaves = || {
        tree.entries
            .iter()
            .filter(|(_, v)| matches!(v, Value::Leaf { .. }))
    };
    if !path.is_empty() && (leaves().next().is_some() || tree.entries.is_empty()) {
        let name: Vec<String> = path.iter().map(|key| quoted(key)).collect();
        let strong = style::STRONG;
        out.line(format!("{strong}[{}]{strong:#}", name.join(".")))?;
    }
    let mut lines = Vec::new();
    for (key, value) in leaves() {
        path.push(key);
        let text = format!("{} = {}", quoted(key), toml_text(&shown(value, path, mask)));
        path.pop();
        lines.push((clean(&text).into_owned(), value.origin()));
    }
    let width = lines
        .iter()
        .map(|(text, _)| text.chars().count())
        .max()
        .unwrap_or_default();
    let wrote = !lines.is_empty();
    for (text, origin) in lines {
        out.line(line(&text, origin, width, origins))?;
    }
    if wrote {
        out.line("")?;
    }
    for (key, value) in &tree.entries {
        if let Value::Table(table) = value {
            path.push(key);
            write(out, table, path, mask, origins)?;
            path.pop();
        }
    }
    Ok(())
}

fn line(text: &str, origin: &Origin, width: usize, origins: bool) -> String {
    let faint = style::FAINT;
    if origins {
        let origin = origin.to_string();
        format!("{text:width$}  {faint}# {}{faint:#}", clean(&origin))
    } else {
        text.to_owned()
    }
}

/// A value as TOML takes it.
fn toml_text(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_text).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(entries) => {
            let entries = entries.iter();
            let entries =
                entries.map(|(key, value)| format!("{} = {}", quoted(key), toml_text(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        // Numbers, booleans and strings are written as in JSON.
        other => other.to_string(),
    }
}

/// A value, or what stands for it.
fn shown<'t>(value: &'t Value, path: &mut Vec<&'t str>, mask: &Mask) -> Json {
    match value {
        Value::Table(table) => plain(table, path, mask),
        Value::Leaf { value, .. } => mask.apply(value, path),
    }
}

fn plain<'t>(tree: &'t Tree, path: &mut Vec<&'t str>, mask: &Mask) -> Json {
    let mut entries = serde_json::Map::new();
    for (key, value) in &tree.entries {
        path.push(key);
        entries.insert(key.clone(), shown(value, path, mask));
        path.pop();
    }
    Json::Object(entries)
}

fn flatten<'t>(tree: &'t Tree, path: &mut Vec<&'t str>, mask: &Mask, entries: &mut Vec<Entry>) {
    for (key, value) in &tree.entries {
        path.push(key);
        match value {
            Value::Table(table) => flatten(table, path, mask, entries),
            Value::Leaf { origin, .. } => {
                let names: Vec<String> = path.iter().map(|key| quoted(key)).collect();
                entries.push(Entry {
                    key: names.join("."),
                    value: shown(value, path, mask),
                    origin: origin.to_string(),
                });
            }
        }
        path.pop();
    }
}
