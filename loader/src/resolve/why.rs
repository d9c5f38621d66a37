//! Why a plugin runs, or does not.

use super::{Need, Node, Plan};
use crate::Reason;
use jackfield_manifest::{PluginId, Target};

/// What the plan says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Which file, as a place in the resolved slice.
    pub node: usize,
    /// Whether it starts.
    pub outcome: Outcome,
    /// Who requires it or a service that it provides: place in the resolved slice, and whether the
    /// requirement is optional. Those that are not enabled do not count.
    pub required_by: Vec<(usize, bool)>,
}

/// Whether a plugin starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It starts.
    Starts {
        /// Its place in [`Plan::start`].
        step: usize,
        /// What it waits for, as places in the resolved slice.
        waits: Vec<(usize, Need)>,
        /// What it does without, if anything.
        degraded: Vec<String>,
    },
    /// It stays out.
    LeftOut {
        /// From itself to the plugin with the root cause; never empty.
        chain: Vec<Link>,
        /// The root cause, where the first link is not itself the cause.
        root_cause: Option<String>,
    },
    /// It was rejected before it came to be resolved.
    RejectedBefore,
}

/// A plugin in a chain of those that stay out, each because of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which, as a place in the resolved slice.
    pub node: usize,
    /// Its id.
    pub id: PluginId,
    /// Everything that is wrong with it; empty where it was rejected before it came to be resolved.
    pub reasons: Vec<Reason>,
}

/// What a plan says of an id: one answer for each file that has it, in order of version and path;
/// none where no file has it ([`nearest`](super::nearest) may know what was meant).
///
/// `nodes` is what the plan was made from.
///
/// # Panics
///
/// When the plan was made from other nodes.
pub fn why(plan: &Plan, nodes: &[Node<'_>], id: &str) -> Vec<Why> {
    let mut files = (0..nodes.len())
        .filter(|&node| nodes[node].manifest.id.as_str() == id)
        .collect::<Vec<_>>();
    files.sort_by_key(|&node| (&nodes[node].manifest.version, nodes[node].path));
    files
        .into_iter()
        .map(|node| Why {
            node,
            outcome: outcome(plan, nodes, node),
            required_by: required_by(nodes, node),
        })
        .collect()
}

fn outcome(plan: &Plan, nodes: &[Node<'_>], node: usize) -> Outcome {
    if let Some(step) = plan.start.iter().position(|step| step.node == node) {
        let waits = plan.waits(step).iter();
        let degraded = plan
            .degraded
            .iter()
            .filter(|degraded| degraded.node == node);
        return Outcome::Starts {
            step,
            waits: waits
                .map(|wait| (plan.start[wait.step as usize].node, wait.need))
                .collect(),
            degraded: degraded.map(|degraded| degraded.message.clone()).collect(),
        };
    }
    let mut rejections = vec![None; nodes.len()];
    for rejection in &plan.rejected {
        rejections[rejection.node] = Some(rejection);
    }
    let Some(own) = rejections[node] else {
        return Outcome::RejectedBefore;
    };
    let mut chain = Vec::new();
    let mut next = Some(node);
    while let Some(node) = next {
        let rejection = rejections[node];
        chain.push(Link {
            node,
            id: nodes[node].manifest.id.clone(),
            reasons: rejection.map_or_else(Vec::new, |rejection| rejection.reasons.clone()),
        });
        next = rejection.and_then(|rejection| rejection.because);
    }
    Outcome::LeftOut {
        chain,
        root_cause: own.root_cause.clone(),
    }
}

fn required_by(nodes: &[Node<'_>], node: usize) -> Vec<(usize, bool)> {
    let wanted = nodes[node].manifest;
    let names = |target: &Target| match target {
        Target::Plugin(id) => *id == wanted.id,
        Target::Service(id) => wanted.provides.iter().any(|own| own.service == *id),
    };
    let mut found = Vec::new();
    for (other, dependent) in nodes.iter().enumerate().filter(|(_, node)| node.enabled()) {
        let requires = &dependent.manifest.requires;
        let mut all = requires
            .iter()
            .filter(|requirement| names(&requirement.target));
        if let Some(first) = all.next() {
            found.push((other, first.optional && all.all(|other| other.optional)));
        }
    }
    found.sort_by_key(|&(other, _)| {
        let manifest = nodes[other].manifest;
        (&manifest.id, &manifest.version, nodes[other].path)
    });
    found
}
