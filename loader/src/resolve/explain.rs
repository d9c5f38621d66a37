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
    /// Rank to its edges of requirements, as places in `links.edges`, in the manifest's order.
    needs: Flat,
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
    let down = |rank: u32| !starts[rank as usize] && chosen.fate[rank as usize] == Fate::Chosen;
    if starts.iter().all(|&starts| starts) {
        return Explanation {
            rejected: Vec::new(),
            degraded: Vec::new(),
        };
    }
    // A requirement of which one provider starts holds nobody up.
    let mut met = vec![false; index.goals.len()];
    for edge in &links.edges {
        if is_requirement(edge) && starts[edge.to as usize] {
            met[edge.cause as usize] = true;
        }
    }
    let open = || {
        let numbered = links.edges.iter().zip(0..);
        numbered.filter(|(edge, _)| is_requirement(edge) && !met[edge.cause as usize])
    };
    let blocked = open().filter(|(edge, _)| edge.tie == Tie::Required && down(edge.from));
    let graph = Flat::new(index.len(), blocked.map(|(edge, _)| (edge.from, edge.to)));
    let components = Components::new(&graph);
    let mut explainer = Explainer {
        words: Words::new(index, chosen),
        links,
        starts,
        needs: Flat::new(index.len(), open().map(|(edge, at)| (edge.from, at))),
        findings: by_rank(&links.findings, index.len()),
        cycles: Cycles::new(&graph, &components),
        components,
        causes: vec![None; index.len()],
        roots: Vec::new(),
    };
    let members = explainer.components.members();
    // Components are numbered so that whatever a rank passes on is known before it.
    for component in 0..small(members.keys()) {
        for &rank in members.of(component) {
            if down(rank) {
                explainer.find_cause(rank);
            }
        }
    }
    explainer.tell()
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

fn is_requirement(edge: &Edge) -> bool {
    matches!(edge.tie, Tie::Required | Tie::Optional)
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

    fn is_optional(&self, finding: &Finding) -> bool {
        self.words
            .requirement(finding.rank, finding.requirement)
            .optional
    }

    /// Required edges of a rank that hold it up, one slice of providers for each requirement.
    fn held_up_by(&self, rank: u32, tie: Tie) -> Vec<(u32, Vec<u32>)> {
        let mut groups: Vec<(u32, Vec<u32>)> = Vec::new();
        for &at in self.needs.of(rank) {
            let edge = &self.links.edges[at as usize];
            if edge.tie != tie {
                continue;
            }
            match groups.last_mut() {
                Some((cause, providers)) if *cause == edge.cause => providers.push(edge.to),
                _ => groups.push((edge.cause, vec![edge.to])),
            }
        }
        groups
    }

    fn find_cause(&mut self, rank: u32) {
        let mut passed_on = None;
        for finding in self.findings(rank) {
            if self.is_optional(finding) {
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
            .needs
            .of(rank)
            .iter()
            .map(|&at| &self.links.edges[at as usize])
            .find(|edge| edge.tie == Tie::Required)
            .map(|edge| (edge.cause - self.index().requirements(rank).start, edge.to));
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

    fn tell(mut self) -> Explanation {
        let (mut rejected, mut degraded) = (Vec::new(), Vec::new());
        for rank in 0..small(self.index().len()) {
            if self.starts[rank as usize] {
                self.degraded(rank, &mut degraded);
            } else if let Some(rejection) = self.rejection(rank) {
                rejected.push(rejection);
            }
        }
        Explanation { rejected, degraded }
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
            if self.is_optional(finding) {
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
        let start = self.index().requirements(rank).start;
        for (goal, providers) in self.held_up_by(rank, Tie::Required) {
            if !self.in_own_cycle(rank, &providers) {
                let message = self.failed(rank, goal - start, &providers);
                let reason = Reason::new(Code::DependencyFailed, format!("requires {message}"));
                passed_on.push((goal - start, reason));
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

    fn failed(&self, rank: u32, place: u32, providers: &[u32]) -> String {
        let first = providers[0];
        let cause = self.cause(first);
        let root = &self.roots[cause.root as usize];
        let requirement = self.words.requirement(rank, place);
        self.words
            .failed(requirement, providers, cause.cyclic, root)
    }

    /// Whether one of the providers is in a cycle with the rank: then the cycle says it.
    fn in_own_cycle(&self, rank: u32, providers: &[u32]) -> bool {
        let of = |rank: &u32| self.components.of[*rank as usize];
        providers.iter().any(|provider| of(provider) == of(&rank))
    }

    fn degraded(&mut self, rank: u32, degraded: &mut Vec<Degraded>) {
        let node = self.index().place(rank);
        let start = self.index().requirements(rank).start;
        let mut found = Vec::new();
        for finding in self.findings(rank) {
            if matches!(finding.lack, Lack::Barred(_)) {
                found.push((finding.requirement, self.words.lack(finding).message));
            }
        }
        for (goal, providers) in self.held_up_by(rank, Tie::Optional) {
            let place = goal - start;
            found.push((place, self.failed(rank, place, &providers)));
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
