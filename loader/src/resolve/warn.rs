//! What keeps nobody from starting, but should be known.

use super::{
    index::Index,
    link::{Lack, Links, Tie},
    order::{Live, Order, Strength},
    plan::{Warning, WarningKind},
    words::{Words, wanted},
};

/// Rank, kind, message: in this order.
type Found = (u32, WarningKind, String);

/// All warnings of those that start, in order of id.
pub(super) fn warnings(words: &mut Words<'_>, links: &Links, order: &Order) -> Vec<Warning> {
    let index = words.index;
    let mut found = Vec::new();
    for finding in &links.findings {
        if matches!(finding.lack, Lack::Mismatch | Lack::Host(_))
            && order.starts[finding.rank as usize]
        {
            let message = words.lack(finding).message;
            let message = format!("optionally requires {message}: treated as absent");
            found.push((finding.rank, WarningKind::OptionalOutOfRange, message));
        }
    }
    for (at, live) in order.edges.iter().enumerate() {
        if !live.kept {
            found.extend(given_up(index, &order.edges[at..], live));
        }
    }
    found.sort();
    let warning = |(rank, kind, message)| Warning {
        node: index.place(rank),
        kind,
        message,
    };
    found.into_iter().map(warning).collect()
}

/// What is said of an edge that was given up; `rest` begins with it.
fn given_up(index: &Index<'_>, rest: &[Live], live: &Live) -> Option<Found> {
    let edge = &live.edge;
    let (from, to) = (index.id(edge.from), index.id(edge.to));
    let requirement = || {
        let place = edge.cause - index.first_requirement(edge.from);
        &index.manifest(edge.from).requires[place as usize]
    };
    Some(match (live.strength, edge.tie) {
        (Strength::Spare | Strength::Required, _) => return None,
        (Strength::Order, Tie::Before) => (
            edge.to,
            WarningKind::OrderCycle,
            format!("is not started before {from}: that would close a cycle"),
        ),
        (Strength::Order, _) => (
            edge.from,
            WarningKind::OrderCycle,
            format!("is not started after {to}: that would close a cycle"),
        ),
        (Strength::Optional, _) => (
            edge.from,
            WarningKind::OptionalCycle,
            format!(
                "optionally requires {} and is not started after {to}: that would close a cycle",
                wanted(requirement())
            ),
        ),
        (Strength::Preferred, _) => {
            let other = rest
                .iter()
                .skip(1)
                .take_while(|other| other.edge.same_requirement(edge))
                .find(|other| other.kept)
                .map_or("another provider", |other| index.id(other.edge.to));
            (
                edge.from,
                WarningKind::ProviderCycle,
                format!(
                    "requires {} and is started after {other}, not after {to}: that would close \
                     a cycle",
                    wanted(requirement())
                ),
            )
        }
    })
}
