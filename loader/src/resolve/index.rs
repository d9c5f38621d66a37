//! Names become numbers, and the order of the input is forgotten.

use super::{
    Node, Standing,
    flat::small,
    names::{Head, Names},
};
use crate::services::{HOST_SERVICES, own_version};
use jackfield_manifest::{Manifest, Requirement, Target};
use semver::Version;
use std::ops::Range;

/// How many versions of an id, the highest first, a message looks at, so that its cost does not grow
/// with their number.
const LOOKED_AT: usize = 64;

/// What a requirement points at, once names are numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// A plugin's id, as a place in [`Index::names`].
    Plugin(u32),
    /// A service, as a place in [`Index::services`].
    Service(u32),
    /// A service of the host's own, in this version.
    Host(&'static Version),
    /// Nobody has this id, or provides this service.
    Unknown,
}

/// One `provides` entry of any node.
pub(super) struct Provider<'a> {
    pub(super) rank: u32,
    pub(super) version: &'a Version,
}

/// What the resolver needs of each manifest. It is read out once, in the order of the input, which
/// is mostly that of memory: with many plugins, waiting for memory is most of the time.
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    /// The version, where it is three small numbers, as nearly always.
    pub(super) release: Option<[u32; 3]>,
    pub(super) requires: &'a [Requirement],
    /// The number of the first requirement, counted over all.
    pub(super) first_requirement: u32,
    /// Whether there is any `after` or `before`.
    pub(super) orders: bool,
}

/// What is asked of nodes in the order of ranks, side by side.
#[derive(Clone, Copy)]
pub(super) struct Brief {
    pub(super) priority: i32,
    pub(super) bar: Option<Bar>,
}

/// Why a node may not start: its standing without the words.
#[derive(Clone, Copy)]
pub(super) enum Bar {
    Disabled,
    Rejected,
}

impl Brief {
    fn new(node: &Node<'_>) -> Self {
        Self {
            priority: node.priority,
            bar: match node.standing {
                Standing::Enabled => None,
                Standing::Disabled => Some(Bar::Disabled),
                Standing::Rejected(_) => Some(Bar::Rejected),
            },
        }
    }
}

/// The input, sorted by id, version and path. A place in that order is called a rank; answers are
/// in terms of ranks, so they cannot depend on the order of the input.
pub(super) struct Index<'a> {
    nodes: &'a [Node<'a>],
    /// In the order of the input.
    pub(super) rows: Vec<Row<'a>>,
    briefs: Vec<Brief>,
    /// How many requirements all together have.
    pub(super) requirements: usize,
    /// Rank to place in the input, and back.
    order: Vec<u32>,
    pub(super) rank_of: Vec<u32>,
    /// Rank to name.
    pub(super) name_of: Vec<u32>,
    /// Name to first rank, and an end.
    first: Vec<u32>,
    /// All providers of each service, the preferred first: smaller priority, then higher version,
    /// then id.
    pub(super) services: Vec<Vec<Provider<'a>>>,
    ids: Names<'a>,
    service_ids: Names<'a>,
}

impl<'a> Index<'a> {
    pub(super) fn new(nodes: &'a [Node<'a>]) -> Self {
        let Read {
            rows,
            briefs,
            requirements,
            text,
            shared,
            providing,
        } = read(nodes);
        let mut keyed = keyed(&rows, &text, shared.len());
        let name_of = sort(nodes, &rows, &mut keyed);
        let mut rank_of = vec![0; nodes.len()];
        for (rank, key) in (0..).zip(&keyed) {
            rank_of[key.place as usize] = rank;
        }
        let mut index = Self {
            nodes,
            rows,
            briefs,
            requirements: requirements as usize,
            rank_of,
            name_of,
            first: Vec::with_capacity(nodes.len() + 1),
            services: Vec::new(),
            ids: Names::new(shared, nodes.len(), text),
            service_ids: Names::new("", 0, Vec::new()),
            order: keyed.iter().map(|key| key.place).collect(),
        };
        index.number_names(&keyed);
        index.number_services(&providing);
        index.rank_providers();
        index
    }

    fn number_names(&mut self, keyed: &[Key]) {
        let mut names = 0;
        for ((rank, &name), key) in (0..).zip(&self.name_of).zip(keyed) {
            if name == names {
                names += 1;
                self.first.push(rank);
                self.ids.insert(key.head, key.tail, name);
            }
        }
        self.first.push(small(self.order.len()));
    }

    fn number_services(&mut self, providing: &[u32]) {
        for &place in providing {
            let rank = self.rank_of[place as usize];
            for provision in &self.nodes[place as usize].manifest.provides {
                let fresh = small(self.services.len());
                let id = provision.service.as_str();
                let service = self.service_ids.add(id, fresh);
                if service == fresh {
                    self.services.push(Vec::new());
                }
                self.services[service as usize].push(Provider {
                    rank,
                    version: &provision.version,
                });
            }
        }
    }

    fn rank_providers(&mut self) {
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

    /// What a requirement points at.
    pub(super) fn goal(&self, target: &Target) -> Goal {
        match target {
            Target::Plugin(id) => self.name(id.as_str()).map(Goal::Plugin),
            Target::Service(id) => match own_version(id.as_str()) {
                Some(version) => Some(Goal::Host(version)),
                None => self.service(id.as_str()).map(Goal::Service),
            },
        }
        .unwrap_or(Goal::Unknown)
    }

    /// How many ranks there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// How many different ids there are.
    pub(super) fn names(&self) -> usize {
        self.first.len() - 1
    }

    pub(super) fn brief(&self, rank: u32) -> Brief {
        self.briefs[self.place(rank)]
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

    pub(super) fn version(&self, rank: u32) -> &'a Version {
        &self.manifest(rank).version
    }

    pub(super) fn id(&self, rank: u32) -> &'a str {
        self.row(rank).id
    }

    /// All ranks with an id, lowest version first.
    pub(super) fn files(&self, name: u32) -> Range<u32> {
        self.first[name as usize]..self.first[name as usize + 1]
    }

    /// Some ranks with an id, highest version first, to choose words by.
    pub(super) fn highest_files(&self, name: u32) -> impl Iterator<Item = u32> + Clone {
        self.files(name).rev().take(LOOKED_AT)
    }

    fn row(&self, rank: u32) -> &Row<'a> {
        &self.rows[self.place(rank)]
    }

    /// The number of a rank's first requirement, counted over all.
    pub(super) fn first_requirement(&self, rank: u32) -> u32 {
        self.row(rank).first_requirement
    }

    /// The number of an id.
    pub(super) fn name(&self, id: &str) -> Option<u32> {
        self.ids.find(id)
    }

    /// The number of a service.
    pub(super) fn service(&self, id: &str) -> Option<u32> {
        self.service_ids.find(id)
    }

    /// All ids, in their order.
    pub(super) fn all_ids(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.first[..self.names()].iter().map(|&rank| self.id(rank))
    }

    /// All services that anybody provides, and the host's own, in their order.
    pub(super) fn all_services(&self) -> Vec<&'a str> {
        let all = self.nodes.iter().flat_map(|node| &node.manifest.provides);
        let mut ids = all
            .map(|provision| provision.service.as_str())
            .chain(HOST_SERVICES.iter().map(|(id, _)| *id))
            .collect::<Vec<_>>();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// What one walk over the manifests brings home.
