//! Why each plugin that stays out stays out, down to the root cause.

use super::{
    choose::{Chosen, Fate},
    cycle::{self, Cycles},
    flat::{Components, Flat, small},
    index::Index,
    link::{Edge, Finding, Lack, Links, Tie},
    plan::{Degraded, Rejection},
    words::Words,
};
use crate::{Code, Reason};
use std::ops::Range;

/// What stays out or suffers, in words.
#[derive(Default)]
pub(super) struct Explanation {
    pub(super) rejected: Vec<Rejection>,
    pub(super) degraded: Vec<Degraded>,
}

/// What it comes down to that a rank stays out.
#[derive(Clone, Copy)]
struct Cause {
    /// The rank that it passes on, if it does.
    because: Option<u32>,
    /// The place of the root cause in [`Explainer::roots`].
    root: u32,
    /// Whether the root cause is a cycle that the rank itself is in.
    cyclic: bool,
}

struct Explainer<'a> {
    words: Words<'a>,
    links: &'a Links,
    starts: &'a [bool],
    /// Rank to its part of `links.findings`.
    findings: Vec<Range<u32>>,
    components: Components,
    cycles: Cycles,
    causes: Vec<Option<Cause>>,
    roots: Vec<String>,
}

pub(super) fn explain<'a>(
    index: &'a Index<'a>,
    chosen: &'a Chosen,
    links: &'a Links,
    starts: &'a [bool],
) -> Explanation {
    if starts.iter().all(|&starts| starts) {
        return Explanation::default();
    }
    let ranks = 0..small(index.len());
    let is_down = |rank: &u32| !starts[*rank as usize];
    let chosen_one = |rank: &u32| chosen.fate[*rank as usize] == Fate::Chosen;
    let down = ranks.filter(is_down).filter(chosen_one).collect::<Vec<_>>();
    let open = down
        .iter()
        .flat_map(|&rank| unmet(links, starts, rank, Tie::Required));
    let blocked = open.flatten().collect::<Vec<_>>();
    let graph = Flat::new(index.len(), blocked.iter().map(|edge| (edge.from, edge.to)));
    let components = Components::new(&graph);
    let mut explainer = Explainer {
        words: Words::new(index, chosen),
        links,
        starts,
        findings: by_rank(&links.findings, index.len()),
        cycles: Cycles::new(&graph, &components),
        components,
        causes: vec![None; index.len()],
        roots: Vec::new(),
    };
    // Components are numbered so that whatever a rank passes on is known before it.
    let mut causes_first = down.clone();
    causes_first.sort_by_key(|&rank| explainer.components.of[rank as usize]);
    for &rank in &causes_first {
        explainer.find_cause(rank);
    }
    explainer.tell(&down)
}

/// The requirements of a rank that nothing which starts meets, as their providers.
fn unmet<'a>(
    links: &'a Links,
    starts: &'a [bool],
    rank: u32,
    tie: Tie,
) -> impl Iterator<Item = &'a [Edge]> {
    let groups = links.requirements(rank, tie);
    groups.filter(|group| !group.iter().any(|edge| starts[edge.to as usize]))
}

/// Findings stand in order of rank: where those of each begin and end.
fn by_rank(findings: &[Finding], ranks: usize) -> Vec<Range<u32>> {
    let mut parts = vec![0..0; ranks];
    for (finding, at) in findings.iter().zip(0..) {
        let part = &mut parts[finding.rank as usize];
        if part.end == 0 {
            part.start = at;
        }
        part.end = at + 1;
    }
    parts
}

impl<'a> Explainer<'a> {
    fn index(&self) -> &'a Index<'a> {
        self.words.index
    }

