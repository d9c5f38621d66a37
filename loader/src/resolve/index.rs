//! Names become numbers, and the order of the input is forgotten.

use super::{Node, flat::small};
use jackfield_manifest::{Manifest, Target};
use rustc_hash::FxHashMap;
use semver::Version;
use std::ops::Range;

/// What a requirement points at, once names are numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// A plugin's id, as a place in [`Index::names`].
    Plugin(u32),
    /// A service, as a place in [`Index::services`].
    Service(u32),
    /// Nobody has this id, or provides this service.
    Unknown,
}

/// One `provides` entry of any node.
pub(super) struct Provider<'a> {
    pub(super) rank: u32,
    pub(super) version: &'a Version,
}

/// The input, sorted by id, version and path. A place in that order is called a rank; from here on
/// everything is counted in ranks, so the answer cannot depend on the order of the input.
pub(super) struct Index<'a> {
    pub(super) nodes: &'a [Node<'a>],
    /// Rank to place in the input.
    pub(super) order: Vec<u32>,
    /// Rank to name.
    pub(super) name_of: Vec<u32>,
    /// Name to first rank, and an end.
    first: Vec<u32>,
    /// Rank to first requirement, counted over all ranks, and an end.
    requirements: Vec<u32>,
    /// Requirement to what it points at.
    pub(super) goals: Vec<Goal>,
    /// All providers of each service, the preferred first: smaller priority, then higher version,
    /// then id.
    pub(super) services: Vec<Vec<Provider<'a>>>,
    ids: FxHashMap<&'a str, u32>,
    service_ids: FxHashMap<&'a str, u32>,
}

impl<'a> Index<'a> {
    pub(super) fn new(nodes: &'a [Node<'a>]) -> Self {
        let order = sorted(nodes);
        let mut index = Self {
            nodes,
            order,
            name_of: Vec::with_capacity(nodes.len()),
            first: Vec::with_capacity(nodes.len() + 1),
            requirements: Vec::with_capacity(nodes.len() + 1),
            goals: Vec::new(),
            services: Vec::new(),
            ids: FxHashMap::with_capacity_and_hasher(nodes.len(), Default::default()),
            service_ids: FxHashMap::default(),
        };
        index.intern_names();
        index.intern_services();
        index.aim();
        index
    }

    fn intern_names(&mut self) {
        let mut last = None;
        for rank in 0..small(self.order.len()) {
            let id = self.manifest(rank).id.as_str();
            if last != Some(id) {
                last = Some(id);
                self.ids.insert(id, small(self.first.len()));
                self.first.push(rank);
            }
            self.name_of.push(small(self.first.len() - 1));
        }
        self.first.push(small(self.order.len()));
    }

    fn intern_services(&mut self) {
        for rank in 0..small(self.order.len()) {
            for provision in &self.manifest(rank).provides {
                let fresh = small(self.services.len());
                let service = *self
                    .service_ids
                    .entry(provision.service.as_str())
                    .or_insert(fresh);
                if service == fresh {
                    self.services.push(Vec::new());
                }
                self.services[service as usize].push(Provider {
                    rank,
                    version: &provision.version,
                });
            }
        }
        let (nodes, order) = (self.nodes, &self.order);
        for providers in &mut self.services {
            providers.sort_by(|a, b| {
                let priority = |p: &Provider<'_>| nodes[order[p.rank as usize] as usize].priority;
                let by_rank = a.rank.cmp(&b.rank);
                let by_version = b.version.cmp(a.version);
                priority(a).cmp(&priority(b)).then(by_version).then(by_rank)
            });
        }
    }

    fn aim(&mut self) {
        self.requirements.push(0);
        for rank in 0..small(self.order.len()) {
            if self.node(rank).enabled() {
                for requirement in &self.manifest(rank).requires {
                    let goal = match &requirement.target {
                        Target::Plugin(id) => {
                            self.ids.get(id.as_str()).map(|&name| Goal::Plugin(name))
                        }
                        Target::Service(id) => self
                            .service_ids
                            .get(id.as_str())
                            .map(|&service| Goal::Service(service)),
                    };
                    self.goals.push(goal.unwrap_or(Goal::Unknown));
                }
            }
            self.requirements.push(small(self.goals.len()));
        }
    }

    /// How many ranks there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// How many different ids there are.
    pub(super) fn names(&self) -> usize {
        self.first.len() - 1
    }

    pub(super) fn node(&self, rank: u32) -> &'a Node<'a> {
        &self.nodes[self.place(rank)]
    }

    /// Where in the input a rank stands.
    pub(super) fn place(&self, rank: u32) -> usize {
        self.order[rank as usize] as usize
    }

    pub(super) fn manifest(&self, rank: u32) -> &'a Manifest {
        self.node(rank).manifest
    }

    pub(super) fn id(&self, rank: u32) -> &'a str {
        self.manifest(rank).id.as_str()
    }

    /// All ranks with an id, lowest version first.
    pub(super) fn versions(&self, name: u32) -> Range<u32> {
        self.first[name as usize]..self.first[name as usize + 1]
    }

    /// The requirements of a rank, as places in [`Index::goals`]; none where it is not enabled.
    pub(super) fn requirements(&self, rank: u32) -> Range<u32> {
        self.requirements[rank as usize]..self.requirements[rank as usize + 1]
    }

    /// The number of an id.
    pub(super) fn name(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// The number of a service.
    pub(super) fn service(&self, id: &str) -> Option<u32> {
        self.service_ids.get(id).copied()
    }

    /// All ids, in their order.
    pub(super) fn all_ids(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.first[..self.names()].iter().map(|&rank| self.id(rank))
    }

    /// All services that anybody provides, in order of their first provider.
    pub(super) fn all_services(&self) -> Vec<&'a str> {
        let mut ids = self.service_ids.keys().copied().collect::<Vec<_>>();
        ids.sort_unstable();
        ids
    }
}

/// The places of the input, by id, version and path.
///
/// Ids of one house begin alike, so the eight bytes after what all share decide nearly everything,
/// at the price of sorting numbers; only runs of equal numbers are compared as text.
fn sorted(nodes: &[Node<'_>]) -> Vec<u32> {
    let id = |place: u32| nodes[place as usize].manifest.id.as_str();
    let shared = nodes.first().map_or(0, |node| {
        let first = node.manifest.id.as_str().as_bytes();
        nodes.iter().fold(first.len(), |shared, node| {
            let other = node.manifest.id.as_str().as_bytes();
            let alike = |(a, b): &(&u8, &u8)| a == b;
            first[..shared].iter().zip(other).take_while(alike).count()
        })
    });
    let mut keyed = (0..small(nodes.len()))
        .map(|place| {
            let mut head = [0; 8];
            let tail = &id(place).as_bytes()[shared..];
            let length = tail.len().min(8);
            head[..length].copy_from_slice(&tail[..length]);
            (u64::from_be_bytes(head), place)
        })
        .collect::<Vec<_>>();
    keyed.sort_unstable();
    for run in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
        run.sort_by(|&(_, a), &(_, b)| {
            let of = |place: u32| {
                let node = &nodes[place as usize];
                (&node.manifest.id, &node.manifest.version, node.path)
            };
            of(a).cmp(&of(b))
        });
    }
    keyed.into_iter().map(|(_, place)| place).collect()
}
