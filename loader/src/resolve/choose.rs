//! One version of each id: which files are candidates, and which candidate is chosen.

use super::{
    flat::{Components, Flat, small},
    index::{Bar, Goal, Index},
};
use jackfield_manifest::Range;

/// What became of a node before requirements are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The chosen version of its id.
    Chosen,
    /// Not enabled.
    Disabled,
    /// Rejected by an earlier step.
    Barred,
    /// This rank has the same id and version, and comes first by path.
    Duplicate(u32),
    /// This rank was chosen.
    Superseded(u32),
}

/// The fate of each rank, and the chosen rank of each name.
pub(super) struct Chosen {
    pub(super) fate: Vec<Fate>,
    pub(super) of_name: Vec<Option<u32>>,
}

/// The chosen rank of each name with its version, packed.
pub(super) struct Winners {
    of_name: Vec<Winner>,
}

#[derive(Clone, Copy)]
struct Winner {
    rank: u32,
    release: [u32; 3],
}

/// In place of a rank: nothing was chosen.
const NONE: u32 = u32::MAX;

/// In place of a major version: see the manifest.
const ODD: u32 = u32::MAX;

impl Winners {
    pub(super) fn new(index: &Index<'_>, chosen: &Chosen) -> Self {
        let nothing = Winner {
            rank: NONE,
            release: [ODD; 3],
        };
        let mut of_name = vec![nothing; index.names()];
        for (row, &rank) in index.rows.iter().zip(&index.rank_of) {
            if chosen.fate[rank as usize] == Fate::Chosen {
                let name = index.name_of[rank as usize];
                let release = row.release.unwrap_or(nothing.release);
                of_name[name as usize] = Winner { rank, release };
            }
        }
        Self { of_name }
    }

    /// The rank, where anything was chosen, and whether it is in a range.
    pub(super) fn get(&self, index: &Index<'_>, name: u32, range: &Range) -> Option<(u32, bool)> {
        let Winner { rank, release } = self.of_name[name as usize];
        let fits = match release {
            _ if rank == NONE => return None,
            [ODD, ..] => range.matches(index.version(rank)),
            release => range.contains(release),
        };
        Some((rank, fits))
    }
}

impl Chosen {
    pub(super) fn new(index: &Index<'_>) -> Self {
        let mut chosen = Self {
            fate: Vec::with_capacity(index.len()),
            of_name: Vec::with_capacity(index.names()),
        };
        let mut contested = Vec::new();
        for name in 0..small(index.names()) {
            let candidates = chosen.candidates(index, name);
            if candidates > 1 {
                contested.push(name);
            }
        }
        if !contested.is_empty() {
            chosen.settle(index, &contested);
        }
        chosen
    }

    /// Notes the fate of each rank of a name as far as it is clear by itself, the highest candidate
    /// as chosen, and says how many candidates there are.
    fn candidates(&mut self, index: &Index<'_>, name: u32) -> usize {
        let (mut count, mut highest) = (0, None);
        for rank in index.files(name) {
            let fate = match index.brief(rank).bar {
                Some(Bar::Disabled) => Fate::Disabled,
                Some(Bar::Rejected) => Fate::Barred,
                None => match highest {
                    Some(first) if index.version(first) == index.version(rank) => {
                        Fate::Duplicate(first)
                    }
                    _ => {
                        count += 1;
                        highest = Some(rank);
                        Fate::Chosen
                    }
                },
            };
            self.fate.push(fate);
        }
        self.of_name.push(highest);
        count
    }

