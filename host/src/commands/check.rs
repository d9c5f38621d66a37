use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    error::CommandError,
    output::{Out, Record, clean, style, waiting},
};
use jackfield_loader::{Found, Inventory};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  jackfield check target/release/libgreeter.so
  jackfield check plugins/*.so && echo all good
  jackfield check --format json plugins/*.so

Reads the files in full and runs nothing of them. Exits with 1 where one of them cannot be loaded";

/// Say of each file whether it can be loaded
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Check {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let mut inventory = Inventory::new(config.options());
        let found: Vec<Found> = waiting("checking", Some(self.files.len()), |done| {
            let inspected = self.files.iter().map(|path| {
                let found = inventory.inspect(path);
                done();
                found
            });
            inspected.collect()
        });
        let records: Vec<Record<'_>> = found.iter().map(Record::new).collect();
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&records)?,
            Format::Table => {
                for (found, record) in found.iter().zip(&records) {
                    show(&mut out, found, record)?;
                }
            }
        }
        Ok(Outcome::bad_if(
            records.iter().any(|record| !record.is_loadable()),
        ))
    }
}

fn show(out: &mut Out, found: &Found, record: &Record<'_>) -> Result<(), CommandError> {
    let path = found.path.to_string_lossy();
    let path = clean(&path);
    let who = found.manifest.as_ref().map(|manifest| {
        let text = format!("{} {}", manifest.id, manifest.version);
        clean(&text).into_owned()
    });
    if record.is_loadable() {
        let good = style::GOOD;
        let who = who.unwrap_or_default();
        out.line(format!("{path}: {good}loadable{good:#}: {who}"))?;
    }
    for reason in record.reasons() {
        let bad = style::BAD;
        let message = clean(&reason.message);
        out.line(format!("{path}: {bad}{}{bad:#}: {message}", reason.code))?;
    }
    for warning in &found.warnings {
        let mark = style::WARNING;
        out.line(format!("{path}: {mark}warning{mark:#}: {}", clean(warning)))?;
    }
    Ok(())
}
