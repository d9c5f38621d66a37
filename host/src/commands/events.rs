use crate::{
    args::Format,
    client::{Events as Stream, HttpError, Reach, Told},
    commands::Outcome,
    config::Config,
    error::{CommandError, chain},
    output::{Out, clean, style, tell, warn},
};
use serde_json::Value;
use std::{thread, time::Duration};

const EXAMPLES: &str = "\
Examples:
  jackfield events
  jackfield events --plugin jobs --topic job_status
  jackfield events -n 1 --format json | jq .data

The first is which plugins there are; then what changes of that, and what plugins notify of. A host that
goes away is waited for, and asked for what came since. Asks the host of the state directory, or the one
of --url";

/// How long to wait before a host that went away is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Show what happens in the running host, as it happens
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Events {
    /// Only what this plugin notifies of; may be given several times
    #[arg(long, value_name = "ID")]
    plugin: Vec<String>,
    /// Only what is about this; may be given several times
    #[arg(long)]
    topic: Vec<String>,
    /// End after so many
    #[arg(short = 'n', long, value_name = "NUMBER")]
    number: Option<usize>,
    /// How to write it: one line of JSON for each
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

impl Events {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let (mut out, mut last, mut left) = (Out::new(), None, self.number);
        let mut stream = tell(self.format, self.open(config, None))?;
        loop {
            if left == Some(0) {
                return Ok(Outcome::Good);
            }
            match stream.next() {
                Some(Ok(told)) => {
                    show(&mut out, &told, self.format)?;
                    last = told.id.or(last);
                    left = left.map(|left| left - 1);
                }
                Some(Err(error)) => {
                    warn(&format!("the host went away: {error}: waiting for it"));
                    stream = self.again(config, last.as_deref())?;
                }
                None => {
                    warn("the host went away: waiting for it");
                    stream = self.again(config, last.as_deref())?;
                }
            }
        }
    }

    fn open(&self, config: &Config, last: Option<&str>) -> Result<Stream, CommandError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, values) in [("plugin", &self.plugin), ("topic", &self.topic)] {
            query.extend_pairs(values.iter().map(|value| (key, value)));
        }
        let path = format!("/events?{}", query.finish());
        // Found anew: a host that was started again may listen elsewhere.
        let session = self.reach.session(config)?;
        Ok(Stream::open(&session, &path, last)?)
    }

    /// Once it is there again; what it refuses is no matter of waiting.
    fn again(&self, config: &Config, last: Option<&str>) -> Result<Stream, CommandError> {
        loop {
            thread::sleep(PAUSE);
            match self.open(config, last) {
                Err(error) if is_passing(&error) => log::debug!("{}", chain(&error)),
                opened => return tell(self.format, opened),
            }
        }
    }
}

fn is_passing(error: &CommandError) -> bool {
    match error {
        CommandError::Client(_) => true,
        CommandError::Http(HttpError::Refused { status, .. }) => status.is_server_error(),
        CommandError::Http(error) => error.code() == 1,
        _ => false,
    }
}

fn show(out: &mut Out, told: &Told, format: Format) -> Result<(), CommandError> {
    if format == Format::Json {
        return out.line(&told.data);
    }
    let event: Value = serde_json::from_str(&told.data).unwrap_or_default();
    let text = |value: &Value| clean(value.as_str().unwrap_or_default()).into_owned();
    let (topic, data, mark) = (text(&event["topic"]), &event["data"], style::GOOD);
    match &*topic {
        "notification" => {
            let (plugin, topic) = (text(&data["plugin"]), text(&data["topic"]));
            let data = data["data"].to_string();
            out.line(format!("{mark}{plugin}{mark:#} {topic}: {}", clean(&data)))
        }
        "topology" => {
            let edges = data["edges"].as_object().into_iter().flatten();
            let plugins = edges.flat_map(|(_, edge)| edge["plugins"].as_object());
            let running = plugins.flatten().filter(|(_, it)| it["enabled"] == true);
            let running: Vec<String> = running.map(|(id, _)| clean(id).into_owned()).collect();
            let running = running.join(", ");
            out.line(format!("{mark}topology{mark:#} running: {running}"))
        }
        _ => out.line(format!(
            "{mark}{topic}{mark:#} {}",
            clean(&data.to_string())
        )),
    }
}
