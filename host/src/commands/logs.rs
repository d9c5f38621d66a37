use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    control::{Answer, Client, ClientError, Code, Reading, Refusal, Request},
    error::CommandError,
    logging::{Line, message},
    output::{self, Out, clean, style, tell},
};

const EXAMPLES: &str = "\
Examples:
  jackfield logs greeter
  jackfield logs -f                      everything, as it comes
  jackfield logs -f greeter --level warn
  jackfield logs -n 1000 --format json | jq -r .message

The host keeps its last 10,000 records, or 8 MiB of them. Of a plugin: what it logs itself, and what
the host says of it. Who reads too slowly is told how many were passed by. Needs a running host";

/// Show the last of the running host's log, and what comes from then on
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Logs {
    /// Only this plugin's
    id: Option<String>,
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    /// How many of the last
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 100)]
    lines: usize,
    /// Only this level and graver ones
    #[arg(long, value_parser = ["error", "warn", "info", "debug", "trace"])]
    level: Option<String>,
    /// How to write it: one line of JSON for each record
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Logs {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let request = Request::Logs(Reading {
            id: self.id,
            level: self.level.and_then(|level| level.parse().ok()),
            lines: self.lines,
            follow: self.follow,
        });
        let began = Client::connect(&config.state).and_then(|mut client| {
            client.begin(&request, self.follow)?;
            Ok(client)
        });
        let mut client = tell(self.format, began)?;
        let mut out = Out::new();
        loop {
            match client.next() {
                Ok(Answer::Record(line)) => show(&mut out, &line, self.format)?,
                Ok(Answer::Dropped(count)) => output::warn(&format!(
                    "{count} records were passed by: they came faster than they were read"
                )),
                Ok(Answer::Ok(_)) => return Ok(Outcome::Good),
                Ok(Answer::Error(Refusal {
                    code: Code::Stopping,
                    message,
                    ..
                })) => {
                    output::warn(&message);
                    return Ok(Outcome::Good);
                }
                Ok(Answer::Error(refusal)) => {
                    tell(self.format, Err(ClientError::from(refusal)))?;
                }
                Err(ClientError::Gone) if self.follow => {
                    tell(self.format, Err(ClientError::CutOff))?;
                }
                Err(error) => tell(self.format, Err(error))?,
            }
        }
    }
}

fn show(out: &mut Out, line: &Line, format: Format) -> Result<(), CommandError> {
    if format == Format::Json {
        return out.line(serde_json::to_string(line)?);
    }
    let mark = match line.level {
        log::Level::Error => style::BAD,
        log::Level::Warn => style::WARNING,
        log::Level::Info => style::GOOD,
        _ => style::FAINT,
    };
    let fields = line.fields.iter();
    let fields = fields.map(|(key, value)| (key.into(), value.into()));
    let text = message(&line.message, fields);
    let (time, level, who) = (clean(&line.time), line.level, clean(&line.target));
    out.line(format!("{time} {mark}{level:<5}{mark:#} {who}: {text}"))
}
