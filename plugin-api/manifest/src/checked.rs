//! The top-level keys, one after the other, and the rules that join them.

use crate::{
    Build, Deadlines, Kind, Manifest, Panic, Permissions, PluginId, Provision, Range, Requirement,
    ServiceId, Target, TopicPattern,
    check::{Checker, Path},
    keys,
    supervision::supervision,
    tree::{Entry, NOWHERE, Node, Table, shortened},
    ui,
};
use semver::Version;
use std::{collections::HashSet, time::Duration};

const A_VERSION: &str = "a version such as \"1.2.3\"";
const A_RANGE: &str = "a version range such as \"^1.2\"";
/// The longest deadline.
const MAX_DEADLINE_MS: u64 = 3_600_000;

type Placed<T> = Vec<(u32, T)>;

/// The keys that a note and a `plugin.toml` share. `None` when something that has no default is
/// missing or wrong; what else is wrong is only in the checker.
pub(crate) fn manifest(
    checker: &mut Checker,
    table: &mut Table<'_>,
    build: Build,
) -> Option<Manifest> {
    let id = required(checker, table, "id", "an id", |checker, key, node| {
        checker.id::<PluginId>(key, node)
    });
    let version = required(
        checker,
        table,
        "version",
        A_VERSION,
        |checker, key, node| checker.parsed::<Version>(key, node, A_VERSION),
    );
    let name = line(checker, table, "name");
    let description = line(checker, table, "description").unwrap_or_default();
    let license = line(checker, table, "license").unwrap_or_default();
    let authors = checker.list("authors", table.take("authors"), |checker, key, node| {
        checker.line(key, node)
    });
    let placed = kind(checker, table.take("kind"));
    let kind = placed.map_or(Kind::default(), |(_, kind)| kind);
    let priority = priority(checker, table.take("priority")).unwrap_or(kind.priority());
    let requires = requires(checker, table.take("requires"));
    let provides = provides(checker, table.take("provides"));
    contract(checker, placed, &provides);
    let after = ids(checker, "after", table);
    let before = ids(checker, "before", table);
    let capabilities = capabilities(checker, table.take("capabilities"));
    let permissions = permissions(checker, table.take("permissions"));
    let deadlines = deadlines(checker, table.take("deadlines"));
    let supervision = supervision(checker, table.take("supervision"));
    let ui = ui::read::ui(checker, table.take("ui"));
    let orders = Orders {
        requires: &requires,
        provides: &provides,
        after: &after,
        before: &before,
    };
    orders.check(checker, id.as_ref());
    let id = id?;
    Some(Manifest {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        version: version?,
        description,
        authors,
        license,
        kind,
        priority,
        requires: bare(requires),
        provides: bare(provides),
        after: bare(after),
        before: bare(before),
        capabilities,
        permissions,
        config_schema: None,
        ui,
        ui_module: None,
        deadlines,
        supervision,
        build,
    })
}

fn bare<T>(placed: Placed<T>) -> Vec<T> {
    placed.into_iter().map(|(_, value)| value).collect()
}

fn required<'a, T>(
    checker: &mut Checker,
    table: &mut Table<'a>,
    name: &str,
    expected: &str,
    read: impl FnOnce(&mut Checker, Path<'_>, Node<'a>) -> Option<T>,
) -> Option<T> {
    match table.take(name) {
        Some(entry) => read(checker, Path::top(name), entry.node),
        None => {
            checker.missing(name, NOWHERE, expected);
            None
        }
    }
}

fn line(checker: &mut Checker, table: &mut Table<'_>, name: &str) -> Option<String> {
    checker.line(Path::top(name), table.take(name)?.node)
}

fn kind(checker: &mut Checker, entry: Option<Entry<'_>>) -> Option<(u32, Kind)> {
    let node = entry?.node;
    Some((
        node.at,
        checker.word(Path::top("kind"), node, &Kind::WORDS)?,
    ))
}

/// What a kind promises, the plugin provides.
fn contract(checker: &mut Checker, kind: Option<(u32, Kind)>, provides: &Placed<Provision>) {
    let promised = kind.and_then(|(at, kind)| Some((at, kind.contract()?)));
    let Some((at, service)) = promised else {
        return;
    };
    if provides
        .iter()
        .all(|(_, provided)| provided.service.as_str() != service)
    {
        let expected = format!("a plugin that provides service `{service}`");
        checker.wrong("kind", at, expected, "one that does not");
    }
}

fn priority(checker: &mut Checker, entry: Option<Entry<'_>>) -> Option<i32> {
    let expected = "an integer from -2147483648 to 2147483647";
    checker.integer(Path::top("priority"), &entry?.node, expected)
}

fn requires(checker: &mut Checker, entry: Option<Entry<'_>>) -> Placed<Requirement> {
    let requires = checker.list("requires", entry, |checker, path, node| {
        Some((node.at, requirement(checker, path, node)?))
    });
    let name = |requirement: &Requirement| match &requirement.target {
        Target::Plugin(id) => id.to_string(),
        Target::Service(id) => format!("service {id}"),
    };
    checker.each_once(
        "requires",
        &requires,
        |requirement| &requirement.target,
        name,
    );
    requires
}