    /// Chooses for the names that have several candidates, dependents before what they require, so
    /// that a superseded version of a dependent has no say. Where ids require each other, all
    /// their candidates have.
    fn settle(&mut self, index: &Index<'_>, contested: &[u32]) {
        let mut is_contested = vec![false; index.names()];
        for &name in contested {
            is_contested[name as usize] = true;
        }
        let wishes = self.wishes(index);
        let graph = Flat::new(
            index.names(),
            wishes
                .iter()
                .map(|wish| (index.name_of[wish.by as usize], wish.of)),
        );
        let components = Components::new(&graph);
        let dependents = Flat::new(
            index.names(),
            wishes
                .iter()
                .zip(0..)
                .filter(|(wish, _)| is_contested[wish.of as usize])
                .map(|(wish, place)| (wish.of, place)),
        );
        let mut by_component = contested.to_vec();
        by_component.sort_by_key(|&name| std::cmp::Reverse(components.of[name as usize]));
        let same = |a: &u32, b: &u32| components.of[*a as usize] == components.of[*b as usize];
        for ring in by_component.chunk_by(same) {
            // All are chosen from what was so before any of them was settled.
            let settled = ring
                .iter()
                .map(|&name| self.best(index, name, dependents.of(name), &wishes))
                .collect::<Vec<_>>();
            for (&name, best) in ring.iter().zip(settled) {
                self.choose(index, name, best);
            }
        }
    }

    /// What candidates require of other ids than their own.
    fn wishes<'a>(&self, index: &Index<'a>) -> Vec<Wish<'a>> {
        let mut wishes = Vec::new();
        for rank in (0..small(index.len())).filter(|&rank| self.is_candidate(rank)) {
            for requirement in &index.manifest(rank).requires {
                if let Goal::Plugin(of) = index.goal(&requirement.target)
                    && of != index.name_of[rank as usize]
                {
                    wishes.push(Wish {
                        by: rank,
                        of,
                        range: &requirement.range,
                        optional: requirement.optional,
                    });
                }
            }
        }
        wishes
    }

    fn is_candidate(&self, rank: u32) -> bool {
        self.fate[rank as usize] == Fate::Chosen
    }

    /// The highest candidate that all dependents accept; else the highest that those accept which
    /// cannot do without; else the highest.
    fn best(
        &self,
        index: &Index<'_>,
        name: u32,
        dependents: &[u32],
        wishes: &[Wish<'_>],
    ) -> Option<u32> {
        let candidates = index
            .files(name)
            .rev()
            .filter(|&rank| self.is_candidate(rank))
            .collect::<Vec<_>>();
        let (mut all, mut required) = (Vec::new(), Vec::new());
        for &place in dependents {
            let wish = &wishes[place as usize];
            if self.is_candidate(wish.by) {
                all.push(wish.range);
                if !wish.optional {
                    required.push(wish.range);
                }
            }
        }
        highest(index, &candidates, &all)
            .or_else(|| highest(index, &candidates, &required))
            .or_else(|| candidates.first().copied())
    }

    fn choose(&mut self, index: &Index<'_>, name: u32, best: Option<u32>) {
        let Some(best) = best else { return };
        for rank in index.files(name) {
            if rank != best && self.is_candidate(rank) {
                self.fate[rank as usize] = Fate::Superseded(best);
            }
        }
        self.of_name[name as usize] = Some(best);
    }
}

/// A candidate's requirement of another id.
struct Wish<'a> {
    by: u32,
    of: u32,
    range: &'a Range,
    optional: bool,
}

/// The first of the candidates, highest first, that is in all ranges.
///
/// Each round gives up every candidate that some range refuses, until a round refuses none. Releases
/// that a range accepts lie side by side, so two rounds are enough for them, and the cost is the
/// sum, not the product, of candidates and ranges. Pre-releases of one release lie side by side as
/// well, and one range names at most 32 such releases.
fn highest(index: &Index<'_>, candidates: &[u32], ranges: &[&Range]) -> Option<u32> {
    let mut at = 0;
    loop {
        let before = at;
        for range in ranges {
            while !range.matches(index.version(*candidates.get(at)?)) {
                at += 1;
            }
        }
        if at == before {
            return candidates.get(at).copied();
        }
    }
}
