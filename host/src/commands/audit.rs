use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    error::CommandError,
    gateway::access::{self, Entry, past},
    output::{Out, clean, style, tell, warn},
};

const EXAMPLES: &str = "\
Examples:
  jackfield audit
  jackfield audit --plugin greeter -n 1000
  jackfield audit --format json | jq -r 'select(.result == \"refused\") | .from'

What changed the host, over HTTP, over its socket and by commands that need no running host, and who
was refused; of refusals that repeat themselves the first, and how many more there were. Needs no
running host";

/// Show the last of the audit log: who changed the host, and who was refused
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Audit {
    /// Only what is about this plugin
    #[arg(long, value_name = "ID")]
    plugin: Option<String>,
    /// How many of the last
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 100)]
    lines: usize,
    /// How to write it: one line of JSON for each
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Audit {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let plugin = self.plugin.as_deref();
        let wanted = |entry: &Entry| plugin.is_none() || entry.plugin.as_deref() == plugin;
        let past = tell(self.format, past(&config.state, self.lines, wanted))?;
        let mut out = Out::new();
        for entry in &past.entries {
            match self.format {
                Format::Json => out.line(serde_json::to_string(entry)?)?,
                Format::Table => show(&mut out, entry)?,
            }
        }
        if past.broken > 0 {
            warn(&format!(
                "{} lines cannot be read: they were cut off when a host was killed or its disk was \
                 full, or somebody else wrote them",
                past.broken
            ));
        }
        Ok(Outcome::Good)
    }
}

fn show(out: &mut Out, entry: &Entry) -> Result<(), CommandError> {
    let mark = match entry.result {
        access::Outcome::Done => style::GOOD,
        access::Outcome::Failed | access::Outcome::Lost => style::BAD,
        access::Outcome::Refused => style::WARNING,
    };
    let (time, result) = (clean(&entry.time), entry.result.as_str());
    let told = told(entry);
    out.line(format!("{time} {mark}{result:<7}{mark:#} {}", clean(&told)))
}

/// All that stands in a line, in words.
fn told(entry: &Entry) -> String {
    if entry.result == access::Outcome::Lost {
        let lines = entry.repeated.unwrap_or_default();
        return format!("{lines} lines are missing: the disk did not take them");
    }
    let mut text = entry.who.clone();
    let mut add = |before: &str, part: Option<&str>, after: &str| {
        if let Some(part) = part {
            text.extend([before, part, after]);
        }
    };
    add(" from ", entry.from.as_deref(), "");
    add(": ", Some(&entry.action), "");
    add(" [", entry.plugin.as_deref(), "]");
    add(
        " ",
        entry.status.map(|status| status.to_string()).as_deref(),
        "",
    );
    add(
        ", ",
        entry.repeated.map(|more| more.to_string()).as_deref(),
        " more",
    );
    add(": ", entry.detail.as_deref(), "");
    add(" (request ", entry.request.as_deref(), ")");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_that_is_known() {
        let mut entry = Entry::new("token 1f2e3d4c (ci)", "POST /api/plugins/web/stop")
            .from(Some("127.0.0.1:4711"))
            .on(Some("web"))
            .by(Some("r1"))
            .with(access::Outcome::Refused, Some("too low"))
            .answered(403);
        entry.repeated = Some(7);
        assert_eq!(
            told(&entry),
            "token 1f2e3d4c (ci) from 127.0.0.1:4711: POST /api/plugins/web/stop [web] 403, 7 more: \
             too low (request r1)"
        );
        assert_eq!(
            told(&Entry::new("control socket", "stop")),
            "control socket: stop"
        );
    }
}
