//! Requirements become edges; what has no fitting end becomes a finding.

use super::{
    choose::{Chosen, Fate, Winners},
    flat::{Flat, small},
    index::{Goal, Index, Row},
};
use jackfield_manifest::Requirement;
use semver::Version;
use std::{iter, mem, ops::Range};

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
    /// The requirement, counted over all plugins; for order, the place in `after` or
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
    /// It is a service of the host's own, which has this version of it.
    Host(&'static Version),
}

/// A requirement that leads nowhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finding {
    pub(super) rank: u32,
    /// The place in the manifest's `requires`.
    pub(super) requirement: u32,
    pub(super) optional: bool,
    pub(super) lack: Lack,
}

/// All edges between chosen plugins, and what is missing.
pub(super) struct Links {
    /// Those of each rank side by side, requirements in the manifest's order, then `after`; at the
    /// end, in order of rank, those that come from a `before`.
    pub(super) edges: Vec<Edge>,
    /// Rank to its own part of `edges`.
    own: Vec<Range<u32>>,
    /// Where in `edges` those from a `before` begin.
    before: usize,
    /// In order of rank and requirement.
    pub(super) findings: Vec<Finding>,
    /// For each rank, how many requirements must be met.
    pub(super) needs: Vec<u32>,
    /// Rank to the edges that lead to it: from where, and which.
    pub(super) dependents: Flat<(u32, u32)>,
}

impl Links {
    /// The edges of a rank, but for those that come from a `before`.
    pub(super) fn own(&self, rank: u32) -> &[Edge] {
        let Range { start, end } = self.own[rank as usize];
        &self.edges[start as usize..end as usize]
    }

    /// The same as places in `edges`.
    pub(super) fn own_range(&self, rank: u32) -> Range<u32> {
        self.own[rank as usize].clone()
    }

    /// The edges that come from a `before`, as places in `edges`.
    pub(super) fn before(&self) -> Range<u32> {
        small(self.before)..small(self.edges.len())
    }

    /// For each rank, how many edges come from it.
    pub(super) fn waits(&self) -> Vec<u32> {
        let own = self.own.iter().map(|own| own.end - own.start);
        let mut waits = own.collect::<Vec<_>>();
        for edge in &self.edges[self.before..] {
            waits[edge.from as usize] += 1;
        }
        waits
    }

    /// The providers of each requirement of a rank, the preferred first; of those that must be met,
    /// or of those that need not.
    pub(super) fn requirements(&self, rank: u32, tie: Tie) -> impl Iterator<Item = &[Edge]> {
        let groups = self.own(rank).chunk_by(Edge::same_requirement);
        groups.filter(move |group| group[0].tie == tie)
    }

    pub(super) fn new(index: &Index<'_>, chosen: &Chosen) -> Self {
        let mut linker = Linker {
            index,
            chosen,
            links: Self {
                edges: Vec::with_capacity(index.requirements),
                findings: Vec::new(),
                needs: vec![0; index.len()],
                own: vec![0..0; index.len()],
                before: 0,
                dependents: Flat::new(0, iter::empty()),
            },
            winners: Winners::new(index, chosen),
            ordered: Vec::new(),
            goals: Vec::new(),
            stamps: vec![
                0;
                if index.services.is_empty() {
                    0
                } else {
                    index.len()
                }
            ],
        };
        let rows = index.rows.chunks(BATCH).zip(index.rank_of.chunks(BATCH));
        for (rows, ranks) in rows {
            linker.link_batch(rows, ranks);
        }
        linker.links.before = linker.links.edges.len();
        // These are laid into the lists of others, so in an order that is not the input's.
        linker.ordered.sort_unstable();
        for rank in mem::take(&mut linker.ordered) {
            linker.link_before(rank);
        }
        let by_rank = |finding: &Finding| (finding.rank, finding.requirement);
        linker.links.findings.sort_unstable_by_key(by_rank);
        let edges = linker.links.edges.iter().zip(0..);
        let into = edges.map(|(edge, at)| (edge.to, (edge.from, at)));
        linker.links.dependents = Flat::new(index.len(), into);
        linker.links
    }
}

