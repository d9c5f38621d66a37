use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    control::{Client, Request},
    error::CommandError,
    output::{Out, clean, tell},
};
use serde_json::Value;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  jackfield reset-failed greeter
  jackfield reset-failed greeter --dry-run

What is counted against the plugin is forgotten. One that was given up, because it failed too often in
too short a time, or that could not be started again, is started now; one that is started again later
still is; one that nobody starts again is stopped then. Needs a running host";

/// Forget that a plugin of the running host failed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ResetFailed {
    /// The plugin's id
    id: String,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl ResetFailed {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let request = Request::ResetFailed {
            id: self.id.clone(),
            dry_run: self.dry_run,
        };
        let asked = Client::connect(&config.state)
            .and_then(|mut client| client.ask::<Value>(&request, Duration::ZERO));
        let told = tell(self.format, asked)?;
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&told)?,
            Format::Table => {
                let (id, state) = (clean(&self.id), told["state"].as_str().unwrap_or_default());
                let now = match told["restart"].as_str() {
                    Some(restart) => clean(restart).into_owned(),
                    None => format!("is {state}"),
                };
                out.line(match (told["reset"] == true, self.dry_run) {
                    (false, _) => format!("nothing to do: {id} is {state}"),
                    (true, true) => format!("would forget that {id} failed"),
                    (true, false) => format!("forgot that {id} failed: it {now}"),
                })?;
            }
        }
        Ok(Outcome::Good)
    }
}
