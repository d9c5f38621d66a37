//! `start`, `stop`, `restart`, `enable`, `disable`: one plugin of the running host is changed.

use crate::{
    args::{Common, Format},
    commands::{Outcome, noted::note},
    config::Config,
    control::{Client, ClientError, Done, LONGEST_WAIT, Order, Refusal, Request, write_enabled},
    error::CommandError,
    output::{self, Out, clean, tell},
};
use jackfield_loader::Inventory;
use std::time::Duration;

const WAITING: &str = "\
Waits until it is done, for 60 s or what --wait says; when that passes, the host goes on, and this
exits with 1, as where it was not done. Needs a running host";

/// Start a plugin of the running host, and before it what it requires
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  jackfield start greeter
  jackfield start greeter --dry-run
  jackfield start greeter --no-wait

{WAITING}"))]
pub(crate) struct Start {
    #[command(flatten)]
    ordered: Ordered,
}

/// Stop a plugin of the running host, and before it what requires it
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  jackfield stop greeter
  jackfield stop greeter --dry-run
  jackfield stop greeter --wait=5m

{WAITING}"))]
pub(crate) struct Stop {
    #[command(flatten)]
    ordered: Ordered,
}

/// Stop a plugin of the running host and start what lies on the disk now
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  jackfield restart greeter
  jackfield restart greeter --dry-run --format json

What required it and ran is brought back. Where what lies there now cannot be started, nothing is
stopped. {WAITING}"))]
pub(crate) struct Restart {
    #[command(flatten)]
    ordered: Ordered,
}

/// Enable a plugin in the configuration file and start it in the running host
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  jackfield enable greeter
  jackfield enable greeter --dry-run

Sets plugins.ID.enabled in the file of the running host in which it stands, or which has the plugin's
table, or the first; comments and order stay. Without a running host it changes the file that this
command line would run. {WAITING}"))]
pub(crate) struct Enable {
    #[command(flatten)]
    ordered: Ordered,
}

/// Disable a plugin in the configuration file and stop it in the running host
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  jackfield disable greeter
  jackfield disable greeter --dry-run

The same as enable, the other way round; what requires the plugin is stopped before it. {WAITING}"))]
pub(crate) struct Disable {
    #[command(flatten)]
    ordered: Ordered,
}

#[derive(Debug, clap::Args)]
struct Ordered {
    /// The plugin's id
    id: String,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// How long to wait until it is done, at most
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_value = "60s",
        default_missing_value = "60s",
        value_parser = wait
    )]
    wait: Duration,
    /// Return when the host has taken it, not when it is done
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn wait(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time >= Duration::from_millis(1) && time <= LONGEST_WAIT => Ok(time),
        Ok(_) => Err("expected a time from 1ms to 1day".to_owned()),
        Err(error) => Err(format!(
            "expected a time such as 30s or 5m: {}",
            error.to_string().to_lowercase()
        )),
    }
}

impl Start {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        self.ordered.run(config, Request::Start)
    }
}

impl Stop {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        self.ordered.run(config, Request::Stop)
    }
}

impl Restart {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        self.ordered.run(config, Request::Restart)
    }
}

impl Enable {
    pub(crate) fn run(self, config: &Config, common: &Common) -> Result<Outcome, CommandError> {
        let Self { ordered } = self;
        ordered.run_or_write(config, common, Request::Enable, true)
    }
}

impl Disable {
    pub(crate) fn run(self, config: &Config, common: &Common) -> Result<Outcome, CommandError> {
        let Self { ordered } = self;
        ordered.run_or_write(config, common, Request::Disable, false)
    }
}

impl Ordered {
    fn run(self, config: &Config, request: fn(Order) -> Request) -> Result<Outcome, CommandError> {
        let done = tell(self.format, self.ask(config, request))?;
        show(&done, self.format)
    }

    /// The same, and where no host runs, the file alone is changed.
    fn run_or_write(
        self,
        config: &Config,
        common: &Common,
        request: fn(Order) -> Request,
        enabled: bool,
    ) -> Result<Outcome, CommandError> {
        let done = match self.ask(config, request) {
            Err(ClientError::NoHost { .. }) => {
                tell(self.format, self.known(config))?;
                let file = write_enabled(common, &self.id, enabled, self.dry_run);
                let file = tell(self.format, file)?;
                if !self.dry_run && !file.lines.is_empty() {
                    let action = if enabled { "enable" } else { "disable" };
                    note(config, action, Some(&self.id), Some("no host ran"));
                }
                output::warn("no host runs: it counts from the next start");
                Done {
                    id: self.id,
                    dry_run: self.dry_run,
                    pending: false,
                    stop: Vec::new(),
                    start: Vec::new(),
                    state: None,
                    file: Some(file),
                }
            }
            answered => tell(self.format, answered)?,
        };
        show(&done, self.format)
    }

    fn ask(&self, config: &Config, request: fn(Order) -> Request) -> Result<Done, ClientError> {
        let wait = if self.no_wait {
            Duration::ZERO
        } else {
            self.wait
        };
        let request = request(Order {
            id: self.id.clone(),
            dry_run: self.dry_run,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        Client::connect(&config.state)?.ask(&request, wait)
    }

    /// Whether a plugin has that id, without a host to ask.
    fn known(&self, config: &Config) -> Result<(), ClientError> {
        let found = Inventory::new(config.options()).survey().plugins;
        let manifests = found.iter().filter_map(|found| found.manifest.as_deref());
        let mut ids = manifests.map(|manifest| manifest.id.as_str());
        match ids.clone().any(|id| id == self.id) {
            true => Ok(()),
            false => Err(Refusal::unknown(&self.id, &mut ids).into()),
        }
    }
}

fn show(done: &Done, format: Format) -> Result<Outcome, CommandError> {
    let mut out = Out::new();
    match format {
        Format::Json => out.json(done)?,
        Format::Table => {
            for line in lines(done) {
                out.line(clean(&line))?;
            }
        }
    }
    Ok(Outcome::Good)
}

fn lines(done: &Done) -> Vec<String> {
    let mut lines = Vec::new();
    match &done.file {
        Some(file) if done.dry_run && !file.lines.is_empty() => {
            lines.push(format!("{}:{}", file.path, file.line));
            lines.extend(file.lines.iter().cloned());
        }
        Some(file) => lines.push(file.to_string()),
        None => {}
    }
    let (stopped, started) = match (done.dry_run, done.pending) {
        (true, _) => ("would stop", "would start"),
        (_, true) => ("stopping", "starting"),
        _ => ("stopped", "started"),
    };
    for (what, ids) in [(stopped, &done.stop), (started, &done.start)] {
        if !ids.is_empty() {
            lines.push(format!("{what} {}", ids.join(", ")));
        }
    }
    if done.stop.is_empty() && done.start.is_empty() {
        match done.state {
            Some(state) if lines.is_empty() => {
                lines.push(format!("nothing to do: {} is {state}", done.id));
            }
            Some(state) => lines.push(format!("{} is {state}", done.id)),
            None => {}
        }
    }
    lines
}
