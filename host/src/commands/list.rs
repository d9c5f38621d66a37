use crate::{args::Format, commands::Outcome, error::CommandError};
use jackfield_loader::{Inventory, Options};
use std::io::Write;

/// List the plugins in the plugins directories
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Also files that are no plugins
    #[arg(long)]
    all_files: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl List {
    pub(crate) fn run(self, options: Options) -> Result<Outcome, CommandError> {
        let survey = Inventory::new(options).survey();
        let mut out = anstream::stdout().lock();
        for found in survey.plugins {
            writeln!(out, "{}", found.path.display())?;
        }
        Ok(Outcome::Good)
    }
}
