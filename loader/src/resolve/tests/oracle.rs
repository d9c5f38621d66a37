//! Does the resolver agree with rules written down a second time, as simply as they can be?

use super::{File, nodes, plugin, print};
use crate::{Code, Need, Node, Plan, Standing, WarningKind, resolve};
use jackfield_manifest::{Requirement, Target};
use proptest::{collection::vec, prelude::*, sample::select};
use std::collections::BTreeMap;

type Id<'a> = &'a str;

/// The rules, for graphs so small that nothing needs to be clever. Nodes are places in `nodes`.
struct Oracle<'a> {
    nodes: &'a [Node<'a>],
    /// Id to chosen node.
    chosen: BTreeMap<Id<'a>, usize>,
}

impl<'a> Oracle<'a> {
    fn new(nodes: &'a [Node<'a>]) -> Self {
        let mut oracle = Self {
            nodes,
            chosen: BTreeMap::new(),
        };
        let mut ids = nodes
            .iter()
            .map(|n| n.manifest.id.as_str())
            .collect::<Vec<_>>();
        ids.sort_unstable();
        ids.dedup();
        while oracle.chosen.len() < ids.len() {
            // Next are the ids of which every dependent is settled or in the same knot.
            let settled = oracle.chosen.clone();
            let open = |id: &Id<'a>| !settled.contains_key(id);
            let ready = ids.iter().copied().filter(open).filter(|&id| {
                let dependents = ids.iter().filter(|&&other| oracle.leads(other, id));
                dependents
                    .clone()
                    .all(|&other| !open(&other) || oracle.leads(id, other))
            });
            for id in ready.collect::<Vec<_>>() {
                let best = oracle.best(id, &settled).unwrap_or(usize::MAX);
                oracle.chosen.insert(id, best);
            }
        }
        oracle.chosen.retain(|_, node| *node != usize::MAX);
        oracle
    }

    fn id(&self, node: usize) -> Id<'a> {
        self.nodes[node].manifest.id.as_str()
    }

    /// The enabled files of an id without doubles, highest first.
    fn candidates(&self, id: Id<'_>) -> Vec<usize> {
        let mut found = (0..self.nodes.len())
            .filter(|&n| self.id(n) == id && self.nodes[n].standing == Standing::Enabled)
            .collect::<Vec<_>>();
        found.sort_by_key(|&n| (&self.nodes[n].manifest.version, self.nodes[n].path));
        found.dedup_by_key(|n| &self.nodes[*n].manifest.version);
        found.reverse();
        found
    }

    fn names(&self, node: usize, id: Id<'_>) -> bool {
        let requires = &self.nodes[node].manifest.requires;
        requires
            .iter()
            .any(|r| matches!(&r.target, Target::Plugin(p) if p.as_str() == id))
    }

    /// Whether any candidate of one id requires the other, at any distance.
    fn leads(&self, from: Id<'a>, to: Id<'_>) -> bool {
        let mut reached = vec![from];
        let mut at = 0;
        while at < reached.len() {
            for node in self.candidates(reached[at]) {
                for other in self.nodes {
                    let other = other.manifest.id.as_str();
                    if self.names(node, other) && !reached.contains(&other) {
                        reached.push(other);
                    }
                }
            }
            at += 1;
        }
        from != to && reached.contains(&to)
    }

    fn best(&self, id: Id<'_>, settled: &BTreeMap<Id<'a>, usize>) -> Option<usize> {
        let candidates = self.candidates(id);
        let wishes = (0..self.nodes.len())
            .filter(|&n| self.id(n) != id)
            .filter(|&n| match settled.get(self.id(n)) {
                Some(&chosen) => chosen == n,
                None => self.candidates(self.id(n)).contains(&n),
            })
            .flat_map(|n| &self.nodes[n].manifest.requires)
            .filter(|r| matches!(&r.target, Target::Plugin(p) if p.as_str() == id))
            .collect::<Vec<_>>();
        let fits = |&&n: &&usize, strict: bool| {
            let version = &self.nodes[n].manifest.version;
            let mut counted = wishes.iter().filter(|r| strict || !r.optional);
            counted.all(|r| r.range.matches(version))
        };
        let all = candidates.iter().find(|n| fits(n, true));
        let required = candidates.iter().find(|n| fits(n, false));
        all.or(required).or(candidates.first()).copied()
    }

    /// The chosen nodes that meet a requirement of a node.
    fn providers(&self, node: usize, requirement: &Requirement) -> Vec<usize> {
        let range = &requirement.range;
        let meets = |other: &usize| {
            let manifest = self.nodes[*other].manifest;
            match &requirement.target {
                Target::Plugin(id) => manifest.id == *id && range.matches(&manifest.version),
                Target::Service(id) => manifest
                    .provides
                    .iter()
                    .any(|p| p.service == *id && range.matches(&p.version)),
            }
        };
        let mut found = self
            .chosen
            .values()
            .copied()
            .filter(meets)
            .collect::<Vec<_>>();
        if found.len() > 1 {
            found.retain(|&other| other != node);
        }
        found
    }

    fn required(&self, node: usize) -> impl Iterator<Item = Vec<usize>> + '_ {
        let requires = self.nodes[node].manifest.requires.iter();
        requires
            .filter(|r| !r.optional)
            .map(move |r| self.providers(node, r))
    }

    /// Whatever some order of starting can start.
    fn startable(&self) -> Vec<bool> {
        let mut started = vec![false; self.nodes.len()];
        loop {
            let next = self.chosen.values().find(|&&node| {
                let met = |providers: Vec<usize>| providers.iter().any(|&p| started[p]);
                !started[node] && self.required(node).all(met)
            });
            match next {
                Some(&node) => started[node] = true,
                None => return started,
            }
        }
    }

    /// Whether a node that cannot start holds itself up.
    fn in_cycle(&self, node: usize, started: &[bool]) -> bool {
        let next = |n: usize| {
            let unmet = |providers: &Vec<usize>| !providers.iter().any(|&p| started[p]);
            self.required(n).filter(unmet).flatten().collect::<Vec<_>>()
        };
        reaches(&next, node, node)
    }

    /// Everything that a node would start after, were there no cycles.
    fn befores(&self, node: usize, started: &[bool]) -> Vec<usize> {
        let manifest = self.nodes[node].manifest;
        let mut found = Vec::new();
        for requirement in &manifest.requires {
            found.extend(self.providers(node, requirement));
        }
        for (&id, &other) in &self.chosen {
            let before = &self.nodes[other].manifest.before;
            let ordered = before.contains(&manifest.id);
            if ordered || manifest.after.iter().any(|p| p.as_str() == id) {
                found.push(other);
            }
        }
        found.retain(|&other| started[other]);
        found
    }
}

