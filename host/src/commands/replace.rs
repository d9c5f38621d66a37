use crate::{
    args::Common,
    commands::{
        Outcome,
        noted::note,
        set::{SetError, check, manifest, show},
        show::learn,
    },
    config::{Config, difference, load_with, quoted, replace},
    error::CommandError,
    output::{Out, clean},
};
use serde_json::{Map, Value};
use std::io::Read as _;

const EXAMPLES: &str = "\
Examples:
  jackfield config replace greeter '{\"greeting\": \"Welcome\", \"token\": \"********\"}' --dry-run
  jackfield config replace greeter - < greeter.json

What is as it was stays where it stands, with its comments; what is not given is taken out; a secret
that is masked as `config show` masks it keeps its value. It is checked against the plugin's schema
first. Exits with 2 where the configuration would not be good";

/// Set a plugin's whole configuration in the configuration file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Replace {
    /// The plugin's id
    id: String,
    /// The configuration as a JSON object; `-` reads it from the standard input
    json: String,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

impl Replace {
    pub(crate) fn run(self, config: &Config, common: &Common) -> Result<Outcome, CommandError> {
        let id = self.id.as_str();
        let manifest = manifest(config, id)?;
        let wanted = self.wanted()?;
        let failed = |error| SetError::Replace {
            id: id.to_owned(),
            error,
        };
        let mask = learn(config);
        let rewrite = replace(config, id, &wanted, &mask).map_err(failed)?;
        let after = load_with(common, &rewrite.texts())?;
        check(&manifest, id, &after)?;
        let mut out = Out::new();
        if rewrite.is_empty() {
            out.line(format!("{}: nothing differs", clean(id)))?;
        }
        if self.dry_run {
            for (path, before, text, changed) in rewrite.files() {
                let failed = |error| SetError::Edit {
                    path: path.clone(),
                    error,
                };
                let lines = difference(before, text, changed, &mask).map_err(failed)?;
                show(&mut out, path, lines)?;
            }
            return Ok(Outcome::Good);
        }
        rewrite.write().map_err(SetError::from)?;
        for (path, _, _, changed) in rewrite.files() {
            let names = changed.iter().map(|path| {
                let names: Vec<String> = path.iter().map(|name| quoted(name)).collect();
                names.join(".")
            });
            let names = names.collect::<Vec<_>>().join(", ");
            note(config, "config replace", Some(id), Some(&names));
            let path = path.display().to_string();
            out.line(format!("{}: changed {}", clean(&path), clean(&names)))?;
        }
        Ok(Outcome::Good)
    }

    fn wanted(&self) -> Result<Map<String, Value>, SetError> {
        let text = if self.json == "-" {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_to_string(&mut text);
            read.map_err(SetError::Input)?;
            text
        } else {
            self.json.clone()
        };
        match serde_json::from_str(&text) {
            Ok(Value::Object(wanted)) => Ok(wanted),
            Ok(_) => Err(SetError::Json("another value".to_owned())),
            Err(error) => Err(SetError::Json(format!("no JSON: {error}"))),
        }
    }
}
