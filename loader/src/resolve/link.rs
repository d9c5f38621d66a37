//! Requirements become edges; what has no fitting end becomes a finding.

use super::{
    choose::{Chosen, Fate},
    index::{Goal, Index},
};
use jackfield_manifest::Requirement;

/// Why one plugin is to start after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// A requirement that must be met.
    Required,
    /// A requirement that need not be met.
    Optional,
    /// `from` names `to` in its `after`.
    After,
    /// `to` names `from` in its `before`.
    Before,
}

/// `from` is to start after `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The requirement, as a place in [`Index::goals`]; for order, the place in `after` or
    /// `before`. Edges of one requirement stand side by side, the preferred provider first.
    pub(super) cause: u32,
    pub(super) tie: Tie,
}

impl Edge {
    /// Whether both are providers of one requirement.
    pub(super) fn same_requirement(&self, other: &Self) -> bool {
        let of = |edge: &Self| matches!(edge.tie, Tie::Required | Tie::Optional);
        self.cause == other.cause && of(self) && of(other)
    }
}

/// What is wrong with a requirement that leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// There is nothing of this name.
    Missing,
    /// There is, but it is disabled.
    Disabled,
    /// There is, but it was rejected before; this rank.
    Barred(u32),
    /// There is, in another version.
    Mismatch,
}

/// A requirement that leads nowhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finding {
    pub(super) rank: u32,
    /// The place in the manifest's `requires`.
    pub(super) requirement: u32,
    pub(super) lack: Lack,
}

/// All edges between chosen plugins, and what is missing.
pub(super) struct Links {
    pub(super) edges: Vec<Edge>,
    /// In order of rank and requirement.
    pub(super) findings: Vec<Finding>,
    /// For each rank, how many requirements must be met.
    pub(super) needs: Vec<u32>,
}

impl Links {
    pub(super) fn new(index: &Index<'_>, chosen: &Chosen) -> Self {
        let mut linker = Linker {
            index,
            chosen,
            links: Self {
                edges: Vec::with_capacity(index.goals.len()),
                findings: Vec::new(),
                needs: vec![0; index.len()],
            },
            stamps: vec![0; index.len()],
        };
        for (rank, fate) in (0..).zip(&chosen.fate) {
            if *fate == Fate::Chosen {
                linker.link(rank);
            }
        }
        linker.links
    }
}

struct Linker<'a> {
    index: &'a Index<'a>,
    chosen: &'a Chosen,
    links: Links,
    /// For each rank, one more than the last requirement that it was noted for as a provider.
    stamps: Vec<u32>,
}

impl Linker<'_> {
    fn link(&mut self, rank: u32) {
        let manifest = self.index.manifest(rank);
        let mut needs = 0;
        for ((goal, place), requirement) in self
            .index
            .requirements(rank)
            .zip(0..)
            .zip(&manifest.requires)
        {
            needs += u32::from(!requirement.optional);
            let lack = match self.index.goals[goal as usize] {
                Goal::Plugin(name) => self.plugin(rank, goal, name, requirement),
                Goal::Service(service) => self.service(rank, goal, service, requirement),
                Goal::Unknown => Some(Lack::Missing),
            };
            if let Some(lack) = lack {
                self.links.findings.push(Finding {
                    rank,
                    requirement: place,
                    lack,
                });
            }
        }
        self.links.needs[rank as usize] = needs;
        for (other, place) in manifest.after.iter().zip(0..) {
            if let Some(to) = self.present(other.as_str()) {
                self.push(rank, to, place, Tie::After);
            }
        }
        for (other, place) in manifest.before.iter().zip(0..) {
            if let Some(from) = self.present(other.as_str()) {
                self.push(from, rank, place, Tie::Before);
            }
        }
    }

    fn present(&self, id: &str) -> Option<u32> {
        self.chosen.of_name[self.index.name(id)? as usize]
    }

    fn push(&mut self, from: u32, to: u32, cause: u32, tie: Tie) {
        self.links.edges.push(Edge {
            from,
            to,
            cause,
            tie,
        });
    }

    fn plugin(
        &mut self,
        rank: u32,
        goal: u32,
        name: u32,
        requirement: &Requirement,
    ) -> Option<Lack> {
        let version = |rank| &self.index.manifest(rank).version;
        match self.chosen.of_name[name as usize] {
            Some(to) if requirement.range.matches(version(to)) => {
                self.push(rank, to, goal, tie(requirement));
                None
            }
            Some(_) => Some(Lack::Mismatch),
            None => Some(
                self.lack(
                    self.index
                        .versions(name)
                        .rev()
                        .map(|rank| (rank, requirement.range.matches(version(rank)))),
                ),
            ),
        }
    }

    fn service(
        &mut self,
        rank: u32,
        goal: u32,
        service: u32,
        requirement: &Requirement,
    ) -> Option<Lack> {
        let (index, chosen) = (self.index, self.chosen);
        let providers = &index.services[service as usize];
        let is_chosen = |rank: u32| chosen.fate[rank as usize] == Fate::Chosen;
        let (mut any, mut own, mut met) = (false, false, false);
        for provider in providers.iter().filter(|p| is_chosen(p.rank)) {
            any = true;
            if !requirement.range.matches(provider.version) {
                continue;
            }
            let stamp = &mut self.stamps[provider.rank as usize];
            if provider.rank == rank {
                own = true;
            } else if *stamp != goal + 1 {
                *stamp = goal + 1;
                met = true;
                self.push(rank, provider.rank, goal, tie(requirement));
            }
        }
        if met {
            return None;
        }
        if own {
            self.push(rank, rank, goal, tie(requirement));
            return None;
        }
        if any {
            return Some(Lack::Mismatch);
        }
        Some(
            self.lack(
                providers
                    .iter()
                    .map(|p| (p.rank, requirement.range.matches(p.version))),
            ),
        )
    }

    /// What to say where nothing was chosen, of ranks and whether they are in range.
    fn lack(&self, ranks: impl Iterator<Item = (u32, bool)> + Clone) -> Lack {
        let fate = |rank: u32| self.chosen.fate[rank as usize];
        let barred = ranks
            .clone()
            .find(|&(rank, fits)| fits && fate(rank) == Fate::Barred);
        if let Some((rank, _)) = barred {
            return Lack::Barred(rank);
        }
        let mut all = ranks;
        if all.any(|(rank, _)| fate(rank) == Fate::Disabled) {
            Lack::Disabled
        } else {
            Lack::Mismatch
        }
    }
}

fn tie(requirement: &Requirement) -> Tie {
    if requirement.optional {
        Tie::Optional
    } else {
        Tie::Required
    }
}
