use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    control::{Client, PluginReport, Report, Request},
    error::CommandError,
    output::{Cell, Out, Table, clean, elapsed, style, tell},
};
use anstyle::Style;
use jackfield_loader::{Code, Reason, State};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  jackfield status
  jackfield status greeter
  jackfield status --format json | jq -r '.plugins[] | select(.state == \"failed\") | .cause'

Exits with 1 where a plugin failed or was rejected or quarantined. Needs a running host";

/// Show how the running host and its plugins do
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Status {
    /// Only this plugin, and all that is known of it
    id: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Status {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let request = Request::Status {
            id: self.id.clone(),
        };
        let asked = Client::connect(&config.state)
            .and_then(|mut client| client.ask::<Report>(&request, Duration::ZERO));
        let report = tell(self.format, asked)?;
        let mut out = Out::new();
        match (self.format, &self.id) {
            (Format::Json, _) => out.json(&report)?,
            (_, None) => show_all(&mut out, &report)?,
            (_, Some(_)) => {
                for plugin in &report.plugins {
                    show_one(&mut out, plugin)?;
                }
            }
        }
        Ok(Outcome::bad_if(is_bad(&report)))
    }
}

fn is_bad(report: &Report) -> bool {
    let passed_over = |reason: &Reason| matches!(reason.code, Code::Disabled | Code::Superseded);
    report.plugins.iter().any(|plugin| {
        matches!(
            plugin.state,
            State::Failed | State::Rejected | State::Quarantined
        )
    }) || report
        .left_out
        .iter()
        .any(|file| !file.reasons.first().is_some_and(passed_over))
}

/// The host in one line.
pub(crate) fn host_line(report: &Report) -> String {
    let host = &report.host;
    let running = report.plugins.iter();
    let running = running
        .filter(|plugin| plugin.state == State::Running)
        .count();
    let mut line = format!(
        "jackfield {} (process {}) up {}: {running} of {} running",
        host.version,
        host.pid,
        elapsed(host.uptime_ms),
        report.plugins.len()
    );
    if host.abandoned_threads > 0 {
        line.push_str(&format!(
            ", {} threads left inside plugins",
            host.abandoned_threads
        ));
    }
    line
}

fn show_all(out: &mut Out, report: &Report) -> Result<(), CommandError> {
    out.line(host_line(report))?;
    let table = table(report);
    if !table.is_empty() {
        out.line("")?;
        out.table(&table)?;
    }
    let left_out = report.left_out.iter();
    let mut left_out = left_out
        .filter(|file| {
            file.reasons
                .iter()
                .all(|reason| reason.code != Code::Disabled)
        })
        .peekable();
    if left_out.peek().is_some() {
        let strong = style::STRONG;
        out.line(format!("\n{strong}LEFT OUT{strong:#}"))?;
    }
    for file in left_out {
        out.line(clean(&file.path))?;
        for note in notes_of(&file.reasons, file.root_cause.as_deref()) {
            out.indented("    ", &note)?;
        }
    }
    Ok(())
}

/// The plugins, and under each why it does not run.
pub(crate) fn table(report: &Report) -> Table {
    let plugins = &report.plugins;
    let mut table = Table::new(&[
        "PLUGIN", "VERSION", "STATE", "FOR", "HEALTH", "CALLS", "RESTARTS", "PANICS", "DROPPED",
    ]);
    for plugin in plugins {
        // Nobody was asked yet, or it does not run.
        let health = plugin.health.as_ref();
        table.cells(vec![
            Cell::new(&plugin.id),
            Cell::new(&plugin.version),
            Cell::new(plugin.state.as_str()).with(mark(plugin.state)),
            Cell::new(elapsed(plugin.state_ms)),
            Cell::new(health.map_or("", |health| &health.status)),
            count(plugin.calls),
            count(Some(plugin.restarts)),
            count(plugin.panics),
            count(plugin.dropped_events),
        ]);
        for note in notes(plugin) {
            table.note(note);
        }
    }
    table
}

fn count(number: Option<u64>) -> Cell {
    Cell::new(number.map_or(String::new(), |number| number.to_string())).right()
}

/// How a state looks.
fn mark(state: State) -> Style {
    match state {
        State::Running => style::GOOD,
        State::Failed | State::Rejected | State::Quarantined => style::BAD,
        State::Disabled | State::Stopped => style::FAINT,
        _ => style::WARNING,
    }
}

/// Why it is where it is, and what it does without.
pub(crate) fn notes(plugin: &PluginReport) -> Vec<String> {
    let mut notes = Vec::new();
    if plugin.state != State::Disabled {
        notes.extend(notes_of(&plugin.reasons, plugin.root_cause.as_deref()));
    }
    if plugin.reasons.is_empty() {
        notes.extend(plugin.cause.clone());
    }
    notes.extend(plugin.restart.clone());
    let unwell = plugin
        .health
        .iter()
        .filter(|health| health.status != "healthy");
    notes.extend(unwell.map(|health| format!("{}: {}", health.status, health.message)));
    notes.extend(
        plugin
            .degraded
            .iter()
            .map(|text| format!("degraded: {text}")),
    );
    notes
}

fn notes_of(reasons: &[Reason], root_cause: Option<&str>) -> Vec<String> {
    let reasons = reasons.iter();
    let reasons = reasons.map(|reason| format!("{}: {}", reason.code, reason.message));
    let root_cause = root_cause.map(|cause| format!("root cause: {cause}"));
    reasons.chain(root_cause).collect()
}

fn show_one(out: &mut Out, plugin: &PluginReport) -> Result<(), CommandError> {
    let mark = mark(plugin.state);
    let (id, state) = (clean(&plugin.id), plugin.state.as_str());
    let time = elapsed(plugin.state_ms);
    out.line(format!(
        "{id} {} is {mark}{state}{mark:#} for {time}, since {}",
        plugin.version, plugin.since
    ))?;
    for note in notes(plugin) {
        out.indented("  ", &note)?;
    }
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let health = plugin.health.as_ref().map(|health| {
        let metadata = health.metadata.as_ref().map(|value| format!(" {value}"));
        format!("{}{}", health.status, metadata.unwrap_or_default())
    });
    let level = (plugin.state == State::Running).then(|| plugin.log_level.clone());
    let rows = [
        ("kind", Some(plugin.kind.clone())),
        ("file", Some(plugin.path.clone())),
        ("content", plugin.sha256.clone()),
        ("library", plugin.unload.clone()),
        ("health", health),
        ("restarts", number(Some(plugin.restarts))),
        ("calls", number(plugin.calls)),
        ("inside now", number(plugin.inside)),
        ("panics", number(plugin.panics)),
        ("events dropped", number(plugin.dropped_events)),
        ("log level", level),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            out.line(format!("  {name:<15} {}", clean(&value)))?;
        }
    }
    for doing in &plugin.doing {
        let (what, time) = (clean(&doing.what), elapsed(doing.ms));
        out.line(format!("  inside          {what}, for {time}"))?;
    }
    Ok(())
}
