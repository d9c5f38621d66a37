use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    conformance::{self, Asks, ConformanceError, Examined},
    error::CommandError,
    output::{self, Out, Record, clean, style, waiting},
};
use jackfield_loader::{Found, Inventory};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::{path::PathBuf, sync::Arc, time::Duration};

const EXAMPLES: &str = "\
Examples:
  jackfield check target/release/libgreeter.so
  jackfield check plugins/*.so && echo all good
  jackfield check --format json plugins/*.so
  jackfield check --conformance --request 'GET /greet/Ada' target/release/libgreeter.so
  jackfield check --conformance --plugins ./plugins --junit report.xml plugins/librecorder.so

Reads the files in full and runs nothing of them, unless --conformance is given. Exits with 1 where one
of them cannot be loaded, a check has failed, or none could be made";

/// Say of each file whether it can be loaded
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Run a battery of checks against each plugin, every one in a process of its own: started and
    /// stopped again and again, badly configured, asked odd things
    #[arg(long)]
    conformance: bool,
    #[command(flatten)]
    battery: Battery,
}

/// What the battery goes by.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "With --conformance")]
struct Battery {
    /// Make only this check or group of checks; may be given several times
    #[arg(long, requires = "conformance", value_name = "CHECK", value_parser = conformance::known)]
    only: Vec<String>,
    /// The plugin's configuration, in TOML, instead of its section of the host's
    #[arg(long, requires = "conformance", value_name = "FILE")]
    with_config: Option<PathBuf>,
    /// A request that it is to answer, such as 'GET /ticks'; may be given several times
    #[arg(long, requires = "conformance", value_name = "REQUEST")]
    request: Vec<String>,
    /// How often it is stopped and started
    #[arg(
        long,
        requires = "conformance",
        value_name = "NUMBER",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    rounds: u32,
    /// How long an answer may take, in seconds
    #[arg(
        long,
        requires = "conformance",
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    answer_within: u64,
    /// Also write a report in the form of JUnit
    #[arg(long, requires = "conformance", value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl Battery {
    fn asks(&self) -> Result<Asks, ConformanceError> {
        let config = self.with_config.as_deref().map(conformance::config);
        Ok(Asks {
            only: self.only.clone(),
            rounds: self.rounds,
            requests: self.request.clone(),
            answer: Duration::from_secs(self.answer_within),
            config: config.transpose()?,
            interrupted: Arc::default(),
        })
    }
}

impl Check {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        if self.conformance {
            return self.examine(config);
        }
        let mut inventory = Inventory::new(config.options());
        let found: Vec<Found> = waiting("checking", Some(self.files.len()), |done| {
            let inspected = self.files.iter().map(|path| {
                let found = inventory.inspect(path);
                done();
                found
            });
            inspected.collect()
        });
        let records: Vec<Record<'_>> = found.iter().map(Record::new).collect();
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&records)?,
            Format::Table => {
                for (found, record) in found.iter().zip(&records) {
                    show(&mut out, found, record)?;
                }
            }
        }
        Ok(Outcome::bad_if(
            records.iter().any(|record| !record.is_loadable()),
        ))
    }
}

impl Check {
    fn examine(&self, config: &Config) -> Result<Outcome, CommandError> {
        let asks = self.battery.asks()?;
        for signal in [SIGINT, SIGTERM] {
            let doing = "listen for signals";
            flag::register(signal, Arc::clone(&asks.interrupted))
                .map_err(|source| CommandError::Process { doing, source })?;
        }
        let options = config.options();
        let mut inventory = Inventory::new(options.clone());
        let count = self.files.len() * conformance::COUNT;
        let examined = waiting("checking", Some(count), |done| {
            let mut examined = Vec::new();
            for path in &self.files {
                let found = inventory.inspect(path);
                examined.push(conformance::examine(
                    &found,
                    &mut inventory,
                    &options,
                    &asks,
                    &mut || done(),
                )?);
            }
            Ok::<Vec<Examined>, ConformanceError>(examined)
        })?;
        if let Some(path) = &self.battery.junit {
            conformance::junit(path, &examined)?;
        }
        for one in &examined {
            if let Some(why) = one.unchecked() {
                output::warn(&format!("{}: no check was made: {why}", one.path));
            }
        }
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&examined)?,
            Format::Table => {
                for (place, one) in examined.iter().enumerate() {
                    if place > 0 {
                        out.line("")?;
                    }
                    conformance::write(&mut out, one)?;
                }
            }
        }
        Ok(Outcome::bad_if(!examined.iter().all(Examined::is_good)))
    }
}

fn show(out: &mut Out, found: &Found, record: &Record<'_>) -> Result<(), CommandError> {
    let path = found.path.to_string_lossy();
    let path = clean(&path);
    let who = found.manifest.as_ref().map(|manifest| {
        let text = format!("{} {}", manifest.id, manifest.version);
        clean(&text).into_owned()
    });
    if record.is_loadable() {
        let good = style::GOOD;
        let who = who.unwrap_or_default();
        out.line(format!("{path}: {good}loadable{good:#}: {who}"))?;
    }
    for reason in record.reasons() {
        let bad = style::BAD;
        let message = clean(&reason.message);
        out.line(format!("{path}: {bad}{}{bad:#}: {message}", reason.code))?;
    }
    for warning in &found.warnings {
        let mark = style::WARNING;
        out.line(format!("{path}: {mark}warning{mark:#}: {}", clean(warning)))?;
    }
    Ok(())
}
