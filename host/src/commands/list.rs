use crate::{
    args::{Format, Listing},
    commands::Outcome,
    config::Config,
    error::CommandError,
    output::{Cell, Out, Record, Table, style, waiting, warn},
};
use jackfield_loader::{Found, Inventory, Options};

const EXAMPLES: &str = "\
Examples:
  jackfield list
  jackfield list --plugins ./plugins --all-files
  jackfield list --format json | jq '.[] | select(.verdict == \"rejected\") | .path'

Runs nothing of a plugin and needs no running host. Exits with 1 where a plugin is rejected";

/// List the plugins in the plugins directories
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    #[command(flatten)]
    listing: Listing,
}

impl List {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let options = config.options();
        let mut inventory = Inventory::new(options.clone());
        let mut survey = waiting("reading plugins", None, |_| inventory.survey());
        inventory.remember();
        for skipped in &survey.skipped {
            warn(&skipped.to_string());
        }
        let bad = survey
            .plugins
            .iter()
            .any(|found| !found.faults().is_empty());
        let mut files = survey.plugins;
        if self.listing.all_files {
            files.append(&mut survey.others);
            files.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let mut out = Out::new();
        match self.listing.format {
            Format::Json => out.json(&files.iter().map(Record::new).collect::<Vec<_>>())?,
            Format::Table if files.is_empty() => out.line(nothing(&options))?,
            Format::Table => out.table(&table(&files, &options))?,
        }
        Ok(Outcome::bad_if(bad))
    }
}

/// What to say where there is nothing.
pub(super) fn nothing(options: &Options) -> String {
    let places: Vec<String> = options
        .plugins
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    match places.as_slice() {
        [] => "no plugins: no directory is configured".to_owned(),
        places => format!("no plugins in {}", places.join(", ")),
    }
}

fn table(files: &[Found], options: &Options) -> Table {
    let mut table = Table::new(&["PLUGIN", "VERSION", "KIND", "STATE", "FILE"]);
    for found in files {
        let faults = found.faults();
        let manifest = found.manifest.as_deref();
        let text = |text: Option<String>| Cell::new(text.unwrap_or_default());
        let state = match manifest {
            _ if !faults.is_empty() => Cell::new("rejected").with(style::BAD),
            Some(manifest) if options.enables(manifest.id.as_str()) => {
                Cell::new("enabled").with(style::GOOD)
            }
            _ => Cell::new("disabled").with(style::FAINT),
        };
        table.row([
            text(manifest.map(|manifest| manifest.id.to_string())),
            text(manifest.map(|manifest| manifest.version.to_string())),
            text(manifest.map(|manifest| kind(manifest.kind))),
            state,
            Cell::new(found.path.to_string_lossy()),
        ]);
        for fault in faults {
            table.note(format!("{}: {}", fault.code, fault.message));
        }
        for warning in &found.warnings {
            table.note(format!("warning: {warning}"));
        }
    }
    table
}

/// A kind as it stands in a manifest.
pub(super) fn kind(kind: jackfield_manifest::Kind) -> String {
    format!("{kind:?}").to_lowercase()
}