fn reaches(next: &dyn Fn(usize) -> Vec<usize>, from: usize, to: usize) -> bool {
    let mut seen = next(from);
    let mut at = 0;
    while at < seen.len() {
        for other in next(seen[at]) {
            if !seen.contains(&other) {
                seen.push(other);
            }
        }
        at += 1;
    }
    seen.contains(&to)
}

fn agree(nodes: &[Node<'_>], plan: &Plan) {
    let oracle = Oracle::new(nodes);
    let started = oracle.startable();
    let position = |node: usize| plan.start.iter().position(|step| step.node == node);
    for node in 0..nodes.len() {
        assert_eq!(
            position(node).is_some(),
            started[node],
            "starts: {}",
            oracle.id(node)
        );
        let rejections = plan
            .rejected
            .iter()
            .filter(|r| r.node == node)
            .collect::<Vec<_>>();
        let barred = matches!(nodes[node].standing, Standing::Rejected(_));
        let out = usize::from(!started[node] && !barred);
        assert_eq!(rejections.len(), out, "rejections of {}", oracle.id(node));
        if oracle.chosen.get(oracle.id(node)) == Some(&node) && !started[node] {
            let codes = rejections[0]
                .reasons
                .iter()
                .map(|r| r.code)
                .collect::<Vec<_>>();
            faults(&oracle, node, &started, &codes);
        }
    }
    waits(&oracle, plan, &started);
    greedy(nodes, plan);
}

/// The codes of a plugin that cannot start are those of what is wrong with it.
fn faults(oracle: &Oracle<'_>, node: usize, started: &[bool], codes: &[Code]) {
    let cycle = oracle.in_cycle(node, started);
    assert_eq!(
        codes.contains(&Code::Cycle),
        cycle,
        "cycle of {}",
        oracle.id(node)
    );
    let lacks = oracle.required(node).filter(Vec::is_empty).count();
    let passed_on = oracle.required(node).filter(|providers| {
        let back = |&p: &usize| p == node || chain(oracle, p, node, started);
        !providers.is_empty()
            && !providers.iter().any(|&p| started[p])
            && !providers.iter().any(back)
    });
    let expected = usize::from(cycle) + lacks + passed_on.count();
    assert_eq!(
        codes.len(),
        expected,
        "faults of {}: {codes:?}",
        oracle.id(node)
    );
}

fn chain(oracle: &Oracle<'_>, from: usize, to: usize, started: &[bool]) -> bool {
    let next = |n: usize| {
        let unmet = |providers: &Vec<usize>| !providers.iter().any(|&p| started[p]);
        oracle
            .required(n)
            .filter(unmet)
            .flatten()
            .collect::<Vec<_>>()
    };
    reaches(&next, from, to)
}

/// Everything is waited for that should be, unless it closes a cycle, and then it is warned of.
fn waits(oracle: &Oracle<'_>, plan: &Plan, started: &[bool]) {
    let next = |n: usize| oracle.befores(n, started);
    let mut given_up = 0;
    for (at, step) in plan.start.iter().enumerate() {
        let waited = plan.waits(at).iter().map(|wait| {
            assert!((wait.step as usize) < at, "waits only for earlier steps");
            plan.start[wait.step as usize].node
        });
        let waited = waited.collect::<Vec<_>>();
        for providers in oracle.required(step.node) {
            assert!(
                providers.iter().any(|p| waited.contains(p)),
                "a requirement is waited for"
            );
        }
        for other in oracle.befores(step.node, started) {
            if !waited.contains(&other) {
                let closes = other == step.node || reaches(&next, other, step.node);
                assert!(
                    closes,
                    "{} after {}",
                    oracle.id(step.node),
                    oracle.id(other)
                );
                given_up += 1;
            }
        }
    }
    let cycles = plan
        .warnings
        .iter()
        .filter(|warning| warning.kind != WarningKind::OptionalOutOfRange)
        .count();
    assert!(given_up > 0 || cycles == 0, "no cycle, no warning");
}

/// Of what is ready, the one with the smallest priority and id is next.
fn greedy(nodes: &[Node<'_>], plan: &Plan) {
    let key = |at: usize| {
        let node = &nodes[plan.start[at].node];
        (node.priority, &node.manifest.id)
    };
    for at in 0..plan.start.len() {
        for later in at + 1..plan.start.len() {
            if plan
                .waits(later)
                .iter()
                .all(|wait| (wait.step as usize) < at)
            {
                assert!(key(at) < key(later), "priority, then id");
            }
        }
    }
}

fn file() -> impl Strategy<Value = File> {
    let ids = || select(vec!["a", "b", "c", "d", "e", "f"]);
    let versions = || select(vec!["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"]);
    let ranges = select(vec![
        "*",
        "*",
        "^1",
        "^1",
        ">=1.1",
        "^2",
        "^2.0.0-rc.1",
        "<2",
    ]);
    let targets = select(vec!["a", "b", "c", "d", "e", "f", "service s", "service t"]);
    let needs = vec((targets, ranges, 0..3), 0..4);
    let provides = vec((select(vec!["s", "t"]), versions()), 0..2);
    let orders = || vec(ids(), 0..2);
    let whole = (
        ids(),
        versions(),
        needs,
        provides,
        orders(),
        orders(),
        0..3,
        0..12,
    );
    whole.prop_map(
        |(id, version, needs, provides, after, before, priority, standing)| {
            let mut file = plugin(&format!("{id} {version}")).priority(priority);
            for (target, range, optional) in needs {
                file = file.need(&format!("{target} {range}"), optional == 0);
            }
            for (service, version) in provides {
                file = file.provides(&format!("{service} {version}"));
            }
            for id in after {
                file = file.after(id);
            }
            for id in before {
                file = file.before(id);
            }
            match standing {
                0 => file.disabled(),
                1 => file.rejected("cut short"),
                _ => file,
            }
        },
    )
}

fn files() -> impl Strategy<Value = Vec<File>> {
    vec(file(), 0..10).prop_map(|files| {
        let numbered = files.into_iter().enumerate();
        numbered
            .map(|(at, file)| file.at(&format!("{at}.so")))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_resolver_agrees_with_the_oracle(files in files()) {
        let nodes = nodes(&files);
        agree(&nodes, &resolve(&nodes));
    }

    #[test]
    fn any_order_of_the_input_gives_the_same_plan(
        (files, shuffled) in files().prop_flat_map(|f| (Just(f.clone()), Just(f).prop_shuffle()))
    ) {
        let (one, other) = (nodes(&files), nodes(&shuffled));
        prop_assert_eq!(print(&resolve(&one), &one), print(&resolve(&other), &other));
    }
}

#[test]
fn needs_name_the_requirement() {
    let files = [
        plugin("a").requires("c").wants("b").after("d"),
        plugin("b"),
        plugin("c"),
        plugin("d"),
    ];
    let nodes = nodes(&files);
    let plan = resolve(&nodes);
    let needs = plan
        .waits(3)
        .iter()
        .map(|wait| wait.need)
        .collect::<Vec<_>>();
    let expected = [
        Need::Required { requirement: 0 },
        Need::Optional { requirement: 1 },
        Need::Order,
    ];
    assert_eq!(needs, expected);
}
