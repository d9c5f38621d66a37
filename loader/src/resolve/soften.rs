//! Cycles that are not made of required edges alone are opened at their weakest edges.

use super::{
    flat::{Components, Flat},
    link::Tie,
    order::{Live, Strength, rank_of},
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// Gives up edges until none is left in a cycle.
///
/// Only edges between members of one strong component are looked at, so each that is given up lies
/// on a cycle. Within a component, plugins are taken in a start order as long as one is ready;
/// when none is, that plugin is taken whose strongest open edge is weakest (then by priority and
/// id), and its open edges are given up. There is always one to take: all plugins here can start,
/// so one of them has what it requires, if not from its preferred provider.
pub(super) fn give_up_weakest(starts: &[bool], sorted: &[u32], keys: &[u64], edges: &mut [Live]) {
    let mut held = starts.to_vec();
    for &rank in sorted {
        held[rank as usize] = false;
    }
    let inside = |live: &&Live| held[live.edge.from as usize] && held[live.edge.to as usize];
    let pairs = edges.iter().filter(inside);
    let graph = Flat::new(
        starts.len(),
        pairs.map(|live| (live.edge.from, live.edge.to)),
    );
    let components = Components::new(&graph);
    let of = |rank: u32| components.of[rank as usize];
    let ring = edges
        .iter()
        .map(|live| inside(&live) && of(live.edge.from) == of(live.edge.to))
        .collect::<Vec<_>>();
    Opener::new(keys, edges, &ring).run();
}

/// What a plugin still waits for.
#[derive(Clone, Copy, Default)]
struct Open {
    /// Open edges of each strength below [`Strength::Required`].
    soft: [u32; Strength::Required as usize],
    /// Requirements of which no provider is taken.
    hard: u32,
    taken: bool,
}

impl Open {
    /// One more than the strongest open edge, 0 when none is open; `None` while a requirement is
    /// not met.
    fn level(&self) -> Option<usize> {
        let strongest = self.soft.iter().rposition(|&count| count > 0);
        (self.hard == 0).then(|| strongest.map_or(0, |strongest| strongest + 1))
    }
}

struct Opener<'a> {
    keys: &'a [u64],
    edges: &'a mut [Live],
    /// Rank to edges from it, and to edges to it, within components.
    needs: Flat,
    dependents: Flat,
    open: Vec<Open>,
    /// Requirement to whether a provider is taken, or stands outside of the component.
    met: Vec<bool>,
    /// Level and key; an entry whose level is no longer true is passed over.
    queue: BinaryHeap<Reverse<(usize, u64)>>,
}

impl<'a> Opener<'a> {
    fn new(keys: &'a [u64], edges: &'a mut [Live], ring: &[bool]) -> Self {
        let numbered = || edges.iter().zip(0..).zip(ring);
        let rings = || {
            numbered()
                .filter(|&(_, &ring)| ring)
                .map(|(numbered, _)| numbered)
        };
        let needs = Flat::new(keys.len(), rings().map(|(live, at)| (live.edge.from, at)));
        let dependents = Flat::new(keys.len(), rings().map(|(live, at)| (live.edge.to, at)));
        let requirements = edges.iter().map(|live| live.edge.cause + 1).max();
        let mut met = vec![false; requirements.unwrap_or(0) as usize];
        for ((live, _), ring) in numbered() {
            if !ring && live.edge.tie == Tie::Required {
                met[live.edge.cause as usize] = true;
            }
        }
        let mut open = vec![Open::default(); keys.len()];
        let mut last: Option<&Live> = None;
        for (live, _) in rings() {
            let open = &mut open[live.edge.from as usize];
            if let Some(count) = open.soft.get_mut(live.strength as usize) {
                *count += 1;
            }
            let first = !last.is_some_and(|last| last.edge.same_requirement(&live.edge));
            if first && live.edge.tie == Tie::Required && !met[live.edge.cause as usize] {
                open.hard += 1;
            }
            last = Some(live);
        }
        let queue = rings()
            .map(|(live, _)| live.edge.from)
            .filter_map(|rank| Some(Reverse((open[rank as usize].level()?, keys[rank as usize]))))
            .collect();
        Self {
            keys,
            edges,
            needs,
            dependents,
            open,
            met,
            queue,
        }
    }

    fn run(&mut self) {
        while let Some(Reverse((level, key))) = self.queue.pop() {
            let rank = rank_of(key);
            let open = &mut self.open[rank as usize];
            if !open.taken && open.level() == Some(level) {
                open.taken = true;
                self.give_up(rank);
                self.release(rank);
            }
        }
    }

    fn give_up(&mut self, rank: u32) {
        for &at in self.needs.of(rank) {
            let live = &mut self.edges[at as usize];
            live.kept = self.open[live.edge.to as usize].taken && live.edge.to != rank;
        }
    }

    fn release(&mut self, rank: u32) {
        for &at in self.dependents.of(rank) {
            let live = &self.edges[at as usize];
            let open = &mut self.open[live.edge.from as usize];
            if open.taken {
                continue;
            }
            let before = open.level();
            if let Some(count) = open.soft.get_mut(live.strength as usize) {
                *count -= 1;
            }
            let required = live.edge.tie == Tie::Required;
            if required && !std::mem::replace(&mut self.met[live.edge.cause as usize], true) {
                open.hard -= 1;
            }
            let level = open.level();
            if level != before
                && let Some(level) = level
            {
                let key = self.keys[live.edge.from as usize];
                self.queue.push(Reverse((level, key)));
            }
        }
    }
}
