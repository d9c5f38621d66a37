//! One file for each command.

pub(crate) mod list;
pub(crate) mod run;

use crate::{
    args::{Args, Command, Common},
    error::CommandError,
};
use jackfield_loader::Options;
use std::process::ExitCode;

/// How a command that did what it is for came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was wrong.
    Good,
    /// Something was rejected or failed.
    Bad,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Good => Self::SUCCESS,
            Outcome::Bad => Self::FAILURE,
        }
    }
}

impl Outcome {
    /// Bad where something was.
    pub(crate) fn bad_if(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Good }
    }
}

/// Does what was asked for.
pub(crate) fn dispatch(args: Args) -> Result<Outcome, CommandError> {
    let Args { common, command } = args;
    match command {
        Command::Run(run) => run.run(options(common)),
        Command::List(list) => list.run(options(common)),
    }
}

fn options(common: Common) -> Options {
    let mut options = Options::new("plugins", "state");
    if !common.plugins.is_empty() {
        options.plugins = common.plugins;
    }
    if let Some(state) = common.state {
        options.state = state;
    }
    options
}