struct Read<'a> {
    rows: Vec<Row<'a>>,
    briefs: Vec<Brief>,
    requirements: u32,
    /// All ids in the order of the input, each followed by a zero.
    text: Vec<u8>,
    /// What all ids begin with.
    shared: &'a str,
    /// The places of those that provide services.
    providing: Vec<u32>,
}

fn read<'a>(nodes: &[Node<'a>]) -> Read<'a> {
    let mut read = Read {
        rows: Vec::with_capacity(nodes.len()),
        briefs: nodes.iter().map(Brief::new).collect(),
        requirements: 0,
        text: Vec::with_capacity(nodes.len() * 32),
        shared: nodes.first().map_or("", |node| node.manifest.id.as_str()),
        providing: Vec::new(),
    };
    for (place, node) in (0..).zip(nodes) {
        let manifest = node.manifest;
        let id = manifest.id.as_str();
        if !id.as_bytes().starts_with(read.shared.as_bytes()) {
            read.shared = common(read.shared, id);
        }
        read.text.extend_from_slice(id.as_bytes());
        read.text.push(0);
        read.rows.push(Row {
            id,
            release: release(&manifest.version),
            requires: &manifest.requires,
            first_requirement: read.requirements,
            orders: !(manifest.after.is_empty() && manifest.before.is_empty()),
        });
        read.requirements += small(manifest.requires.len());
        if !manifest.provides.is_empty() {
            read.providing.push(place);
        }
    }
    read
}

/// What both begin with.
fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let same = |(a, b): &(u8, u8)| a == b;
    let length = a.bytes().zip(b.bytes()).take_while(same).count();
    &a[..length]
}

/// A place in the input, with the beginning of its id after what all share.
struct Key {
    head: Head,
    place: u32,
    /// Where in the text the rest of the id stands.
    tail: u32,
}

fn keyed(rows: &[Row<'_>], text: &[u8], shared: usize) -> Vec<Key> {
    let mut start = 0;
    let key = |(place, row): (u32, &Row<'_>)| {
        let (id, tail) = (&text[start..start + row.id.len()], small(start + shared));
        start += id.len() + 1;
        Key {
            head: Head::new(id, shared),
            place,
            tail,
        }
    };
    (0..).zip(rows).map(key).collect()
}

/// Sorts by id, version and path; answers for each in this order the number of its id.
///
/// Ids of one house begin alike, so the bytes after what all share decide nearly everything, at
/// the price of sorting numbers; only runs of equal numbers are compared as text.
fn sort(nodes: &[Node<'_>], rows: &[Row<'_>], keyed: &mut [Key]) -> Vec<u32> {
    keyed.sort_unstable_by_key(|key| (key.head, key.place));
    let id = |key: &Key| rows[key.place as usize].id;
    let (mut names, mut next) = (Vec::with_capacity(nodes.len()), 0);
    for run in keyed.chunk_by_mut(|a, b| a.head == b.head) {
        if run.len() > 1 {
            run.sort_by(|a, b| {
                let of = |key: &Key| {
                    let node = &nodes[key.place as usize];
                    (id(key), &node.manifest.version, node.path)
                };
                of(a).cmp(&of(b))
            });
        }
        for same in run.chunk_by(|a, b| a.head.is_all() || id(a) == id(b)) {
            names.extend(same.iter().map(|_| next));
            next += 1;
        }
    }
    names
}

fn release(version: &Version) -> Option<[u32; 3]> {
    let plain = version.pre.is_empty() && version.build.is_empty();
    let number = |number| u32::try_from(number).ok().filter(|_| plain);
    Some([
        number(version.major)?,
        number(version.minor)?,
        number(version.patch)?,
    ])
}
