//! What was asked for on the command line.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Runs plugins: shared libraries in a directory, checked, ordered, started and stopped.
#[derive(Debug, Parser)]
#[command(
    name = "jackfield",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// A directory with plugins, instead of those of the configuration; may be given several times
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) plugins: Vec<PathBuf>,
    /// Where the host keeps what it knows, instead of the configuration's
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// The configuration file, instead of `jackfield.toml` in the current directory if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Treat every plugin as enabled
    #[arg(long, global = true)]
    pub(crate) all: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(crate::commands::run::Run),
    List(crate::commands::list::List),
}

/// How to write an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}
