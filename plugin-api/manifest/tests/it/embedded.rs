//! Does the embedded text say the same when it is read back, and is a wrong one refused with its
//! key, what was expected and what was found?

use jackfield_manifest::{
    Build, Deadlines, Kind, Manifest, OnPanic, Panic, Permissions, PluginId, Provision,
    Requirement, Restart, Supervision, Target, Warning, readers_agree,
};
use proptest::prelude::*;
use semver::Version;
use std::time::Duration;

const HEAD: &str = r#"build = { abi = "1.0.0", target = "x86_64-unknown-linux-gnu", rustc = "rustc 1.95.0", panic = "unwind", sdk = "1.0.0" }
id = "chart"
version = "1.2.3"
"#;

fn parse(rest: &str) -> Result<(Manifest, Vec<Warning>), String> {
    Manifest::parse(&format!("{HEAD}{rest}")).map_err(|error| error.to_string())
}

fn refused(rest: &str) -> String {
    parse(rest).expect_err("it is wrong")
}

fn plain(rest: &str) -> Manifest {
    let (manifest, warnings) = parse(rest).expect("it is a manifest");
    assert_eq!(warnings, []);
    manifest
}

fn full() -> Manifest {
    Manifest {
        name: "Chart \"of\" it's \\ ünïcode".to_owned(),
        description: "draws".to_owned(),
        authors: vec!["A <a@b.c>".to_owned(), "B".to_owned()],
        license: "MIT".to_owned(),
        kind: Kind::Integration,
        priority: -7,
        requires: vec![
            Requirement {
                target: Target::Plugin("store".parse().unwrap()),
                range: ">=1.2, <3".parse().unwrap(),
                optional: false,
            },
            Requirement {
                target: Target::Service("clock".parse().unwrap()),
                range: "*".parse().unwrap(),
                optional: true,
            },
        ],
        provides: vec![Provision {
            service: "charts".parse().unwrap(),
            version: Version::new(1, 0, 0),
        }],
        after: vec!["a".parse().unwrap()],
        before: vec!["b".parse().unwrap(), "c".parse().unwrap()],
        capabilities: vec!["draw".to_owned()],
        permissions: Permissions {
            publish: vec!["chart.*".parse().unwrap()],
            subscribe: vec!["logs.**".parse().unwrap(), "store.tick".parse().unwrap()],
        },
        config_schema: Some(r#"{"title":"it's \"quoted\""}"#.to_owned()),
        supervision: Supervision {
            restart: Restart::Always,
            on_panic: OnPanic::Continue,
            health_interval: Duration::from_millis(1500),
            health_deadline: Duration::from_millis(20),
            restart_when_unhealthy: true,
        },
        deadlines: Deadlines {
            initialize: Duration::from_millis(1),
            start: Duration::from_secs(3600),
            stop: Duration::from_secs(10),
        },
        build: Build {
            abi: Version::new(1, 0, 0),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            rustc: "rustc 1.95.0 (59807616e 2026-04-14)".to_owned(),
            panic: Panic::Abort,
            sdk: "1.0.0-rc.1".parse().unwrap(),
        },
        ..plain("")
    }
}

#[test]
fn what_is_written_is_read_back() {
    let manifest = full();
    let text = manifest.to_toml();
    assert_eq!(Manifest::parse(&text), Ok((manifest, vec![])));
    assert!(readers_agree(&text));
}

#[test]
fn what_is_absent_has_its_default() {
    let manifest = plain("");
    assert_eq!(manifest.name, "chart");
    assert_eq!(manifest.description, "");
    assert_eq!((manifest.kind, manifest.priority), (Kind::Business, 40));
    assert_eq!(manifest.deadlines, Deadlines::default());
    assert_eq!(manifest.supervision, Supervision::default());
    assert_eq!(manifest.requires, []);
    assert_eq!(manifest.config_schema, None);
    assert_eq!(plain("kind = 'security'").priority, 20);
    assert_eq!(plain("kind = 'security'\npriority = 5").priority, 5);
}

#[test]
fn each_kind_has_its_priority() {
    let kinds = [
        ("infrastructure", Kind::Infrastructure, 10),
        ("security", Kind::Security, 20),
        ("middleware", Kind::Middleware, 30),
        ("business", Kind::Business, 40),
        ("integration", Kind::Integration, 50),
        ("backend", Kind::Backend, 40),
        ("collector", Kind::Collector, 40),
    ];
    for (word, kind, priority) in kinds {
        let manifest = plain(&format!(
            "kind = '{word}'\nprovides = [{{ service = 'tracking.backend', version = '1.0.0' }}, \
             {{ service = 'tracking.collector', version = '1.0.0' }}]"
        ));
        assert_eq!((manifest.kind, manifest.priority), (kind, priority));
        assert!(manifest.to_toml().contains(&format!("kind = \"{word}\"")));
    }
}

#[test]
fn any_toml_will_do_not_only_that_of_our_own_sdk() {
    let dressed = plain(
        "# a comment\n[[requires]]\nplugin = \"st\\u006fre\"\nrange = '''^1'''\n\
         [deadlines]\nstop_ms = 0x10\n",
    );
    assert_eq!(
        dressed,
        plain("requires = [{ plugin = 'store', range = '^1' }]\ndeadlines = { stop_ms = 16 }")
    );
}

#[test]
fn unknown_keys_are_warnings() {
    let (_, warnings) = parse(
        "colour = 1\nrequires = [{ plugin = 'a', range = '*', why = '' }]\n[deadlines]\npause_ms = 1",
    )
    .unwrap();
    let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let tail = "unknown key, passed over: the plugin may be built with a newer SDK";
    assert_eq!(
        texts,
        [
            format!("colour: {tail}"),
            format!("requires[0].why: {tail}"),
            format!("deadlines.pause_ms: {tail}"),
        ]
    );
}

#[test]
fn a_wrong_value_is_named_with_its_key() {
    let cases = [
        ("name = 1", "name: expected a string, found the integer 1"),
        (
            "description = \"a\\u001b[31m\"",
            "description: expected one line of text, found the control character '\\u{1b}'",
        ),
        (
            "kind = 'game'",
            "kind: expected one of \"infrastructure\", \"security\", \"middleware\", \
             \"business\", \"integration\", \"backend\", \"collector\", found \"game\"",
        ),
        (
            "priority = 2147483648",
            "priority: expected an integer from -2147483648 to 2147483647, \
             found the integer 2147483648",
        ),
        (
            "priority = 99999999999999999999",
            "priority: expected an integer from -2147483648 to 2147483647, \
             found an integer out of range",
        ),
        (
            "requires = {}",
            "requires: expected an array, found a table",
        ),
        (
            "requires = ['a']",
            "requires[0]: expected a table such as { plugin = \"heartbeat\", range = \"^1\" }, \
             found the string \"a\"",
        ),
        (
            "requires = [{ plugin = 'a' }]",
            "requires[0].range: missing, expected a version range such as \"^1.2\"",
        ),
        (
            "requires = [{ range = '*' }]",
            "requires[0]: expected one of `plugin` and `service`, found neither",
        ),
        (
            "requires = [{ plugin = 'a', service = 'a', range = '*' }]",
            "requires[0]: expected one of `plugin` and `service`, found both",
        ),
        (
            "requires = [{ plugin = 'a', range = 'one' }]",
            "requires[0].range: expected a version range such as \"^1.2\", \
             found \"one\" (unexpected character 'o' while parsing major version number)",
        ),
        (
            "provides = [{ service = 'a', version = '1' }]",
            "provides[0].version: expected a version such as \"1.2.3\", \
             found \"1\" (unexpected end of input while parsing major version number)",
        ),
        (
            "after = ['a b']",
            "after[0]: `a b` is no id: ' ' at byte 1 is not allowed: \
             an id matches [A-Za-z0-9_][A-Za-z0-9_.-]*",
        ),
        (
            "permissions = { publish = ['a..b'], hear = [] }",
            "permissions.publish[0]: expected a topic, `prefix.*`, `prefix.**` or `**`, found \"a..b\"",
        ),
        (
            "permissions = { subscribe = ['a', 'a'] }",
            "permissions.subscribe: expected each entry once, found `a` again",
        ),
        (
            "permissions = ['a']",
            "permissions: expected a table such as { publish = [\"chart.*\"], subscribe = [\"logs.**\"] }, found an array",
        ),
        (
            "capabilities = ['']",
            "capabilities[0]: expected a word, found an empty string",
        ),
        (
            "supervision = { restart = 'sometimes' }",
            "supervision.restart: expected one of \"never\", \"on-failure\", \"always\", found \
             \"sometimes\"",
        ),
        (
            "supervision = { on_panic = 1 }",
            "supervision.on_panic: expected a string, found the integer 1",
        ),
        (
            "supervision = { health_interval_ms = 3600001 }",
            "supervision.health_interval_ms: expected milliseconds from 1 to 3600000, found 3600001",
        ),
        (
            "supervision = { restart_when_unhealthy = 'no' }",
            "supervision.restart_when_unhealthy: expected a boolean, found the string \"no\"",
        ),
        (
            "deadlines = { start_ms = 0 }",
            "deadlines.start_ms: expected milliseconds from 1 to 3600000, found 0",
        ),
        (
            "deadlines = { start_ms = -1 }",
            "deadlines.start_ms: expected milliseconds from 1 to 3600000, found the integer -1",
        ),
        (
            "config_schema = {}",
            "config_schema: expected a string, found a table",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(refused(text), message);
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let cases = [
        (
            "requires = [{ plugin = 'chart', range = '*' }]",
            "requires: expected other plugins, found `chart` itself",
        ),
        (
            "after = ['chart']",
            "after: expected other plugins, found `chart` itself",
        ),
        (
            "provides = [{ service = 's', version = '1.0.0' }]\n\
             requires = [{ service = 's', range = '*' }]",
            "requires: expected services of other plugins, found `s`, which it provides itself",
        ),
        (
            "after = ['a', 'a']",
            "after: expected each entry once, found `a` again",
        ),
        (
            "requires = [{ plugin = 'a', range = '1' }, { plugin = 'a', range = '2' }]",
            "requires: expected each entry once, found `a` again",
        ),
        (
            "requires = [{ plugin = 'a', range = '1' }]\nafter = ['a']",
            "after: expected plugins that it does not require, \
             found `a`, which `requires` names already",
        ),
        (
            "before = ['a']\nafter = ['a']",
            "before: expected plugins that it does not start after, \
             found `a`, which it starts after",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(refused(text), message);
    }
    plain("requires = [{ plugin = 'a', range = '1' }, { service = 'a', range = '1' }]");
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    assert_eq!(
        Manifest::parse("build = {}").unwrap_err().to_string(),
        "build.abi: missing, expected a version such as \"1.2.3\"; \
         build.target: missing, expected a target triple; \
         build.rustc: missing, expected what `rustc --version` says; \
         build.panic: missing, expected \"unwind\" or \"abort\"; \
         build.sdk: missing, expected a version such as \"1.2.3\"; \
         id: missing, expected an id; \
         version: missing, expected a version such as \"1.2.3\""
    );
}

#[test]
fn a_list_has_a_bound() {
    let ids = |count: usize| {
        let ids: Vec<_> = (0..count).map(|n| format!("'p{n}'")).collect();
        format!("after = [{}]", ids.join(","))
    };
    assert_eq!(plain(&ids(4096)).after.len(), 4096);
    assert_eq!(
        refused(&ids(4097)),
        "after: expected at most 4096 entries, found 4097"
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    assert_eq!(
        refused("name ="),
        "the manifest is not TOML: line 4, column 7: string values must be quoted, \
         expected literal string"
    );
    assert_eq!(
        refused("a = 1\na = 2"),
        "the manifest is not TOML: line 5, column 1: duplicate key"
    );
    assert_eq!(
        refused("\0"),
        format!(
            "the manifest holds a NUL character at byte {}, expected text",
            HEAD.len()
        )
    );
}

fn id() -> impl Strategy<Value = PluginId> {
    "[a-z][a-z0-9_.-]{0,8}".prop_filter_map("an id", |text| text.parse().ok())
}

proptest! {
    #[test]
    fn any_manifest_is_read_back(
        name in "\\PC{0,40}",
        description in "\\PC{0,60}",
        schema in proptest::option::of("(?s).{0,80}"),
        priority: i32,
        after in proptest::collection::hash_set(id(), 0..6),
    ) {
        let mut manifest = full();
        manifest.name = name;
        manifest.description = description;
        manifest.config_schema = schema.map(|text| text.replace('\0', ""));
        manifest.priority = priority;
        manifest.before.clear();
        manifest.after = after.into_iter().collect();
        let taken = |id: &PluginId| ["store", "chart"].contains(&id.as_str());
        manifest.after.retain(|id| !taken(id));
        let text = manifest.to_toml();
        prop_assert!(readers_agree(&text));
        prop_assert_eq!(Manifest::parse(&text), Ok((manifest, vec![])));
    }

    #[test]
    fn both_readers_agree(text in "([a-z]{1,2} ?= ?(['\"][a-z\\\\]?['\"]|-?[0-9_.]{1,3}|true|\\[ ?(1,? ?){0,3}\\]|\\{ ?([a-z] = '',?){0,3} ?\\})[ \\n]{1,2}){0,6}") {
        prop_assert!(readers_agree(&text), "{text}");
    }
}