    /// What a rank finds nothing for, in the manifest's order.
    fn findings(&self, rank: u32) -> &'a [Finding] {
        let Range { start, end } = self.findings[rank as usize];
        &self.links.findings[start as usize..end as usize]
    }

    fn unmet(&self, rank: u32, tie: Tie) -> impl Iterator<Item = &'a [Edge]> + use<'a> {
        unmet(self.links, self.starts, rank, tie)
    }

    fn find_cause(&mut self, rank: u32) {
        let mut passed_on = None;
        for finding in self.findings(rank) {
            if finding.optional {
                continue;
            }
            if let Lack::Barred(barred) = finding.lack {
                passed_on.get_or_insert((finding.requirement, finding, barred));
            } else {
                let root = self.words.lack(finding).root;
                self.causes[rank as usize] = Some(self.root(None, root, false));
                return;
            }
        }
        if let Some(found) = self.cycles.of[rank as usize] {
            let root = format!("cycle {}", self.print(found.path));
            self.causes[rank as usize] = Some(self.root(None, root, true));
            return;
        }
        let first = self
            .unmet(rank, Tie::Required)
            .map(|group| &group[0])
            .next();
        let first = first.map(|edge| (edge.cause - self.index().first_requirement(rank), edge.to));
        let cause = match (passed_on, first) {
            (Some((place, finding, barred)), next)
                if next.is_none_or(|(other, _)| place < other) =>
            {
                let root = self.words.lack(finding).root;
                self.root(Some(barred), root, false)
            }
            (_, Some((_, to))) => Cause {
                because: Some(to),
                root: self.cause(to).root,
                cyclic: false,
            },
            _ => unreachable!("whoever stays out lacks something, or waits for one that does"),
        };
        self.causes[rank as usize] = Some(cause);
    }

    fn root(&mut self, because: Option<u32>, text: String, cyclic: bool) -> Cause {
        self.roots.push(text);
        Cause {
            because,
            root: small(self.roots.len() - 1),
            cyclic,
        }
    }

    fn cause(&self, rank: u32) -> Cause {
        self.causes[rank as usize].expect("causes are found before those who pass them on")
    }

    fn print(&self, path: usize) -> String {
        cycle::print(&self.cycles.paths[path], |rank| self.index().id(rank))
    }

    fn tell(mut self, down: &[u32]) -> Explanation {
        let mut degraded = Vec::new();
        for rank in self.suffering(down) {
            self.degraded(rank, &mut degraded);
        }
        let out = (0..small(self.starts.len())).filter(|&rank| !self.starts[rank as usize]);
        let rejected = out.filter_map(|rank| self.rejection(rank)).collect();
        Explanation { rejected, degraded }
    }

    /// Those that start and may do without something.
    fn suffering(&self, down: &[u32]) -> Vec<u32> {
        let barred = |finding: &&Finding| matches!(finding.lack, Lack::Barred(_));
        let barred = self
            .links
            .findings
            .iter()
            .filter(barred)
            .map(|finding| finding.rank);
        let into = down.iter().flat_map(|&rank| self.links.dependents.of(rank));
        let mut ranks = into
            .map(|&(from, _)| from)
            .chain(barred)
            .collect::<Vec<_>>();
        ranks.retain(|&rank| self.starts[rank as usize]);
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    fn rejection(&mut self, rank: u32) -> Option<Rejection> {
        let index = self.index();
        let (id, node) = (index.manifest(rank).id.clone(), index.place(rank));
        let describe = |other: u32| {
            let node = index.node(other);
            let manifest = node.manifest;
            (
                format!("{} {}", manifest.id, manifest.version),
                node.path.display(),
            )
        };
        let reason = match self.words.chosen.fate[rank as usize] {
            Fate::Barred => return None,
            Fate::Disabled => Reason::new(
                Code::Disabled,
                format!(
                    "not enabled: set enabled = true under [plugins.{}]",
                    key(id.as_str())
                ),
            ),
            Fate::Duplicate(first) => {
                let (what, path) = describe(first);
                Reason::new(
                    Code::DuplicateId,
                    format!("{what} is already there as {path}: remove one of the two"),
                )
            }
            Fate::Superseded(by) => {
                let (what, path) = describe(by);
                Reason::new(Code::Superseded, format!("superseded by {what} ({path})"))
            }
            Fate::Chosen => return Some(self.broken(rank)),
        };
        Some(Rejection {
            node,
            id,
            reasons: vec![reason],
            because: None,
            root_cause: None,
        })
    }

    /// The rejection of a chosen plugin: what it lacks, then its cycle, then whose failure it
    /// passes on.
    fn broken(&mut self, rank: u32) -> Rejection {
        let mut own = Vec::new();
        let mut passed_on = Vec::new();
        for finding in self.findings(rank) {
            if finding.optional {
                continue;
            }
            let said = self.words.lack(finding);
            let reason = Reason::new(said.code, format!("requires {}", said.message));
            match finding.lack {
                Lack::Barred(_) => passed_on.push((finding.requirement, reason)),
                _ => own.push(reason),
            }
        }
        if let Some(found) = self.cycles.of[rank as usize] {
            let path = self.print(found.path);
            let message = if found.within {
                format!("requires itself: {path}")
            } else {
                format!("requires members of a cycle, which require it in turn: {path}")
            };
            own.push(Reason::new(Code::Cycle, message));
        }
        let start = self.index().first_requirement(rank);
        for providers in self.unmet(rank, Tie::Required) {
            if !self.in_own_cycle(rank, providers) {
                let place = providers[0].cause - start;
                let message = self.failed(rank, place, providers);
                let reason = Reason::new(Code::DependencyFailed, format!("requires {message}"));
                passed_on.push((place, reason));
            }
        }
        passed_on.sort_by_key(|&(place, _)| place);
        own.extend(passed_on.into_iter().map(|(_, reason)| reason));
        let Cause { because, root, .. } = self.cause(rank);
        Rejection {
            node: self.index().place(rank),
            id: self.index().manifest(rank).id.clone(),
            reasons: own,
            because: because.map(|rank| self.index().place(rank)),
            root_cause: because.map(|_| self.roots[root as usize].clone()),
        }
    }

    fn failed(&self, rank: u32, place: u32, providers: &[Edge]) -> String {
        let cause = self.cause(providers[0].to);
        let root = &self.roots[cause.root as usize];
        let requirement = self.words.requirement(rank, place);
        self.words
            .failed(requirement, providers, cause.cyclic, root)
    }

    /// Whether one of the providers is in a cycle with the rank: then the cycle says it.
    fn in_own_cycle(&self, rank: u32, providers: &[Edge]) -> bool {
        let of = |rank: &u32| self.components.of[*rank as usize];
        providers.iter().any(|edge| of(&edge.to) == of(&rank))
    }

    fn degraded(&mut self, rank: u32, degraded: &mut Vec<Degraded>) {
        let node = self.index().place(rank);
        let start = self.index().first_requirement(rank);
        let mut found = Vec::new();
        for finding in self.findings(rank) {
            if matches!(finding.lack, Lack::Barred(_)) {
                found.push((finding.requirement, self.words.lack(finding).message));
            }
        }
        for providers in self.unmet(rank, Tie::Optional) {
            let place = providers[0].cause - start;
            found.push((place, self.failed(rank, place, providers)));
        }
        found.sort();
        degraded.extend(found.into_iter().map(|(place, message)| Degraded {
            node,
            requirement: place as usize,
            message: format!("optionally requires {message}"),
        }));
    }
}

/// An id as a key of TOML.
fn key(id: &str) -> String {
    if id.contains('.') {
        format!("\"{id}\"")
    } else {
        id.to_owned()
    }
}
