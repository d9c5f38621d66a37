use crate::{
    args::Format,
    commands::Outcome,
    config::Config,
    error::CommandError,
    output::{Out, clean, style, waiting, warn},
};
use jackfield_loader::{
    Code, Inventory, Need, Outcome as Planned, Proposal, Reason, Why as Answer, nearest,
};
use semver::Version;
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  jackfield why recorder
  jackfield why recorder --format json | jq -r .root_cause

Runs nothing of a plugin and needs no running host. Exits with 1 where the plugin would not start";

/// Say why a plugin would start, or would not, down to the root cause
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Why {
    /// The plugin's id
    id: String,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The answer as programs are told of it.
#[derive(Debug, Serialize)]
pub(crate) struct Told<'p> {
    id: &'p str,
    version: Option<&'p Version>,
    path: Option<String>,
    outcome: &'static str,
    /// From the plugin itself to the one with the root cause; empty where it starts.
    chain: Vec<Link<'p>>,
    root_cause: Option<String>,
    waits_for: Vec<Awaited<'p>>,
    required_by: Vec<Dependent<'p>>,
    degraded: Vec<String>,
    did_you_mean: Option<&'p str>,
}

#[derive(Debug, Serialize)]
struct Link<'p> {
    id: &'p str,
    version: &'p Version,
    path: String,
    reasons: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct Awaited<'p> {
    id: &'p str,
    need: &'static str,
}

#[derive(Debug, Serialize)]
struct Dependent<'p> {
    id: &'p str,
    optional: bool,
}

impl Told<'_> {
    /// There is no such plugin.
    pub(crate) fn is_unknown(&self) -> bool {
        self.outcome == "unknown"
    }
}

impl Why {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let mut inventory = Inventory::new(config.options());
        let proposal = waiting("checking plugins", None, |_| inventory.propose())?;
        inventory.remember();
        let told = tell(&self.id, &proposal);
        let mut out = Out::new();
        match self.format {
            Format::Json => out.json(&told)?,
            Format::Table => show(&mut out, &told)?,
        }
        if told.is_unknown() {
            for found in &proposal.unreadable {
                let message = found.reasons.first().map_or("", |reason| &reason.message);
                warn(&format!(
                    "{}: not readable: {message}",
                    found.path.display()
                ));
            }
        }
        Ok(Outcome::bad_if(told.outcome != "starts"))
    }
}

/// Of several files with that id, the one that counts: what starts, else what was not merely passed
/// over for another.
fn decisive(answers: &[Answer]) -> Option<&Answer> {
    answers.iter().min_by_key(|answer| match &answer.outcome {
        Planned::Starts { .. } => 0,
        Planned::RejectedBefore => 1,
        Planned::LeftOut { chain, .. } => {
            let reason = chain.first().and_then(|link| link.reasons.first());
            match reason.map(|reason| reason.code) {
                Some(Code::Superseded | Code::DuplicateId) => 2,
                _ => 1,
            }
        }
    })
}

pub(crate) fn tell<'p>(id: &'p str, proposal: &'p Proposal) -> Told<'p> {
    let plugins = &proposal.plugins;
    let answers = proposal.why(id);
    let name = |node: usize| plugins[node].manifest.id.as_str();
    let mut told = Told {
        id,
        version: None,
        path: None,
        outcome: "unknown",
        chain: Vec::new(),
        root_cause: None,
        waits_for: Vec::new(),
        required_by: Vec::new(),
        degraded: Vec::new(),
        did_you_mean: None,
    };
    let Some(answer) = decisive(&answers) else {
        told.did_you_mean = nearest(id, (0..plugins.len()).map(name));
        return told;
    };
    let plugin = &plugins[answer.node];
    told.version = Some(&plugin.manifest.version);
    told.path = Some(plugin.path.to_string_lossy().into_owned());
    told.required_by = dependents(answer, &name);
    match &answer.outcome {
        Planned::Starts {
            waits, degraded, ..
        } => {
            told.outcome = "starts";
            told.waits_for = awaited(waits, &name);
            told.degraded.clone_from(degraded);
        }
        Planned::LeftOut { chain, root_cause } => {
            told.outcome = "left-out";
            told.root_cause.clone_from(root_cause);
            told.chain = chain
                .iter()
                .map(|part| link(proposal, part.node, &part.reasons))
                .collect();
        }
        Planned::RejectedBefore => {
            told.outcome = "left-out";
            told.chain = vec![link(proposal, answer.node, &[])];
        }
    }
    told
}

