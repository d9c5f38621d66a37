use crate::{
    args::Format,
    client::{Reach, Session},
    commands::Outcome,
    config::Config,
    error::CommandError,
    output::{Cell, Out, Table, tell, warn},
};
use serde_json::Value;
use std::collections::BTreeMap;

const EXAMPLES: &str = "\
Examples:
  jackfield sessions
  jackfield sessions sysinfo
  jackfield sessions --format json | jq -r '.sysinfo[]'

With tokens it needs one of role admin: who knows a session's id can use it. Asks the host of the state
directory, or the one of --url";

/// Show the open sessions of the running host's plugins
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sessions {
    /// Only this plugin's
    plugin: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

impl Sessions {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let session = tell(self.format, self.reach.session(config))?;
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut is_whole = true;
        match self.plugin {
            Some(id) => {
                let open = tell(self.format, open(&session, &id))?;
                all.insert(id, open);
            }
            None => {
                for id in tell(self.format, running(&session))? {
                    match open(&session, &id) {
                        Ok(open) => drop(all.insert(id, open)),
                        // The others have theirs all the same.
                        Err(error) => {
                            is_whole = false;
                            warn(&format!("{id}: {}", crate::error::chain(&error)));
                        }
                    }
                }
            }
        }
        show(&all, self.format)?;
        Ok(Outcome::bad_if(!is_whole))
    }
}

fn show(all: &BTreeMap<String, Vec<String>>, format: Format) -> Result<(), CommandError> {
    let mut out = Out::new();
    if format == Format::Json {
        return out.json(all);
    }
    if all.values().all(Vec::is_empty) {
        return out.line("there are no sessions");
    }
    let mut table = Table::new(&["PLUGIN", "SESSION"]);
    for (id, open) in all {
        for session in open {
            table.row([Cell::new(id), Cell::new(session)]);
        }
    }
    out.table(&table)
}

/// Which plugins run.
fn running(session: &Session) -> Result<Vec<String>, CommandError> {
    let path = "/api/plugins";
    let told = session.get(path)?;
    let plugins = told["plugins"].as_array();
    let plugins = plugins.ok_or_else(|| session.strange(path))?.iter();
    let running = plugins.filter(|plugin| plugin["state"] == "running");
    Ok(texts(running.map(|plugin| &plugin["id"])))
}

fn open(session: &Session, id: &str) -> Result<Vec<String>, CommandError> {
    let path = format!("/{id}/list_sessions");
    let told = session.get(&path)?;
    let sessions = told["sessions"].as_array();
    Ok(texts(
        sessions.ok_or_else(|| session.strange(&path))?.iter(),
    ))
}

fn texts<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<String> {
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