fn requirement(checker: &mut Checker, path: Path<'_>, node: Node<'_>) -> Option<Requirement> {
    let at = node.at;
    let example = "a table such as { plugin = \"heartbeat\", range = \"^1\" }";
    let mut table = checker.table(path, node, example)?;
    let optional = table
        .take("optional")
        .and_then(|entry| checker.boolean(path.key("optional"), &entry.node))
        .unwrap_or(false);
    let range = table.take("range");
    if range.is_none() {
        checker.missing(path.key("range"), at, A_RANGE);
    }
    let range =
        range.and_then(|entry| checker.parsed::<Range>(path.key("range"), entry.node, A_RANGE));
    let target = target(checker, path, &mut table, at);
    checker.leftover(path, table, &[keys::REQUIRES]);
    Some(Requirement {
        target: target?,
        range: range?,
        optional,
    })
}

fn target(checker: &mut Checker, path: Path<'_>, table: &mut Table<'_>, at: u32) -> Option<Target> {
    let expected = "one of `plugin` and `service`";
    match (table.take("plugin"), table.take("service")) {
        (Some(entry), None) => checker
            .id(path.key("plugin"), entry.node)
            .map(Target::Plugin),
        (None, Some(entry)) => checker
            .id(path.key("service"), entry.node)
            .map(Target::Service),
        (None, None) => {
            checker.wrong(path, at, expected, "neither");
            None
        }
        (Some(_), Some(_)) => {
            checker.wrong(path, at, expected, "both");
            None
        }
    }
}

fn provides(checker: &mut Checker, entry: Option<Entry<'_>>) -> Placed<Provision> {
    let provides = checker.list("provides", entry, |checker, path, node| {
        Some((node.at, provision(checker, path, node)?))
    });
    let name = |provision: &Provision| provision.service.to_string();
    checker.each_once("provides", &provides, |provision| &provision.service, name);
    provides
}

fn provision(checker: &mut Checker, path: Path<'_>, node: Node<'_>) -> Option<Provision> {
    let at = node.at;
    let example = "a table such as { service = \"records\", version = \"1.0.0\" }";
    let mut table = checker.table(path, node, example)?;
    let service = table.take("service");
    if service.is_none() {
        checker.missing(path.key("service"), at, "a service's id");
    }
    let service =
        service.and_then(|entry| checker.id::<ServiceId>(path.key("service"), entry.node));
    let version = table.take("version");
    if version.is_none() {
        checker.missing(path.key("version"), at, A_VERSION);
    }
    let version = version
        .and_then(|entry| checker.parsed::<Version>(path.key("version"), entry.node, A_VERSION));
    checker.leftover(path, table, &[keys::PROVIDES]);
    Some(Provision {
        service: service?,
        version: version?,
    })
}

fn ids(checker: &mut Checker, name: &str, table: &mut Table<'_>) -> Placed<PluginId> {
    let ids = checker.list(name, table.take(name), |checker, path, node| {
        Some((node.at, checker.id::<PluginId>(path, node)?))
    });
    checker.each_once(name, &ids, |id| id, PluginId::to_string);
    ids
}

fn capabilities(checker: &mut Checker, entry: Option<Entry<'_>>) -> Vec<String> {
    let words = checker.list("capabilities", entry, |checker, path, node| {
        let at = node.at;
        let word = checker.line(path, node)?;
        if word.is_empty() {
            checker.wrong(path, at, "a word", "an empty string");
            return None;
        }
        Some((at, word))
    });
    checker.each_once("capabilities", &words, |word| word, String::clone);
    bare(words)
}

fn permissions(checker: &mut Checker, entry: Option<Entry<'_>>) -> Permissions {
    let path = Path::top("permissions");
    let example = "a table such as { publish = [\"chart.*\"], subscribe = [\"logs.**\"] }";
    let table = entry.and_then(|entry| checker.table(path, entry.node, example));
    let Some(mut table) = table else {
        return Permissions::default();
    };
    let publish = patterns(checker, "permissions.publish", table.take("publish"));
    let subscribe = patterns(checker, "permissions.subscribe", table.take("subscribe"));
    checker.leftover(path, table, &[keys::PERMISSIONS]);
    Permissions { publish, subscribe }
}

fn patterns(checker: &mut Checker, name: &str, entry: Option<Entry<'_>>) -> Vec<TopicPattern> {
    let patterns = checker.list(name, entry, |checker, path, node| {
        let at = node.at;
        let text = checker.string(path, node)?;
        let pattern = TopicPattern::new(&text).map_err(|_| {
            let expected = "a topic, `prefix.*`, `prefix.**` or `**`";
            checker.wrong(path, at, expected, format!("{:?}", shortened(&text)));
        });
        Some((at, pattern.ok()?))
    });
    checker.each_once(name, &patterns, |pattern| pattern, TopicPattern::to_string);
    bare(patterns)
}