/// One plugin of the chain; what was rejected before it came to the plan has its reasons itself.
fn link<'p>(proposal: &'p Proposal, node: usize, reasons: &[Reason]) -> Link<'p> {
    let plugin = &proposal.plugins[node];
    let reasons = if reasons.is_empty() {
        &plugin.reasons
    } else {
        reasons
    };
    Link {
        id: plugin.manifest.id.as_str(),
        version: &plugin.manifest.version,
        path: plugin.path.to_string_lossy().into_owned(),
        reasons: reasons.to_vec(),
    }
}

/// What it waits for, each once, with the strongest need.
fn awaited<'p>(waits: &[(usize, Need)], name: &impl Fn(usize) -> &'p str) -> Vec<Awaited<'p>> {
    let strength = |need: &str| {
        ["order", "optional", "required"]
            .iter()
            .position(|n| *n == need)
    };
    let mut all: Vec<Awaited<'p>> = Vec::new();
    for &(node, need) in waits {
        let (id, need) = (name(node), need_word(need));
        match all.iter_mut().find(|other| other.id == id) {
            Some(other) if strength(need) > strength(other.need) => other.need = need,
            Some(_) => {}
            None => all.push(Awaited { id, need }),
        }
    }
    all
}

fn need_word(need: Need) -> &'static str {
    match need {
        Need::Required { .. } => "required",
        Need::Optional { .. } => "optional",
        Need::Order => "order",
    }
}

fn dependents<'p>(answer: &Answer, name: &impl Fn(usize) -> &'p str) -> Vec<Dependent<'p>> {
    let all = answer.required_by.iter();
    all.map(|&(node, optional)| Dependent {
        id: name(node),
        optional,
    })
    .collect()
}

fn show(out: &mut Out, told: &Told<'_>) -> Result<(), CommandError> {
    let (good, bad) = (style::GOOD, style::BAD);
    let id = clean(told.id);
    let Some(version) = told.version else {
        return out.line(match told.did_you_mean {
            Some(near) => format!("there is no plugin {id}, did you mean `{near}`?"),
            None => format!("there is no plugin {id}"),
        });
    };
    if told.outcome == "starts" {
        out.line(format!("{id} {version} {good}starts{good:#}"))?;
        return show_neighbours(out, told);
    }
    out.line(format!("{id} {version} {bad}does not start{bad:#}"))?;
    for link in &told.chain {
        out.line(format!(
            "  {} {} ({})",
            link.id,
            link.version,
            clean(&link.path)
        ))?;
        for reason in &link.reasons {
            out.indented("    ", &format!("{}: {}", reason.code, reason.message))?;
        }
    }
    if let Some(cause) = &told.root_cause {
        out.indented("", &format!("root cause: {cause}"))?;
    }
    show_neighbours(out, told)
}

fn show_neighbours(out: &mut Out, told: &Told<'_>) -> Result<(), CommandError> {
    for awaited in &told.waits_for {
        out.line(format!("  after {} ({})", awaited.id, awaited.need))?;
    }
    for text in &told.degraded {
        out.indented("  ", &format!("degraded: {text}"))?;
    }
    for dependent in &told.required_by {
        let optional = if dependent.optional {
            " (optional)"
        } else {
            ""
        };
        out.line(format!("  required by {}{optional}", dependent.id))?;
    }
    Ok(())
}
