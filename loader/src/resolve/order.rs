//! Among those that can start, who starts after whom.

use super::{
    choose::Chosen,
    flat::{Flat, small},
    index::Index,
    link::{Edge, Links, Tie},
    ready::Ready,
    soften,
    start::{lacking_nothing, startable},
};

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
    /// Its place in [`Links::edges`].
    pub(super) at: u32,
    pub(super) edge: Edge,
    pub(super) strength: Strength,
    pub(super) kept: bool,
}

/// Who starts, and in which order.
pub(super) struct Order {
    /// For each rank whether it starts.
    pub(super) starts: Vec<bool>,
    /// Those that start, in order.
    pub(super) ranks: Vec<u32>,
    /// All edges between those that start, where some had to be given up; else empty.
    pub(super) edges: Vec<Live>,
}

impl Order {
    /// Mostly, nothing is in a cycle: then one pass over what lacks nothing is all there is to do.
    /// If that pass is held up, it is worked out who can start at all; if that is held up as well,
    /// what holds it up is not required, and is given up.
    pub(super) fn new(index: &Index<'_>, chosen: &Chosen, links: &Links) -> Self {
        let keys = (0..small(index.len()))
            .map(|rank| key(index.brief(rank).priority, rank))
            .collect::<Vec<_>>();
        let mut starts = lacking_nothing(chosen, links);
        let turns = Turns::new(&keys);
        let waits = links.waits();
        let mut ranks = sort(&starts, &turns, &waits, &links.dependents);
        let mut edges = Vec::new();
        let wanted = |starts: &[bool]| starts.iter().filter(|&&starts| starts).count();
        if ranks.len() < wanted(&starts) {
            starts = startable(chosen, links, index.requirements);
            ranks = sort(&starts, &turns, &waits, &links.dependents);
        }
        if ranks.len() < wanted(&starts) {
            edges = live(&starts, links);
            soften::give_up_weakest(&starts, &ranks, &keys, &mut edges);
            let kept = edges.iter().filter(|live| live.kept);
            let into = kept.map(|live| (live.edge.to, (live.edge.from, live.at)));
            let mut waits = vec![0; index.len()];
            for (_, (from, _)) in into.clone() {
                waits[from as usize] += 1;
            }
            ranks = sort(&starts, &turns, &waits, &Flat::new(index.len(), into));
        }
        debug_assert_eq!(
            ranks.len(),
            wanted(&starts),
            "no required edge closes a cycle"
        );
        Self {
            starts,
            ranks,
            edges,
        }
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
    let ends = |edge: &Edge| starts[edge.from as usize] && starts[edge.to as usize];
    for (edge, at) in links.edges.iter().zip(0..).filter(|(edge, _)| ends(edge)) {
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
            at,
            edge: *edge,
            strength,
            kept: true,
        });
    }
    live
}

/// Whose turn it is when all are ready: by key.
struct Turns {
    /// Rank to turn, and back; nothing where they are the same, as when no priority differs.
    of: Vec<u32>,
    ranks: Vec<u32>,
}

impl Turns {
    fn new(keys: &[u64]) -> Self {
        if keys.is_sorted() {
            let (of, ranks) = (Vec::new(), Vec::new());
            return Self { of, ranks };
        }
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let ranks = sorted.into_iter().map(rank_of).collect::<Vec<_>>();
        let mut of = vec![0; ranks.len()];
        for (turn, &rank) in (0..).zip(&ranks) {
            of[rank as usize] = turn;
        }
        Self { of, ranks }
    }

    fn of(&self, rank: u32) -> u32 {
        self.of.get(rank as usize).copied().unwrap_or(rank)
    }

    fn rank(&self, turn: u32) -> u32 {
        self.ranks.get(turn as usize).copied().unwrap_or(turn)
    }
}

/// Kahn's algorithm; of what is ready, the first by turn. What a cycle holds up is not in the
/// answer. `all_waits` counts for each rank
/// the dependents' lists it is in.
fn sort(
    starts: &[bool],
    turns: &Turns,
    all_waits: &[u32],
    dependents: &Flat<(u32, u32)>,
) -> Vec<u32> {
    let ranks = || (0..small(starts.len())).filter(|&rank| starts[rank as usize]);
    let mut waits = all_waits.to_vec();
    for rank in (0..small(starts.len())).filter(|&rank| !starts[rank as usize]) {
        for &(from, _) in dependents.of(rank) {
            waits[from as usize] -= 1;
        }
    }
    let mut ready = Ready::new(starts.len());
    for rank in ranks().filter(|&rank| waits[rank as usize] == 0) {
        ready.push(turns.of(rank));
    }
    let mut sorted = Vec::with_capacity(starts.len());
    while let Some(turn) = ready.pop() {
        let rank = turns.rank(turn);
        sorted.push(rank);
        for &(from, _) in dependents.of(rank) {
            let wait = &mut waits[from as usize];
            *wait -= 1;
            if *wait == 0 && starts[from as usize] {
                ready.push(turns.of(from));
            }
        }
    }
    sorted
}

/// The rank in a key.
pub(super) fn rank_of(key: u64) -> u32 {
    u32::try_from(key & u64::from(u32::MAX)).expect("32 bits")
}
