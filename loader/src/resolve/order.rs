//! Among those that can start, who starts after whom.

use super::{
    flat::{Flat, small},
    index::Index,
    link::{Edge, Links, Tie},
    soften,
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// How much an edge counts for where edges close a cycle: the weakest is given up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// To a provider that is not the preferred one.
    Spare,
    /// `after` and `before`.
    Order,
    /// To what an optional requirement names.
    Optional,
    /// To the preferred of several providers.
    Preferred,
    /// To what alone meets a requirement; never given up, and never in a cycle here.
    Required,
}

/// An edge between two that start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    pub(super) edge: Edge,
    pub(super) strength: Strength,
    pub(super) kept: bool,
}

/// The start order, and the edges between those that start.
pub(super) struct Order {
    pub(super) ranks: Vec<u32>,
    pub(super) edges: Vec<Live>,
}

impl Order {
    pub(super) fn new(index: &Index<'_>, starts: &[bool], links: &Links) -> Self {
        let keys = (0..small(index.len()))
            .map(|rank| key(index.node(rank).priority, rank))
            .collect::<Vec<_>>();
        let mut edges = live(starts, links);
        let dependents = Flat::new(
            index.len(),
            edges.iter().zip(0..).map(|(live, at)| (live.edge.to, at)),
        );
        let wanted = starts.iter().filter(|&&starts| starts).count();
        let mut ranks = sort(starts, &keys, &edges, &dependents, wanted);
        if ranks.len() < wanted {
            soften::give_up_weakest(starts, &ranks, &keys, &mut edges);
            ranks = sort(starts, &keys, &edges, &dependents, wanted);
        }
        debug_assert_eq!(ranks.len(), wanted, "required edges close no cycle here");
        Self { ranks, edges }
    }
}

/// Smaller priority first, then smaller rank, in one number.
fn key(priority: i32, rank: u32) -> u64 {
    let shifted = i64::from(priority) - i64::from(i32::MIN);
    (shifted.unsigned_abs() << 32) | u64::from(rank)
}

/// The edges of which both ends start.
fn live(starts: &[bool], links: &Links) -> Vec<Live> {
    let mut live: Vec<Live> = Vec::with_capacity(links.edges.len());
    let ends = |edge: &&Edge| starts[edge.from as usize] && starts[edge.to as usize];
    for edge in links.edges.iter().filter(ends) {
        let mut strength = match edge.tie {
            Tie::Required => Strength::Required,
            Tie::Optional => Strength::Optional,
            Tie::After | Tie::Before => Strength::Order,
        };
        if let Some(last) = live.last_mut()
            && last.edge.same_requirement(edge)
        {
            strength = Strength::Spare;
            if last.strength == Strength::Required {
                last.strength = Strength::Preferred;
            }
        }
        live.push(Live {
            edge: *edge,
            strength,
            kept: true,
        });
    }
    live
}

/// Kahn's algorithm over the kept edges; of what is ready, the smallest key first. What a cycle
/// holds up is not in the answer.
fn sort(
    starts: &[bool],
    keys: &[u64],
    edges: &[Live],
    dependents: &Flat,
    wanted: usize,
) -> Vec<u32> {
    let mut waits = vec![0_u32; starts.len()];
    for live in edges.iter().filter(|live| live.kept) {
        waits[live.edge.from as usize] += 1;
    }
    let mut ready = keys
        .iter()
        .zip(starts)
        .zip(&waits)
        .filter(|&((_, &starts), &waits)| starts && waits == 0)
        .map(|((&key, _), _)| Reverse(key))
        .collect::<BinaryHeap<_>>();
    let mut ranks = Vec::with_capacity(wanted);
    while let Some(Reverse(key)) = ready.pop() {
        let rank = rank_of(key);
        ranks.push(rank);
        for &at in dependents.of(rank) {
            let live = &edges[at as usize];
            if live.kept {
                let wait = &mut waits[live.edge.from as usize];
                *wait -= 1;
                if *wait == 0 {
                    ready.push(Reverse(keys[live.edge.from as usize]));
                }
            }
        }
    }
    ranks
}

/// The rank in a key.
pub(super) fn rank_of(key: u64) -> u32 {
    u32::try_from(key & u64::from(u32::MAX)).expect("32 bits")
}
