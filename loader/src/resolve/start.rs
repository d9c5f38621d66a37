//! Who can start at all.

use super::{
    choose::{Chosen, Fate},
    flat::{Flat, small},
    link::{Links, Tie},
};

/// Which ranks can start: those whose every requirement is met by one that can start without them.
/// This is the smallest such set, built from those that require nothing, so a cycle of
/// requirements never enters it, and where a service has several providers any of them will do.
pub(super) fn startable(chosen: &Chosen, links: &Links) -> Vec<bool> {
    let required = || {
        let edges = links.edges.iter().zip(0..);
        edges.filter(|(edge, _)| edge.tie == Tie::Required)
    };
    let dependents = Flat::new(
        chosen.fate.len(),
        required().map(|(edge, at)| (edge.to, at)),
    );
    let requirements = required().map(|(edge, _)| edge.cause + 1).max();
    let mut met = vec![false; requirements.unwrap_or(0) as usize];
    let mut needs = links.needs.clone();
    let mut starts = vec![false; chosen.fate.len()];
    let mut ready = (0..small(needs.len()))
        .filter(|&rank| chosen.fate[rank as usize] == Fate::Chosen && needs[rank as usize] == 0)
        .collect::<Vec<_>>();
    while let Some(rank) = ready.pop() {
        starts[rank as usize] = true;
        for &at in dependents.of(rank) {
            let edge = &links.edges[at as usize];
            if !std::mem::replace(&mut met[edge.cause as usize], true) {
                let need = &mut needs[edge.from as usize];
                *need -= 1;
                if *need == 0 {
                    ready.push(edge.from);
                }
            }
        }
    }
    starts
}
