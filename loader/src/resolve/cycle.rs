//! A cycle to print for each plugin that is in one.

use super::flat::{Components, Flat};
use std::collections::VecDeque;

/// Names shown of a long cycle before and after the gap.
const SHOWN: (usize, usize) = (10, 3);

/// Steps along edges that may be taken in one component, as a multiple of its size, to find each
/// member a cycle of its own.
const PATIENCE: usize = 16;

/// The cycles that were found.
pub(super) struct Cycles {
    /// Rank to the cycle to print for it.
    pub(super) of: Vec<Option<Found>>,
    /// Each cycle once, as ranks, the smallest first, each member once.
    pub(super) paths: Vec<Vec<u32>>,
}

/// A place in [`Cycles::paths`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) path: usize,
    /// Whether the plugin itself is on it: always, but for members of a component with so many
    /// cycles that looking for one through each of them would take too long.
    pub(super) within: bool,
}

impl Cycles {
    /// For each member of a component with a cycle, a shortest cycle through it, or through a
    /// smaller member where that one leads through it as well.
    pub(super) fn new(edges: &Flat, components: &Components) -> Self {
        let mut search = Search {
            edges,
            components,
            from: vec![None; edges.keys()],
            cycles: Self {
                of: vec![None; edges.keys()],
                paths: Vec::new(),
            },
        };
        let members = components.members();
        for component in (0..).take(components.count) {
            let members = members.of(component);
            let ring = match members {
                [alone] => edges.of(*alone).contains(alone),
                _ => true,
            };
            if ring {
                search.cover(members);
            }
        }
        search.cycles
    }
}

struct Search<'a> {
    edges: &'a Flat,
    components: &'a Components,
    /// Who the search came from; empty between searches.
    from: Vec<Option<u32>>,
    cycles: Cycles,
}

impl Search<'_> {
    fn cover(&mut self, members: &[u32]) {
        let size = members
            .iter()
            .map(|&member| 1 + self.edges.of(member).len())
            .sum::<usize>();
        let mut budget = size * PATIENCE;
        let first = self.cycles.paths.len();
        for &member in members {
            if self.cycles.of[member as usize].is_some() {
                continue;
            }
            let path = self.cycles.paths.len();
            if budget == 0 {
                let within = false;
                self.cycles.of[member as usize] = Some(Found {
                    path: first,
                    within,
                });
                continue;
            }
            let found = self.through(member, &mut budget);
            for &on in &found {
                self.cycles.of[on as usize].get_or_insert(Found { path, within: true });
            }
            self.cycles.paths.push(found);
        }
    }

    /// A shortest cycle through a member, breadth first.
    fn through(&mut self, member: u32, budget: &mut usize) -> Vec<u32> {
        let mut queue = VecDeque::from([member]);
        let mut seen = Vec::new();
        let mut last = member;
        'search: while let Some(at) = queue.pop_front() {
            for &to in self.edges.of(at) {
                *budget = budget.saturating_sub(1);
                if to == member {
                    last = at;
                    break 'search;
                }
                let same = self.components.of[to as usize] == self.components.of[at as usize];
                if same && self.from[to as usize].is_none() {
                    self.from[to as usize] = Some(at);
                    seen.push(to);
                    queue.push_back(to);
                }
            }
        }
        let mut path = vec![last];
        while path.last() != Some(&member)
            && let Some(before) = path.last().and_then(|&at| self.from[at as usize])
        {
            path.push(before);
        }
        path.reverse();
        for rank in seen {
            self.from[rank as usize] = None;
        }
        let smallest = (0..path.len()).min_by_key(|&at| path[at]).unwrap_or(0);
        path.rotate_left(smallest);
        path
    }
}

/// `a → b → a`; of a long cycle the beginning and the end.
pub(super) fn print<'a>(path: &[u32], id: impl Fn(u32) -> &'a str) -> String {
    let (head, tail) = if path.len() > SHOWN.0 + SHOWN.1 + 1 {
        (&path[..SHOWN.0], &path[path.len() - SHOWN.1..])
    } else {
        (path, &path[..0])
    };
    let gap = path.len() - head.len() - tail.len();
    let mut names = head
        .iter()
        .map(|&rank| id(rank).to_owned())
        .collect::<Vec<_>>();
    if gap > 0 {
        names.push(format!("… {gap} more …"));
    }
    names.extend(
        tail.iter()
            .chain(path.first())
            .map(|&rank| id(rank).to_owned()),
    );
    names.join(" → ")
}