fn deadlines(checker: &mut Checker, entry: Option<Entry<'_>>) -> Deadlines {
    let mut deadlines = Deadlines::default();
    let path = Path::top("deadlines");
    let table = entry.and_then(|entry| checker.table(path, entry.node, "a table"));
    let Some(mut table) = table else {
        return deadlines;
    };
    for (name, deadline) in [
        ("initialize_ms", &mut deadlines.initialize),
        ("start_ms", &mut deadlines.start),
        ("stop_ms", &mut deadlines.stop),
    ] {
        let Some(entry) = table.take(name) else {
            continue;
        };
        let path = path.key(name);
        let expected = format!("milliseconds from 1 to {MAX_DEADLINE_MS}");
        match checker.integer::<u64>(path, &entry.node, &expected) {
            Some(ms @ 1..=MAX_DEADLINE_MS) => *deadline = Duration::from_millis(ms),
            Some(ms) => checker.wrong(path, entry.node.at, expected, ms.to_string()),
            None => {}
        }
    }
    checker.leftover(path, table, &[keys::DEADLINES]);
    deadlines
}

/// Everything that a plugin says of others, for the rules between them.
struct Orders<'m> {
    requires: &'m Placed<Requirement>,
    provides: &'m Placed<Provision>,
    after: &'m Placed<PluginId>,
    before: &'m Placed<PluginId>,
}

impl Orders<'_> {
    fn check(&self, checker: &mut Checker, own: Option<&PluginId>) {
        if self.requires.is_empty() && self.after.is_empty() && self.before.is_empty() {
            return;
        }
        self.not_itself(checker, own);
        self.said_once(checker);
    }

    fn required(&self) -> impl Iterator<Item = (u32, &PluginId)> {
        self.requires
            .iter()
            .filter_map(|(at, requirement)| match &requirement.target {
                Target::Plugin(id) => Some((*at, id)),
                Target::Service(_) => None,
            })
    }

    fn not_itself(&self, checker: &mut Checker, own: Option<&PluginId>) {
        let Some(own) = own else { return };
        let lists = [("after", self.after), ("before", self.before)];
        let ordered = lists
            .iter()
            .flat_map(|(list, ids)| ids.iter().map(move |(at, id)| (*list, *at, id)));
        let required = self.required().map(|(at, id)| ("requires", at, id));
        for (list, at, id) in required.chain(ordered) {
            if id == own {
                checker.wrong(list, at, "other plugins", format!("`{own}` itself"));
            }
        }
        let provided: HashSet<_> = self.provides.iter().map(|(_, p)| &p.service).collect();
        for (at, requirement) in self.requires {
            match &requirement.target {
                Target::Service(id) if provided.contains(id) => {
                    let found = format!("`{id}`, which it provides itself");
                    checker.wrong("requires", *at, "services of other plugins", found);
                }
                _ => {}
            }
        }
    }

    /// A requirement is an order too, and an order has one direction.
    fn said_once(&self, checker: &mut Checker) {
        if self.after.is_empty() && self.before.is_empty() {
            return;
        }
        let required: HashSet<_> = self.required().map(|(_, id)| id).collect();
        let after: HashSet<_> = self.after.iter().map(|(_, id)| id).collect();
        for (at, id) in self.after {
            if required.contains(id) {
                let found = format!("`{id}`, which `requires` names already");
                checker.wrong("after", *at, "plugins that it does not require", found);
            }
        }
        for (at, id) in self.before {
            if required.contains(id) || after.contains(id) {
                let found = format!("`{id}`, which it starts after");
                checker.wrong("before", *at, "plugins that it does not start after", found);
            }
        }
    }
}

/// The key `build`.
pub(crate) fn build(checker: &mut Checker, entry: Option<Entry<'_>>) -> Option<Build> {
    let path = Path::top("build");
    let expected = "a table of what the plugin was built with";
    let Some(entry) = entry else {
        checker.missing(path, NOWHERE, expected);
        return None;
    };
    let at = entry.node.at;
    let mut table = checker.table(path, entry.node, expected)?;
    let mut part = |name: &'static str, expected: &str| {
        let part = table.take(name);
        if part.is_none() {
            checker.missing(path.key(name), at, expected);
        }
        part.map(|entry| entry.node)
    };
    let (abi, target) = (part("abi", A_VERSION), part("target", "a target triple"));
    let rustc = part("rustc", "what `rustc --version` says");
    let panic = part("panic", "\"unwind\" or \"abort\"");
    let sdk = part("sdk", A_VERSION);
    checker.leftover(path, table, &[keys::BUILD]);
    let words = [("unwind", Panic::Unwind), ("abort", Panic::Abort)];
    let abi = abi.and_then(|node| checker.parsed(path.key("abi"), node, A_VERSION));
    let target = target.and_then(|node| checker.line(path.key("target"), node));
    let rustc = rustc.and_then(|node| checker.line(path.key("rustc"), node));
    let panic = panic.and_then(|node| checker.word(path.key("panic"), node, &words));
    let sdk = sdk.and_then(|node| checker.parsed(path.key("sdk"), node, A_VERSION));
    Some(Build {
        abi: abi?,
        target: target?,
        rustc: rustc?,
        panic: panic?,
        sdk: sdk?,
    })
}
