//! The host: command line, configuration, and a process around the loader.
//!
//! A library only so that the integration tests can have the program built beside themselves; what
//! an embedder wants is `jackfield-loader`. In reading order: `args` (what was asked), `config`
//! (what was configured), `commands` (one file for each), `conformance` (the battery of
//! `check --conformance`), `output` and `graph` (what they write); for `run`: `executor`,
//! `relief`, `signals`, `logging`; for `run` and those who talk to it: `control`; for `top`: `top`.

mod args;
mod client;
mod commands;
mod config;
mod conformance;
mod control;
mod descriptors;
mod error;
mod executor;
mod gateway;
mod graph;
mod logging;
mod output;
mod relief;
mod signals;
mod top;

use args::Args;
use std::process::ExitCode;

/// Runs the program and tells how it is to end: 0 good, 1 something was rejected or failed, 2 wrong
/// usage or configuration. A reader that goes away is nobody's fault.
#[must_use]
pub fn main() -> ExitCode {
    #[cfg(unix)]
    if let Some(code) = jackfield_loader::run_if_worker(executor::of_worker) {
        return code;
    }
    let (args, format) = match Args::read() {
        Ok(read) => read,
        Err(error) => {
            // Nowhere to tell that the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match commands::dispatch(args, format) {
        Ok(outcome) => outcome.into(),
        Err(error) => error.report(),
    }
}
