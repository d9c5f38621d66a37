//! Who can start at all.

use super::{
    choose::{Chosen, Fate},
    flat::small,
    link::{Edge, Links, Tie},
};
use rustc_hash::FxHashMap;

/// Which ranks lack nothing, themselves or through what they require; cycles of requirements are
/// not seen. Costs what is left out, where [`startable`] costs everything.
pub(super) fn lacking_nothing(chosen: &Chosen, links: &Links) -> Vec<bool> {
    let is_chosen = |fate: &Fate| *fate == Fate::Chosen;
    let mut starts = chosen.fate.iter().map(is_chosen).collect::<Vec<_>>();
    let mut down = Vec::new();
    let mut leave_out = |rank: u32, down: &mut Vec<u32>| {
        if std::mem::replace(&mut starts[rank as usize], false) {
            down.push(rank);
        }
    };
    for finding in links.findings.iter().filter(|finding| !finding.optional) {
        leave_out(finding.rank, &mut down);
    }
    // Of requirements with several providers: how many may still do.
    let mut left = FxHashMap::default();
    while let Some(rank) = down.pop() {
        for &(from, at) in links.dependents.of(rank) {
            let edge = &links.edges[at as usize];
            if edge.tie == Tie::Required {
                let left = left
                    .entry(edge.cause)
                    .or_insert_with(|| providers(links, edge, at));
                *left -= 1;
                if *left == 0 {
                    leave_out(from, &mut down);
                }
            }
        }
    }
    starts
}

/// How many providers the requirement of an edge has.
fn providers(links: &Links, edge: &Edge, at: u32) -> usize {
    let same = |other: &&Edge| edge.same_requirement(other);
    let (before, rest) = links.edges.split_at(at as usize);
    let before = before.iter().rev().take_while(same).count();
    before + rest.iter().take_while(same).count()
}

/// Which ranks can start: those whose every requirement is met by one that can start without them.
/// This is the smallest such set, built from those that require nothing, so a cycle of
/// requirements never enters it, and where a service has several providers any of them will do.
pub(super) fn startable(chosen: &Chosen, links: &Links, requirements: usize) -> Vec<bool> {
    let mut met = vec![false; requirements];
    let mut needs = links.needs.clone();
    let mut starts = vec![false; chosen.fate.len()];
    let mut ready = (0..small(needs.len()))
        .filter(|&rank| chosen.fate[rank as usize] == Fate::Chosen && needs[rank as usize] == 0)
        .collect::<Vec<_>>();
    while let Some(rank) = ready.pop() {
        starts[rank as usize] = true;
        for &(from, at) in links.dependents.of(rank) {
            let edge = &links.edges[at as usize];
            if edge.tie == Tie::Required && !std::mem::replace(&mut met[edge.cause as usize], true)
            {
                let need = &mut needs[from as usize];
                *need -= 1;
                if *need == 0 {
                    ready.push(from);
                }
            }
        }
    }
    starts
}
