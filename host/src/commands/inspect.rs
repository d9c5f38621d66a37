use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    error::CommandError,
    output::{Out, Record, clean, style, waiting},
};
use jackfield_loader::{Found, Inventory};
use jackfield_manifest::{Manifest, Panic, Requirement, Target, ui::Ui};
use serde_json::Value;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  jackfield inspect plugins/libgreeter.so
  jackfield inspect --format json plugins/libgreeter.so | jq .config_schema

Reads and hashes the whole file, wherever it lies, and runs nothing of it. Exits with 1 where it
cannot be loaded";

/// Show everything that is known of one file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    /// The file
    file: PathBuf,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Inspect {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let mut inventory = Inventory::new(config.options());
        let found = waiting("reading", None, |_| inventory.inspect(&self.file));
        let record = Record::new(&found);
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&record)?,
            Format::Table => show(&mut out, &found, &record)?,
        }
        Ok(Outcome::bad_if(!record.is_loadable()))
    }
}

fn show(out: &mut Out, found: &Found, record: &Record<'_>) -> Result<(), CommandError> {
    let path = found.path.to_string_lossy();
    let (path, strong) = (clean(&path), style::STRONG);
    let (verdict, word) = match record.is_loadable() {
        true => (style::GOOD, "loadable"),
        false => (style::BAD, "rejected"),
    };
    out.line(format!(
        "{strong}{path}{strong:#}: {verdict}{word}{verdict:#}"
    ))?;
    for reason in record.reasons() {
        out.indented("    ", &format!("{}: {}", reason.code, reason.message))?;
    }
    for warning in &found.warnings {
        out.indented("    ", &format!("warning: {warning}"))?;
    }
    out.line("")?;
    if let Some(manifest) = &found.manifest {
        for (name, value) in facts(manifest) {
            line(out, name, &value)?;
        }
    }
    line(out, "size", &found.size.map_or_else(unknown, size))?;
    line(
        out,
        "sha256",
        &found.hash.map_or_else(unknown, |hash| hash.to_string()),
    )
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn line(out: &mut Out, name: &str, value: &str) -> Result<(), CommandError> {
    let faint = style::FAINT;
    out.line(format!("{faint}{name:<13}{faint:#} {}", clean(value)))
}

/// What a manifest says, as names and values; a list takes a line for each of its parts.
fn facts(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let build = &manifest.build;
    let panic = match build.panic {
        Panic::Unwind => "unwind",
        Panic::Abort => "abort",
    };
    let mut facts = vec![
        ("id", manifest.id.to_string()),
        ("name", manifest.name.clone()),
        ("version", manifest.version.to_string()),
        ("description", manifest.description.clone()),
        ("authors", manifest.authors.join(", ")),
        ("license", manifest.license.clone()),
        ("kind", super::list::kind(manifest.kind)),
        ("priority", manifest.priority.to_string()),
    ];
    list(
        &mut facts,
        "requires",
        manifest.requires.iter().map(requirement),
    );
    let provides = manifest.provides.iter();
    list(
        &mut facts,
        "provides",
        provides.map(|own| format!("service {} {}", own.service, own.version)),
    );
    list(
        &mut facts,
        "after",
        manifest.after.iter().map(ToString::to_string),
    );
    list(
        &mut facts,
        "before",
        manifest.before.iter().map(ToString::to_string),
    );
    let permissions = &manifest.permissions;
    for (name, patterns) in [
        ("publishes", &permissions.publish),
        ("subscribes", &permissions.subscribe),
    ] {
        list(&mut facts, name, patterns.iter().map(ToString::to_string));
    }
    list(&mut facts, "configures", fields(manifest).into_iter());
    list(&mut facts, "shows", manifest.ui.iter().map(|ui| shown(ui)));
    let module = manifest.ui_module.iter();
    list(
        &mut facts,
        "module",
        module.map(|module| format!("JavaScript, {}", size(module.length.into()))),
    );
    facts.extend([
        ("built for", format!("ABI {}, {}", build.abi, build.target)),
        (
            "built with",
            format!("{}, SDK {}, panic = {panic}", build.rustc, build.sdk),
        ),
    ]);
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// What the table `ui` has, in a line: `Simulator: 2 forms, 1 monitor, notifications of x`.
fn shown(ui: &Ui) -> String {
    let count = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    };
    let told = ui.notifications.as_ref();
    let parts = [
        count(ui.forms.len(), "form"),
        count(ui.monitors.len(), "monitor"),
        told.map(|told| format!("notifications of {}", told.topic)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match (&ui.title, parts.is_empty()) {
        (Some(title), true) => title.clone(),
        (Some(title), false) => format!("{title}: {}", parts.join(", ")),
        (None, true) => "a page".to_owned(),
        (None, false) => parts.join(", "),
    }
}

/// What can be configured, as far as a line can tell it: `period_ms (integer) = 1000`.
fn fields(manifest: &Manifest) -> Vec<String> {
    let schema = manifest.config_schema.as_deref();
    let schema: Value = schema
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let required = schema["required"].as_array().map_or(&[][..], |names| names);
    let properties = schema["properties"].as_object();
    let field = |(name, field): (&String, &Value)| {
        let mut words: Vec<&str> = field["type"].as_str().into_iter().collect();
        if required.iter().any(|other| other == name) {
            words.push("required");
        }
        if field["writeOnly"] == true {
            words.push("secret");
        }
        let words = match words.as_slice() {
            [] => String::new(),
            words => format!(" ({})", words.join(", ")),
        };
        let default = field.get("default");
        let default = default.map_or_else(String::new, |value| format!(" = {value}"));
        format!("{name}{words}{default}")
    };
    properties.into_iter().flatten().map(field).collect()
}

fn list(
    facts: &mut Vec<(&'static str, String)>,
    name: &'static str,
    parts: impl Iterator<Item = String>,
) {
    for (at, part) in parts.enumerate() {
        facts.push((if at == 0 { name } else { "" }, part));
    }
}

fn requirement(requirement: &Requirement) -> String {
    let target = match &requirement.target {
        Target::Plugin(id) => id.to_string(),
        Target::Service(id) => format!("service {id}"),
    };
    let optional = if requirement.optional {
        " (optional)"
    } else {
        ""
    };
    format!("{target} {}{optional}", requirement.range)
}

/// Bytes for people, and exactly.
fn size(bytes: u64) -> String {
    if bytes < 1000 {
        format!("{bytes} bytes")
    } else {
        format!("{} ({bytes} bytes)", indicatif::DecimalBytes(bytes))
    }
}
