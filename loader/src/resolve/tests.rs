//! Does every rule of resolution hold, with its exact words?

mod oracle;
mod own;
mod rules;
mod scale;
mod versions;
mod why;

use super::{Need, Node, Plan, Standing, resolve};
use jackfield_manifest::{
    Build, Deadlines, Kind, Manifest, Panic, Permissions, PluginId, Provision, Requirement,
    ServiceId, Target,
};
use semver::Version;
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// A plugin of a test.
#[derive(Debug, Clone)]
struct File {
    manifest: Manifest,
    path: PathBuf,
    priority: i32,
    standing: Standing<'static>,
}

/// `id version`, in the file `id-version.so`.
fn plugin(what: &str) -> File {
    let (id, version) = what.split_once(' ').unwrap_or((what, "1.0.0"));
    let manifest = Manifest {
        capabilities: Vec::new(),
        permissions: Permissions::default(),
        id: PluginId::new(id).expect("an id"),
        name: String::new(),
        version: Version::parse(version).expect("a version"),
        description: String::new(),
        authors: Vec::new(),
        license: String::new(),
        kind: Kind::Business,
        priority: 40,
        requires: Vec::new(),
        provides: Vec::new(),
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
    };
    File {
        path: PathBuf::from(format!("{id}-{version}.so")),
        priority: manifest.priority,
        standing: Standing::Enabled,
        manifest,
    }
}

impl File {
    fn node(&self) -> Node<'_> {
        Node {
            path: &self.path,
            manifest: &self.manifest,
            standing: self.standing,
            priority: self.priority,
        }
    }

    fn need(mut self, what: &str, optional: bool) -> Self {
        let (service, what) = match what.strip_prefix("service ") {
            Some(rest) => (true, rest),
            None => (false, what),
        };
        let (id, range) = what.split_once(' ').unwrap_or((what, "*"));
        self.manifest.requires.push(Requirement {
            target: if service {
                Target::Service(ServiceId::new(id).expect("an id"))
            } else {
                Target::Plugin(PluginId::new(id).expect("an id"))
            },
            range: range.parse().expect("a range"),
            optional,
        });
        self
    }

    fn requires(self, what: &str) -> Self {
        self.need(what, false)
    }

    fn wants(self, what: &str) -> Self {
        self.need(what, true)
    }

    fn provides(mut self, what: &str) -> Self {
        let (id, version) = what.split_once(' ').unwrap_or((what, "1.0.0"));
        self.manifest.provides.push(Provision {
            service: ServiceId::new(id).expect("an id"),
            version: Version::parse(version).expect("a version"),
        });
        self
    }

    fn after(mut self, id: &str) -> Self {
        self.manifest.after.push(PluginId::new(id).expect("an id"));
        self
    }

    fn before(mut self, id: &str) -> Self {
        self.manifest.before.push(PluginId::new(id).expect("an id"));
        self
    }

    fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    fn at(mut self, path: &str) -> Self {
        self.path = Path::new(path).to_owned();
        self
    }

    fn disabled(mut self) -> Self {
        self.standing = Standing::Disabled;
        self
    }

    fn rejected(mut self, why: &'static str) -> Self {
        self.standing = Standing::Rejected(why);
        self
    }
}

fn nodes(files: &[File]) -> Vec<Node<'_>> {
    files.iter().map(File::node).collect()
}

/// A plan in lines: what starts (`!` required, `?` optional, `>` order only), what stays out, what
/// is degraded, what is warned of.
fn print(plan: &Plan, nodes: &[Node<'_>]) -> String {
    let id = |node: usize| nodes[node].manifest.id.as_str();
    let mut text = String::new();
    for (at, step) in plan.start.iter().enumerate() {
        let manifest = nodes[step.node].manifest;
        write!(text, "{} {}", manifest.id, manifest.version).expect("a string");
        for wait in plan.waits(at) {
            let sign = match wait.need {
                Need::Required { .. } => '!',
                Need::Optional { .. } => '?',
                Need::Order => '>',
            };
            let earlier = plan.start[wait.step as usize].node;
            write!(text, " {sign}{}", id(earlier)).expect("a string");
        }
        text.push('\n');
    }
    for rejection in &plan.rejected {
        let manifest = nodes[rejection.node].manifest;
        for reason in &rejection.reasons {
            let (id, version) = (&manifest.id, &manifest.version);
            let (code, message) = (reason.code, &reason.message);
            writeln!(text, "- {id} {version}: {code}: {message}").expect("a string");
        }
    }
    for degraded in &plan.degraded {
        writeln!(text, "~ {}: {}", id(degraded.node), degraded.message).expect("a string");
    }
    for warning in &plan.warnings {
        writeln!(text, "! {}: {}", id(warning.node), warning.message).expect("a string");
    }
    text
}

/// Resolves the files in every order (up to six files; else in some) and compares the printed plan.
#[track_caller]
fn check(files: &[File], expected: &[&str]) {
    let given = nodes(files);
    let mut orders = 0;
    permute(&mut given.clone(), 0, &mut |nodes| {
        orders += 1;
        let found = print(&resolve(nodes), nodes);
        assert_eq!(
            found.lines().collect::<Vec<_>>(),
            expected,
            "order {orders}"
        );
    });
}

fn permute<'a>(nodes: &mut Vec<Node<'a>>, at: usize, visit: &mut impl FnMut(&[Node<'a>])) {
    if at == nodes.len() {
        return visit(nodes);
    }
    // Beyond six files, only the first places change.
    let last = if at < 6 { nodes.len() } else { at + 1 };
    for other in at..last.min(at + 6) {
        nodes.swap(at, other);
        permute(nodes, at + 1, visit);
        nodes.swap(at, other);
    }
}
