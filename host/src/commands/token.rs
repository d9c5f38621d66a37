use crate::{
    args::Format,
    commands::{Outcome, noted::note},
    config::{Access, Config},
    error::CommandError,
    gateway::access::{self, Role, Token, Tokens, Wanted},
    output::{Cell, Out, Table, style, tell, warn},
};
use humantime::format_rfc3339_seconds;
use serde::Serialize;
use std::{
    num::NonZero,
    time::{Duration, SystemTime},
};

const NEW: &str = "\
Examples:
  jackfield token new --role use
  jackfield token new --role admin --name laptop --expires 30d
  TOKEN=$(jackfield token new --role read --rate 10)

The token is the only line on standard output. It is shown this once: the host keeps its SHA-256. A
client sends it as `Authorization: Bearer TOKEN`. A host that runs takes it within a second; it asks
for tokens with http.access = \"tokens\"";

const REVOKE: &str = "\
Examples:
  jackfield token revoke 1f2e3d4c

A host that runs refuses the token within a second. Exits with 1 where there is no such token";

const LIST: &str = "\
Examples:
  jackfield token list
  jackfield token list --format json | jq -r '.[] | select(.expired) | .id'";

/// A token for longer is one for ever.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// Make, list and revoke the tokens with which clients use the host over HTTP
#[derive(Debug, clap::Args)]
pub(crate) struct TokenCommand {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    New(New),
    List(List),
    Revoke(Revoke),
}

/// Make a token, and show it once
#[derive(Debug, clap::Args)]
#[command(after_help = NEW)]
struct New {
    /// How far it goes; each may do what those before it may
    #[arg(long, value_enum)]
    role: Role,
    /// What it is for; the audit log calls it so
    #[arg(long, default_value_t, hide_default_value = true)]
    name: String,
    /// For how long it counts, such as 30d; for ever without it
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    expires: Option<Duration>,
    /// The most requests per second
    #[arg(long, value_name = "NUMBER")]
    rate: Option<NonZero<u32>>,
}

/// List the tokens, without what is secret of them
#[derive(Debug, clap::Args)]
#[command(after_help = LIST)]
struct List {
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Take a token away
#[derive(Debug, clap::Args)]
#[command(after_help = REVOKE)]
struct Revoke {
    /// Its id, as `token list` shows it
    id: String,
}

fn lasting(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() && time <= LONGEST => Ok(time),
        Ok(_) => Err("expected a time above 0 and of at most 100 years".to_owned()),
        Err(error) => Err(format!("expected a time such as 30d: {error}")),
    }
}

impl TokenCommand {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        match self.command {
            Action::New(new) => new.run(config),
            Action::List(list) => list.run(config),
            Action::Revoke(revoke) => revoke.run(config),
        }
    }
}

impl New {
    fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let wanted = Wanted {
            name: self.name,
            role: self.role,
            expires: self.expires.map(|time| SystemTime::now() + time),
            rate: self.rate,
        };
        let (secret, token) = access::make(&config.state, wanted)?;
        noted(config, "token new", &token);
        Out::new().line(secret.text())?;
        if config.http.access == Access::Open {
            warn("http.access is \"open\": nobody is asked for a token until it is \"tokens\"");
        }
        Ok(Outcome::Good)
    }
}

impl Revoke {
    fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let token = access::revoke(&config.state, &self.id)?;
        noted(config, "token revoke", &token);
        Out::new().line(format!("revoked {} ({})", token.id, token.role))?;
        Ok(Outcome::Good)
    }
}

fn noted(config: &Config, action: &str, token: &Token) {
    let name = match &*token.name {
        "" => String::new(),
        name => format!(", {name}"),
    };
    let detail = format!("{} ({}{name})", token.id, token.role);
    note(config, action, None, Some(&detail));
}

/// One token, as programs are told of it.
#[derive(Debug, Serialize)]
struct Told<'t> {
    id: &'t str,
    name: &'t str,
    role: Role,
    created: String,
    expires: Option<String>,
    expired: bool,
    /// Requests per second.
    rate: Option<NonZero<u32>>,
}

impl<'t> Told<'t> {
    fn new(token: &'t Token, now: SystemTime) -> Self {
        let text = |time| format_rfc3339_seconds(time).to_string();
        Self {
            id: &token.id,
            name: &token.name,
            role: token.role,
            created: text(token.created),
            expires: token.expires.map(text),
            expired: token.has_expired(now),
            rate: token.rate,
        }
    }
}

impl List {
    fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let tokens = tell(self.format, Tokens::read(&config.state))?;
        let now = SystemTime::now();
        let told: Vec<Told<'_>> = tokens
            .all()
            .iter()
            .map(|token| Told::new(token, now))
            .collect();
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&told)?,
            Format::Table if told.is_empty() => {
                out.line("there are no tokens: `jackfield token new` makes one")?;
            }
            Format::Table => out.table(&table(&told))?,
        }
        Ok(Outcome::Good)
    }
}

fn table(tokens: &[Told<'_>]) -> Table {
    let mut table = Table::new(&["ID", "ROLE", "CREATED", "EXPIRES", "RATE", "NAME"]);
    for token in tokens {
        let expires = token.expires.as_deref().unwrap_or("never");
        let style = if token.expired {
            style::BAD
        } else {
            style::PLAIN
        };
        let rate = token.rate.map(|rate| format!("{rate}/s"));
        table.row([
            Cell::new(token.id),
            Cell::new(token.role.as_str()),
            Cell::new(&token.created),
            Cell::new(expires).with(style),
            Cell::new(rate.unwrap_or_default()).right(),
            Cell::new(token.name),
        ]);
    }
    table
}
