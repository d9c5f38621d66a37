use crate::{
    args::{Format, Listing},
    commands::{Outcome, absent::absent, list::nothing},
    config::Config,
    error::CommandError,
    output::{Cell, Out, Table, clean, style, waiting, warn},
};
use jackfield_loader::{Code, Found, Inventory, Proposal, Reason};
use semver::Version;
use serde::Serialize;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  jackfield plan
  jackfield plan --all               as if every plugin were enabled
  jackfield plan --format json | jq -r '.start[].id'

Runs nothing of a plugin and needs no running host. Exits with 1 where an enabled plugin would not
start";

/// Show what would start, in which order, and what would not, and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Plan {
    #[command(flatten)]
    listing: Listing,
}

/// The plan as programs are told of it.
#[derive(Debug, Serialize)]
pub(crate) struct Told<'p> {
    start: Vec<Started<'p>>,
    rejected: Vec<LeftOut<'p>>,
}

#[derive(Debug, Serialize)]
struct Started<'p> {
    id: &'p str,
    version: &'p Version,
    path: String,
    /// What it waits for, each once.
    after: Vec<&'p str>,
}

#[derive(Debug, Serialize)]
struct LeftOut<'p> {
    id: Option<&'p str>,
    path: String,
    /// The decisive one.
    code: Code,
    /// All that is wrong.
    message: String,
    root_cause: Option<&'p str>,
    #[serde(skip)]
    version: Option<&'p Version>,
    #[serde(skip)]
    reasons: &'p [Reason],
}

impl Plan {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let options = config.options();
        let mut inventory = Inventory::new(options.clone());
        let proposal = waiting("checking plugins", None, |_| inventory.propose())?;
        inventory.remember();
        let told = tell(&proposal, self.listing.all_files);
        let bad = told.rejected.iter().any(|left_out| is_bad(left_out.code));
        let mut out = Out::new();
        match self.listing.format {
            Format::Json => out.json(&told)?,
            Format::Table if told.start.is_empty() && told.rejected.is_empty() => {
                out.line(nothing(&options))?;
            }
            Format::Table => show(&mut out, &told)?,
        }
        for warning in warnings(config, &proposal) {
            warn(&warning);
        }
        Ok(Outcome::bad_if(bad))
    }
}

/// Whether something is wrong with what is left out for this reason, rather than decided.
fn is_bad(code: Code) -> bool {
    !matches!(code, Code::Disabled | Code::Superseded | Code::NotAPlugin)
}

/// What keeps nothing from starting and is worth saying.
pub(super) fn warnings(config: &Config, proposal: &Proposal) -> Vec<String> {
    let Proposal { plan, plugins, .. } = proposal;
    let id = |node: usize| &plugins[node].manifest.id;
    let degraded = plan.degraded.iter();
    let degraded = degraded.map(|degraded| format!("{}: {}", id(degraded.node), degraded.message));
    let warned = plan.warnings.iter();
    let warned = warned.map(|warning| format!("{}: {}", id(warning.node), warning.message));
    let mut warnings = proposal.warnings.clone();
    warnings.extend(degraded.chain(warned));
    warnings.extend(absent(
        config,
        plugins.iter().map(|plugin| plugin.manifest.id.as_str()),
    ));
    warnings
}

pub(crate) fn tell(proposal: &Proposal, all_files: bool) -> Told<'_> {
    let Proposal { plan, plugins, .. } = proposal;
    let start = (0..plan.start.len()).map(|step| {
        let plugin = &plugins[plan.start[step].node];
        let mut after: Vec<&str> = Vec::new();
        for wait in plan.waits(step) {
            let other = &plugins[plan.start[wait.step as usize].node];
            if !after.contains(&other.manifest.id.as_str()) {
                after.push(other.manifest.id.as_str());
            }
        }
        Started {
            id: plugin.manifest.id.as_str(),
            version: &plugin.manifest.version,
            path: text(&plugin.path),
            after,
        }
    });
    Told {
        start: start.collect(),
        rejected: left_out(proposal, all_files),
    }
}

fn left_out(proposal: &Proposal, all_files: bool) -> Vec<LeftOut<'_>> {
    let Proposal { plan, plugins, .. } = proposal;
    let mut all: Vec<LeftOut<'_>> = Vec::new();
    let resolved = plan.rejected.iter();
    let resolved = resolved.map(|r| (r.node, &*r.reasons, r.root_cause.as_deref()));
    let before = plugins.iter().enumerate();
    let before = before.filter(|(_, plugin)| plugin.enabled && !plugin.reasons.is_empty());
    let before = before.map(|(node, plugin)| (node, &*plugin.reasons, None));
    for (node, reasons, root_cause) in before.chain(resolved) {
        let manifest = &plugins[node].manifest;
        all.push(LeftOut {
            id: Some(manifest.id.as_str()),
            version: Some(&manifest.version),
            root_cause,
            ..LeftOut::new(&plugins[node].path, reasons)
        });
    }
    let others = proposal.others.iter().filter(|_| all_files);
    let files = proposal.unreadable.iter().chain(others);
    all.extend(files.map(|Found { path, reasons, .. }| LeftOut::new(path, reasons)));
    all.sort_by(|a, b| (a.id.is_none(), a.id, &a.path).cmp(&(b.id.is_none(), b.id, &b.path)));
    all
}

impl<'p> LeftOut<'p> {
    fn new(path: &Path, reasons: &'p [Reason]) -> Self {
        let messages: Vec<&str> = reasons.iter().map(|reason| &*reason.message).collect();
        Self {
            id: None,
            path: text(path),
            code: reasons
                .first()
                .map_or(Code::NotAPlugin, |reason| reason.code),
            message: messages.join("; "),
            root_cause: None,
            version: None,
            reasons,
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn show(out: &mut Out, told: &Told<'_>) -> Result<(), CommandError> {
    let mut table = Table::new(&["STEP", "PLUGIN", "VERSION", "AFTER"]);
    for (started, step) in told.start.iter().zip(1..) {
        table.row([
            Cell::number(step),
            Cell::new(started.id).with(style::GOOD),
            Cell::new(started.version.to_string()),
            Cell::new(started.after.join(", ")),
        ]);
    }
    match table.is_empty() {
        true => out.line("nothing starts")?,
        false => out.table(&table)?,
    }
    if told.rejected.is_empty() {
        return Ok(());
    }
    let strong = style::STRONG;
    out.line(format!("\n{strong}NOT STARTED{strong:#}"))?;
    for left_out in &told.rejected {
        show_left_out(out, left_out)?;
    }
    Ok(())
}

fn show_left_out(out: &mut Out, left_out: &LeftOut<'_>) -> Result<(), CommandError> {
    let mark = match left_out.code {
        code if is_bad(code) => style::BAD,
        _ => style::FAINT,
    };
    let path = clean(&left_out.path);
    match (left_out.id, left_out.version) {
        (Some(id), Some(version)) => {
            out.line(format!("{mark}{id} {version}{mark:#} ({path})"))?;
        }
        _ => out.line(format!("{mark}{path}{mark:#}"))?,
    }
    for reason in left_out.reasons {
        out.indented("    ", &format!("{}: {}", reason.code, reason.message))?;
    }
    match left_out.root_cause {
        None => Ok(()),
        Some(cause) => out.indented("    ", &format!("root cause: {cause}")),
    }
}
