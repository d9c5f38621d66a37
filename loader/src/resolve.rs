//! Which plugins start, in which order, and why the others do not.
//!
//! A pure function: no file, no clock, no lock; what it answers does not depend on the order of its
//! input, and takes time in proportion to plugins and edges (an edge is a requirement and one plugin
//! that has the id or provides the service), but for the sorting of names. Nothing recurses.
//!
//! The walk, a file for each step:
//!
//! 1. `index`: sort by id, version and path; give each id and each service a number.
//! 2. `choose`: one file of each id. The same version twice: the first by path. Several versions:
//!    the highest that all dependents accept, else the highest that those accept which cannot do
//!    without, else the highest. Dependents that count are enabled and themselves chosen; ids that
//!    require each other are settled together, and there every candidate counts.
//! 3. `link`: requirements become edges or findings. A service's providers in range are ranked by
//!    priority (the smaller first), version (the higher first) and id; any of them meets the
//!    requirement, and a plugin does not provide for itself while another does.
//! 4. `start`, `order`: what can start does, and nothing else. A service whose preferred provider
//!    fails is met by the next. Dependencies first, then priority, then id.
//! 5. `soften`: cycles that no set of required edges makes are opened, at further providers before
//!    `after` and `before`, at these before optional requirements, and at these before the
//!    preferred one of several providers; of equals, at the plugin that comes first by priority
//!    and id.
//! 6. `explain`, `warn`: what stays out, with all its faults: what it lacks itself, then a cycle
//!    that it is in, then what it requires that stays out. The first names the root cause.
//!

mod choose;
mod cycle;
mod explain;
mod flat;
mod index;
mod link;
mod names;
mod nearest;
mod order;
mod plan;
mod ready;
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
use flat::{Flat, small};
use index::Index;
use jackfield_manifest::Manifest;
use link::{Edge, Links, Tie};
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
    let order = Order::new(&index, &chosen, &links);
    let explanation = explain::explain(&index, &chosen, &links, &order.starts);
    let warnings = warn::warnings(&mut Words::new(&index, &chosen), &links, &order);
    let (start, waits) = steps(&index, &links, &order);
    Plan {
        start,
        waits,
        rejected: explanation.rejected,
        degraded: explanation.degraded,
        warnings,
    }
}

/// The order in the words of the plan: steps, and what each waits for.
fn steps(index: &Index<'_>, links: &Links, order: &Order) -> (Vec<Step>, Vec<Wait>) {
    let mut position = vec![0_u32; index.len()];
    let mut start = Vec::with_capacity(order.ranks.len());
    for (step, &rank) in (0..).zip(&order.ranks) {
        position[rank as usize] = step;
        start.push(Step {
            node: index.place(rank),
            waits: 0..0,
        });
    }
    let mut kept = vec![
        true;
        if order.edges.is_empty() {
            0
        } else {
            links.edges.len()
        }
    ];
    for live in order.edges.iter().filter(|live| !live.kept) {
        kept[live.at as usize] = false;
    }
    let starts = |rank: u32| order.starts[rank as usize];
    let before = links.before().map(|at| (links.edges[at as usize].from, at));
    let before = Flat::new(
        if links.before().is_empty() {
            0
        } else {
            index.len()
        },
        before,
    );
    let mut waits = Vec::with_capacity(links.edges.len());
    for &rank in index.rank_of.iter().filter(|&&rank| starts(rank)) {
        let first = small(waits.len());
        let requirements = index.first_requirement(rank);
        let others = if before.keys() == 0 {
            &[]
        } else {
            before.of(rank)
        };
        for at in links.own_range(rank).chain(others.iter().copied()) {
            let edge = &links.edges[at as usize];
            if starts(edge.to) && kept.get(at as usize).is_none_or(|&kept| kept) {
                waits.push(Wait {
                    step: position[edge.to as usize],
                    need: need(edge, requirements),
                });
            }
        }
        start[position[rank as usize] as usize].waits = first..small(waits.len());
    }
    (start, waits)
}

fn need(edge: &Edge, first: u32) -> Need {
    match edge.tie {
        Tie::Required => Need::Required {
            requirement: edge.cause - first,
        },
        Tie::Optional => Need::Optional {
            requirement: edge.cause - first,
        },
        Tie::After | Tie::Before => Need::Order,
    }
}
