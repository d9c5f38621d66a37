//! One file for each command.

pub(crate) mod audit;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod events;
pub(crate) mod graph;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod log_level;
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod order;
pub(crate) mod plan;
pub(crate) mod release;
pub(crate) mod replace;
pub(crate) mod reset_failed;
pub(crate) mod run;
pub(crate) mod sessions;
pub(crate) mod set;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod top;
pub(crate) mod why;

mod absent;
mod noted;

use crate::{
    args::{Args, Command, Common, Format},
    config::{Config, load},
    error::CommandError,
    output,
};
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

/// Does what was asked for; `format` is how programs are told that the configuration is wrong.
pub(crate) fn dispatch(args: Args, format: Format) -> Result<Outcome, CommandError> {
    let Args {
        mut common,
        command,
    } = args;
    let config = |common: &Common| config(common, format);
    match command {
        Command::Graph(graph) => graph.run(&config(&common)?),
        Command::New(new) => new.run(),
        Command::Completions(completions) => completions.run(),
        Command::Run(run) => {
            common.listen.clone_from(&run.listen);
            run.run(config(&common)?, &common)
        }
        Command::List(list) => list.run(&config(&common)?),
        Command::Inspect(inspect) => inspect.run(&config(&common)?),
        Command::Check(check) => check.run(&config(&common)?),
        Command::ConformanceCase(case) => {
            case.run()?;
            Ok(Outcome::Good)
        }
        Command::Plan(plan) => plan.run(&config(&common)?),
        Command::Why(why) => why.run(&config(&common)?),
        Command::Config(command) => command.run(&config(&common)?, &common),
        Command::Status(status) => status.run(&config(&common)?),
        Command::Start(start) => start.run(&config(&common)?),
        Command::Stop(stop) => stop.run(&config(&common)?),
        Command::Restart(restart) => restart.run(&config(&common)?),
        Command::Enable(enable) => enable.run(&config(&common)?, &common),
        Command::Disable(disable) => disable.run(&config(&common)?, &common),
        Command::ResetFailed(reset) => reset.run(&config(&common)?),
        Command::LogLevel(level) => level.run(&config(&common)?),
        Command::Logs(logs) => logs.run(&config(&common)?),
        Command::Top(top) => top.run(&config(&common)?),
        Command::Call(call) => call.run(&config(&common)?),
        Command::Events(events) => events.run(&config(&common)?),
        Command::Sessions(sessions) => sessions.run(&config(&common)?),
        Command::Token(command) => command.run(&config(&common)?),
        Command::Audit(audit) => audit.run(&config(&common)?),
        Command::Release(release) => release.run(&config(&common)?),
    }
}

fn config(common: &Common, format: Format) -> Result<Config, CommandError> {
    let config = output::tell(format, load(common))?;
    for warning in &config.warnings {
        output::warn(warning);
    }
    Ok(config)
}