/// How many plugins' requirements are looked up before any of them is matched. The processor waits
/// for the memory of many names at once, as long as it need not guess what comes of them.
const BATCH: usize = 64;

struct Linker<'a> {
    index: &'a Index<'a>,
    chosen: &'a Chosen,
    links: Links,
    winners: Winners,
    /// Ranks with a `before`.
    ordered: Vec<u32>,
    /// For each rank, one more than the last requirement that it was noted for as a provider.
    stamps: Vec<u32>,
    /// What the requirements of a batch point at.
    goals: Vec<Goal>,
}

impl Linker<'_> {
    fn link_batch(&mut self, rows: &[Row<'_>], ranks: &[u32]) {
        let targets = rows
            .iter()
            .flat_map(|row| row.requires)
            .map(|requirement| self.index.goal(&requirement.target));
        let mut goals = mem::take(&mut self.goals);
        goals.clear();
        goals.extend(targets);
        let mut rest = &goals[..];
        for (row, &rank) in rows.iter().zip(ranks) {
            let own;
            (own, rest) = rest.split_at(row.requires.len());
            if self.chosen.fate[rank as usize] != Fate::Chosen {
                continue;
            }
            let start = small(self.links.edges.len());
            self.link(row, own, rank);
            if row.orders {
                self.link_after(rank);
            }
            self.links.own[rank as usize] = start..small(self.links.edges.len());
        }
        self.goals = goals;
    }

    fn link(&mut self, row: &Row<'_>, goals: &[Goal], rank: u32) {
        let mut needs = 0;
        for ((place, requirement), &goal) in (0..).zip(row.requires).zip(goals) {
            if matches!(goal, Goal::Host(version) if requirement.range.matches(version)) {
                continue;
            }
            needs += u32::from(!requirement.optional);
            let cause = row.first_requirement + place;
            let lack = match goal {
                Goal::Plugin(name) => self.plugin(rank, cause, name, requirement),
                Goal::Service(service) => self.service(rank, cause, service, requirement),
                Goal::Host(version) => Some(Lack::Host(version)),
                Goal::Unknown => Some(Lack::Missing),
            };
            if let Some(lack) = lack {
                self.links.findings.push(Finding {
                    rank,
                    requirement: place,
                    optional: requirement.optional,
                    lack,
                });
            }
        }
        self.links.needs[rank as usize] = needs;
    }

    fn link_after(&mut self, rank: u32) {
        let manifest = self.index.manifest(rank);
        if !manifest.before.is_empty() {
            self.ordered.push(rank);
        }
        for (other, place) in manifest.after.iter().zip(0..) {
            if let Some(to) = self.present(other.as_str()) {
                self.push(rank, to, place, Tie::After);
            }
        }
    }

    fn link_before(&mut self, rank: u32) {
        let before = &self.index.manifest(rank).before;
        for (other, place) in before.iter().zip(0..) {
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
        cause: u32,
        name: u32,
        requirement: &Requirement,
    ) -> Option<Lack> {
        let version = |rank: u32| self.index.version(rank);
        match self.winners.get(self.index, name, &requirement.range) {
            Some((to, true)) => {
                self.push(rank, to, cause, tie(requirement));
                None
            }
            Some((_, false)) => Some(Lack::Mismatch),
            None => Some(
                self.lack(
                    self.index
                        .highest_files(name)
                        .map(|rank| (rank, requirement.range.matches(version(rank)))),
                ),
            ),
        }
    }

    fn service(
        &mut self,
        rank: u32,
        cause: u32,
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
            } else if *stamp != cause + 1 {
                *stamp = cause + 1;
                met = true;
                self.push(rank, provider.rank, cause, tie(requirement));
            }
        }
        if met {
            return None;
        }
        if own {
            self.push(rank, rank, cause, tie(requirement));
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
