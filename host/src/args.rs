//! What was asked for on the command line.

use crate::{
    commands::{
        audit::Audit,
        call::Call,
        check::Check,
        completions::Completions,
        events::Events,
        graph::Graph,
        inspect::Inspect,
        list::List,
        log_level::LogLevel,
        logs::Logs,
        new::New,
        order::{Disable, Enable, Restart, Start, Stop},
        plan::Plan,
        release::Release,
        reset_failed::ResetFailed,
        run::Run,
        sessions::Sessions,
        show::ConfigCommand,
        status::Status,
        token::TokenCommand,
        top::Top,
        why::Why,
    },
    config::VARIABLE_CONFIG,
    conformance::Inside,
};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  jackfield new greeter              write a plugin of your own
  jackfield run                      run what jackfield.toml enables
  jackfield run --plugins ./plugins  run what a directory holds
  jackfield plan                     what would start, in which order, and what not
  jackfield why greeter              why it runs, or does not
  jackfield status                   how the running host and its plugins do

Exit codes: 0 good, 1 something was rejected or failed, 2 wrong usage or configuration";

/// Runs plugins: shared libraries in a directory, checked, ordered, started and stopped
#[derive(Debug, Parser)]
#[command(
    name = "jackfield",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// What the process was told, and how the command is to write where that is for it to say.
    ///
    /// # Errors
    ///
    /// When that is nothing that it can do; also where help was asked for.
    pub(crate) fn read() -> Result<(Self, Format), clap::Error> {
        let matches = Self::command().try_get_matches()?;
        Ok((Self::from_arg_matches(&matches)?, format(&matches)))
    }
}

fn format(matches: &ArgMatches) -> Format {
    match matches.subcommand() {
        Some((_, of_command)) => format(of_command),
        None => {
            // Some have none, and some others than these.
            let given = matches.try_get_one("format").ok().flatten();
            given.copied().unwrap_or_default()
        }
    }
}

/// What every command takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// A directory with plugins, instead of those of the configuration; may be given several times
    /// [env: JACKFIELD_PLUGINS_PATH, parted as in PATH]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) plugins: Vec<PathBuf>,
    /// The configuration file, instead of `jackfield.toml` in the current directory if there is one
    #[arg(long, global = true, value_name = "FILE", env = VARIABLE_CONFIG, hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Where the host keeps what it knows, instead of the configuration's
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Treat every plugin as enabled
    #[arg(long, global = true)]
    pub(crate) all: bool,
    /// Where to listen for HTTP: only `run` takes it.
    #[arg(skip)]
    pub(crate) listen: Vec<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Run),
    List(List),
    Inspect(Inspect),
    Check(Check),
    #[command(hide = true)]
    ConformanceCase(Inside),
    Plan(Plan),
    Why(Why),
    Graph(Graph),
    New(New),
    Config(ConfigCommand),
    Status(Status),
    Start(Start),
    Stop(Stop),
    Restart(Restart),
    Enable(Enable),
    Disable(Disable),
    ResetFailed(ResetFailed),
    LogLevel(LogLevel),
    Logs(Logs),
    Top(Top),
    Call(Call),
    Events(Events),
    Sessions(Sessions),
    Token(TokenCommand),
    Audit(Audit),
    Release(Release),
    Completions(Completions),
}

/// Which files of the plugins directories are told of, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Listing {
    /// Also files that are no plugins
    #[arg(long)]
    pub(crate) all_files: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
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
