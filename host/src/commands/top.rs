use crate::{
    commands::{Outcome, status},
    config::Config,
    control::{Client, Report, Request},
    error::CommandError,
    output::Out,
    top::{self, Sort},
};
use std::{
    io::{self, IsTerminal},
    time::Duration,
};

const EXAMPLES: &str = "\
Examples:
  jackfield top
  jackfield top --sort calls --interval 5s
  jackfield top --once

Keys: q quits, arrows choose, s sorts by something else, r restarts the chosen plugin once that is
confirmed. Calls are those through a plugin's gate: requests, events, health. Plugins share the
host's threads, so the processor time is told of the whole process. Without a terminal, it is --once.
Needs a running host";

/// Show the running host's plugins live
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Top {
    /// Print one table and end
    #[arg(long)]
    once: bool,
    /// What the plugins are in order of
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
    /// How often the host is asked
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
}

fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if (100..=30_000).contains(&time.as_millis()) => Ok(time),
        _ => Err("expected a time from 100ms to 30s, such as 2s".to_owned()),
    }
}

impl Top {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let request = Request::Status { id: None };
        let mut client = Client::connect(&config.state)?;
        let mut report: Report = client.ask(&request, Duration::ZERO)?;
        drop(client);
        if self.once || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            let rows = top::rows(&report, None, self.sort).into_iter();
            report.plugins = rows.map(|row| row.plugin).collect();
            let mut out = Out::new();
            out.line(status::host_line(&report))?;
            out.line("")?;
            out.table(&status::table(&report))?;
            return Ok(Outcome::Good);
        }
        top::show(config.state.clone(), self.interval, self.sort).map_err(|source| {
            let doing = "use the terminal";
            CommandError::Process { doing, source }
        })?;
        Ok(Outcome::Good)
    }
}
