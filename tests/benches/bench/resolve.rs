//! `resolve.10k`, `resolve.growth`: the resolver against the bare parts of its work.

use crate::report::{Bar, Bench, interleaved};
use jackfield_loader::{Node, Standing, resolve};
use jackfield_manifest::{
    Build, Deadlines, Kind, Manifest, Panic, Permissions, PluginId, Requirement, Target,
};
use rustc_hash::FxHashMap;
use semver::{Version, VersionReq};
use std::{hint::black_box, path::Path, time::Duration};

const PLUGINS: usize = 10_000;
const REQUIREMENTS: usize = 5;
const ROUNDS: usize = 31;

/// Measures the rows.
pub fn run(bench: &mut Bench) {
    let (ten, growth) = (bench.wants("resolve.10k"), bench.wants("resolve.growth"));
    if !ten && !growth {
        return;
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let text = write(PLUGINS);
    let slices = requirements(&text);
    let input = plugins(&text, &slices);
    let mut small = Subject::new(&input);
    if ten {
        assert_eq!(
            small.run(),
            bare(&input),
            "both sides start the same plugins"
        );
        let (subject, bare) = interleaved(
            ROUNDS,
            || {
                black_box(small.run());
            },
            || {
                black_box(bare(&input));
            },
        );
        bench.ratio("resolve.10k", "ms", ms(subject), ms(bare), Bar::Max(2.0));
    }
    if growth {
        let text = write(10 * PLUGINS);
        let slices = requirements(&text);
        let large_input = plugins(&text, &slices);
        let mut large = Subject::new(&large_input);
        let (large, small) = interleaved(
            ROUNDS,
            || {
                black_box(large.run());
            },
            || {
                black_box(small.run());
            },
        );
        bench.ratio("resolve.growth", "ms", ms(large), ms(small), Bar::Max(12.0));
        // What the machine itself takes more for ten times the memory.
        let (large, small) = interleaved(
            ROUNDS,
            || {
                black_box(bare(&large_input));
            },
            || {
                black_box(bare(&input));
            },
        );
        bench.ratio("resolve.growth.bare", "ms", ms(large), ms(small), Bar::None);
    }
}

/// A plugin as text: slices of one buffer, as a reader of manifests has them.
struct Text<'a> {
    id: &'a str,
    version: &'a str,
    path: &'a Path,
    requires: &'a [(&'a str, &'a str)],
}

/// Plugins of which each requires five that come before it in a hidden order; of the last tenth,
/// one in a hundred requires versions that are not there.
fn write(count: usize) -> String {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let hidden = random.shuffled(count);
    let files = random.shuffled(count);
    let id = |at: usize| format!("org.example.plugin-{:05}", files[at]);
    // `hidden[place]` is the plugin that stands at a place of the hidden order.
    let mut place = vec![0; count];
    for (at, &plugin) in hidden.iter().enumerate() {
        place[plugin] = at;
    }
    let mut text = String::new();
    for at in 0..count {
        let (minor, patch, file) = (at % 10, at % 7, files[at]);
        let path = format!("/var/lib/plugins/lib{file}.so");
        text += &format!("{}|1.{minor}.{patch}|{path}", id(at));
        let broken = place[at] > count * 9 / 10 && place[at] % 100 == 99;
        let requirements = if place[at] > 0 { REQUIREMENTS } else { 0 };
        for _ in 0..requirements {
            let other = hidden[random.below(place[at])];
            let range = match other % 4 {
                _ if broken => "^2".to_owned(),
                0 => "^1".to_owned(),
                1 => format!(">=1.{}, <2", other % 10),
                2 => format!("~1.{}", other % 10),
                _ => format!("^1.{}.{}", other % 10, other % 7),
            };
            text += &format!("|{}|{range}", id(other));
        }
        text.push('\n');
    }
    text
}

/// The slices of all requirements, those of each plugin side by side.
fn requirements(text: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    for line in text.lines() {
        let mut words = line.split('|').skip(3);
        while let (Some(id), Some(range)) = (words.next(), words.next()) {
            all.push((id, range));
        }
    }
    all
}

fn plugins<'a>(text: &'a str, mut requirements: &'a [(&'a str, &'a str)]) -> Vec<Text<'a>> {
    let line = |line: &'a str| {
        let words = line.split('|').collect::<Vec<_>>();
        let requires;
        (requires, requirements) = requirements.split_at(words.len() / 2 - 1);
        Text {
            id: words[0],
            version: words[1],
            path: Path::new(words[2]),
            requires,
        }
    };
    text.lines().map(line).collect()
}

