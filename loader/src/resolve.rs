//! Which plugins start, in which order, and why the others do not.
//!
//! A pure function: no file, no clock, no lock; what it answers does not depend on the order of its
//! input, and takes time in proportion to plugins and edges (an edge is a requirement and one plugin
//! that meets it), but for the sorting of names. Nothing recurses.

mod choose;
mod cycle;
mod explain;
mod flat;
mod index;
mod link;
mod nearest;
mod order;
mod plan;
mod soften;
mod start;
#[cfg(test)]
mod tests;
mod warn;
mod why;
mod words;

pub use nearest::nearest;
pub use plan::{Degraded, Need, Plan, Rejection, Step, Wait, Warning, WarningKind};
pub use why::{Link, Outcome, Why, why};

use choose::Chosen;
use flat::small;
use index::Index;
use jackfield_manifest::Manifest;
use link::{Links, Tie};
use order::Order;
use std::path::Path;
use words::Words;

/// A plugin file, as the resolver sees it.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// Where it lies; no two nodes have the same path.
    pub path: &'a Path,
    /// What it says of itself.
    pub manifest: &'a Manifest,
    /// Whether it may start.
    pub standing: Standing<'a>,
    /// Orders what dependencies leave open, the smaller first: the manifest's, or what the
    /// configuration says instead.
    pub priority: i32,
}

impl Node<'_> {
    fn enabled(&self) -> bool {
        self.standing == Standing::Enabled
    }
}

/// Whether a plugin may start, as far as was known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It may.
    Enabled,
    /// The configuration does not enable it.
    Disabled,
    /// An earlier step rejected it, for this reason. It is here only so that those that require it
    /// can say so; the plan does not list it.
    Rejected(&'a str),
}

/// Makes the plan.
///
/// # Panics
///
/// At four billion plugins, requirements or edges.
pub fn resolve(nodes: &[Node<'_>]) -> Plan {
    let index = Index::new(nodes);
    let chosen = Chosen::new(&index);
    let links = Links::new(&index, &chosen);
    let starts = start::startable(&chosen, &links);
    let order = Order::new(&index, &starts, &links);
    let explanation = explain::explain(&index, &chosen, &links, &starts);
    let warnings = warn::warnings(&mut Words::new(&index, &chosen), &links, &starts, &order);
    let (start, waits) = steps(&index, &order);
    Plan {
        start,
        waits,
        rejected: explanation.rejected,
        degraded: explanation.degraded,
        warnings,
    }
}

/// The order in the words of the plan: steps, and what each waits for.
fn steps(index: &Index<'_>, order: &Order) -> (Vec<Step>, Vec<Wait>) {
    let mut position = vec![0_u32; index.len()];
    for (step, &rank) in (0..).zip(&order.ranks) {
        position[rank as usize] = step;
    }
    let kept = order.edges.iter().zip(0..).filter(|(live, _)| live.kept);
    let by_step = flat::Flat::new(
        order.ranks.len(),
        kept.map(|(live, at)| (position[live.edge.from as usize], at)),
    );
    let mut waits = Vec::with_capacity(order.edges.len());
    let mut start = Vec::with_capacity(order.ranks.len());
    for (step, &rank) in (0..).zip(&order.ranks) {
        let first = small(waits.len());
        let own = index.requirements(rank).start;
        for &at in by_step.of(step) {
            let edge = &order.edges[at as usize].edge;
            waits.push(Wait {
                step: position[edge.to as usize],
                need: match edge.tie {
                    Tie::Required => Need::Required {
                        requirement: edge.cause - own,
                    },
                    Tie::Optional => Need::Optional {
                        requirement: edge.cause - own,
                    },
                    Tie::After | Tie::Before => Need::Order,
                },
            });
        }
        start.push(Step {
            node: index.place(rank),
            waits: first..small(waits.len()),
        });
    }
    (start, waits)
}
