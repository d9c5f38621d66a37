use crate::{args::Args, commands::Outcome, error::CommandError};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;

const EXAMPLES: &str = "\
Examples:
  jackfield completions bash > ~/.local/share/bash-completion/completions/jackfield
  jackfield completions zsh > ~/.zfunc/_jackfield
  jackfield completions fish > ~/.config/fish/completions/jackfield.fish";

/// Write what a shell needs to complete the commands
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Outcome, CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Args::command(), "jackfield", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(Outcome::Good)
    }
}