/// The resolver, with manifests of which only versions and ranges are still text: ids are names in
/// both sides, to be interned there.
struct Subject<'a> {
    input: &'a [Text<'a>],
    manifests: Vec<Manifest>,
}

impl<'a> Subject<'a> {
    fn new(input: &'a [Text<'a>]) -> Self {
        let manifests = input.iter().map(manifest).collect();
        Self { input, manifests }
    }

    /// Versions and ranges from text, nodes, the plan with all its words; how many start. The ranges of the run before
    /// are freed on the way.
    fn run(&mut self) -> usize {
        for (text, manifest) in self.input.iter().zip(&mut self.manifests) {
            manifest.version = Version::parse(text.version).expect("a version");
            for ((_, range), requirement) in text.requires.iter().zip(&mut manifest.requires) {
                requirement.range = range.parse().expect("a range");
            }
        }
        let nodes = self
            .input
            .iter()
            .zip(&self.manifests)
            .map(|(text, manifest)| Node {
                path: text.path,
                manifest,
                standing: Standing::Enabled,
                priority: manifest.priority,
            })
            .collect::<Vec<_>>();
        let plan = resolve(&nodes);
        assert_eq!(plan.start.len() + plan.rejected.len(), nodes.len());
        plan.start.len()
    }
}

/// The bare parts: versions and ranges parsed, names interned, ranges matched, a topological sort
/// over flat arrays; how many are in the order.
fn bare(input: &[Text<'_>]) -> usize {
    let count = input.len();
    let mut names = FxHashMap::with_capacity_and_hasher(count, Default::default());
    let mut versions = Vec::with_capacity(count);
    for (at, plugin) in (0_u32..).zip(input) {
        names.insert(plugin.id, at);
        versions.push(Version::parse(plugin.version).expect("a version"));
    }
    let mut open = vec![0_u32; count];
    let mut start = vec![0_u32; count + 2];
    let mut edges = Vec::with_capacity(count * REQUIREMENTS);
    for (at, plugin) in (0_u32..).zip(input) {
        for (id, range) in plugin.requires {
            let range = VersionReq::parse(range).expect("a range");
            open[at as usize] += 1;
            if let Some(&to) = names.get(id)
                && range.matches(&versions[to as usize])
            {
                edges.push((at, to));
                start[to as usize + 2] += 1;
            }
        }
    }
    for at in 2..start.len() {
        start[at] += start[at - 1];
    }
    let mut dependents = vec![0_u32; edges.len()];
    for &(from, to) in &edges {
        let place = &mut start[to as usize + 1];
        dependents[*place as usize] = from;
        *place += 1;
    }
    let mut order = Vec::with_capacity(count);
    order.extend(
        (0_u32..)
            .zip(&open)
            .filter(|(_, open)| **open == 0)
            .map(|(at, _)| at),
    );
    let mut next = 0;
    while let Some(&at) = order.get(next) {
        next += 1;
        for &from in &dependents[start[at as usize] as usize..start[at as usize + 1] as usize] {
            open[from as usize] -= 1;
            if open[from as usize] == 0 {
                order.push(from);
            }
        }
    }
    order.len()
}

fn manifest(text: &Text<'_>) -> Manifest {
    Manifest {
        id: PluginId::new(text.id).expect("an id"),
        name: String::new(),
        version: Version::parse(text.version).expect("a version"),
        description: String::new(),
        authors: Vec::new(),
        license: String::new(),
        kind: Kind::Business,
        priority: Kind::Business.priority(),
        requires: text
            .requires
            .iter()
            .map(|(id, range)| Requirement {
                target: Target::Plugin(PluginId::new(id).expect("an id")),
                range: range.parse().expect("a range"),
                optional: false,
            })
            .collect(),
        provides: Vec::new(),
        capabilities: Vec::new(),
        permissions: Permissions::default(),
        after: Vec::new(),
        before: Vec::new(),
        config_schema: None,
        ui: None,
        ui_module: None,
        deadlines: Deadlines::default(),
        supervision: jackfield_manifest::Supervision::default(),
        build: Build {
            abi: Version::new(1, 0, 0),
            target: String::new(),
            rustc: String::new(),
            panic: Panic::Unwind,
            sdk: Version::new(1, 0, 0),
        },
    }
}

/// The same numbers each time (xorshift64).
struct Random(u64);

impl Random {
    fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut places = (0..count).collect::<Vec<_>>();
        for at in (1..count).rev() {
            places.swap(at, self.below(at + 1));
        }
        places
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit).expect("64 bits");
        usize::try_from(self.0 % limit).expect("below a usize")
    }
}
