use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    control::{Client, LevelTold, Request},
    error::CommandError,
    output::{Out, clean, tell},
};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  jackfield log-level greeter            what is logged of it
  jackfield log-level greeter debug      more of it, until the host ends
  jackfield log-level greeter default    what the host's filter says again

Needs a running host";

/// Show or set how much is logged of a plugin of the running host
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LogLevel {
    /// The plugin's id
    id: String,
    /// The most verbose level that is logged
    #[arg(value_parser = ["off", "error", "warn", "info", "debug", "trace", "default"])]
    level: Option<String>,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl LogLevel {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let request = Request::LogLevel {
            id: self.id,
            level: self.level.clone(),
            dry_run: self.dry_run,
        };
        let asked = Client::connect(&config.state)
            .and_then(|mut client| client.ask::<LevelTold>(&request, Duration::ZERO));
        let told = tell(self.format, asked)?;
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&told)?,
            Format::Table => {
                let (id, level, before) = (clean(&told.id), &told.level, &told.before);
                out.line(match self.level {
                    None => format!("{id}: {level}"),
                    Some(_) if self.dry_run => format!("{id}: would be {level}, is {before}"),
                    Some(_) => format!("{id}: {level}, was {before}"),
                })?;
            }
        }
        Ok(Outcome::Good)
    }
}
