use crate::{
    commands::{Outcome, noted::note},
    config::Config,
    error::CommandError,
    output::{Out, clean},
};
use jackfield_loader::{Quarantine, nearest};

const EXAMPLES: &str = "\
Examples:
  jackfield release greeter
  jackfield release greeter --state /var/lib/jackfield

A plugin is quarantined when it ended the host: that content of its file is left out from then on.
Released, it is started again the next time the host starts. Exits with 1 where nothing of that
plugin is quarantined";

/// Let a quarantined plugin start again
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Release {
    /// The plugin's id
    id: String,
}

impl Release {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let mut quarantine = Quarantine::open(&config.state)?;
        let known: Vec<String> = quarantine
            .records()
            .iter()
            .map(|record| record.id.to_string())
            .collect();
        let mut out = Out::new();
        let released = quarantine.release(&self.id)?;
        if released > 0 {
            note(config, "release", Some(&self.id), None);
        }
        let id = clean(&self.id);
        match (
            released,
            nearest(&self.id, known.iter().map(String::as_str)),
        ) {
            (0, Some(near)) => {
                out.line(format!("{id} is not quarantined, did you mean `{near}`?"))?;
            }
            (0, None) if known.is_empty() => {
                out.line(format!("{id} is not quarantined: nothing is"))?;
            }
            (0, None) => {
                let known = known.join(", ");
                out.line(format!("{id} is not quarantined: only {known}"))?;
            }
            _ => out.line(format!(
                "released {id}: it is started again the next time the host starts"
            ))?,
        }
        Ok(Outcome::bad_if(released == 0))
    }
}
