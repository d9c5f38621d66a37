//! Is the configuration read from every layer, and is each mistake in it told with its place?

use super::{Said, add, command, configure, jackfield};
use jackfield_tests::Site;
use serde_json::json;
use std::fs;

/// Every way in which the configuration is shown.
const SHOW: [&str; 4] = [
    "config show",
    "config show --origin",
    "config show --format json",
    "config show --format json --origin",
];

#[test]
fn later_layers_win_and_each_value_tells_where_it_comes_from() {
    let site = Site::new();
    configure(
        &site,
        "[host]\nthreads = 1\ntrust = \"lax\"\nstate = \"a\"\n\n[log]\nfilter = \"warn\"\n\
         [plugins.store]\nenabled = true\nconfig = { since = 2026-01-02T03:04:05Z }\n",
    );
    fs::create_dir(site.root().join("jackfield.d")).unwrap();
    for (name, text) in [
        ("20-more.toml", "host.threads = 3"),
        (
            "10-some.toml",
            "host.threads = 2\nhost.plugins = [\"here\"]",
        ),
        (".hidden.toml", "host.threads = 9"),
        ("README", "no TOML"),
    ] {
        fs::write(site.root().join("jackfield.d").join(name), text).unwrap();
    }
    let mut command = command(&site, "config show --origin --format json --state b");
    command.env("JACKFIELD_LOG__FILTER", "debug");
    command.env("JACKFIELD_PLUGINS__STORE__PRIORITY", "-3");
    command.env("JACKFIELD_PLUGINS__Big.id__enabled", "true");
    command.env("JACKFIELD_CONFIG", "jackfield.toml");
    let said = Said::new(command.output().unwrap());
    assert_eq!(said.err, "");
    let entry = |key, value, origin| json!({"key": key, "value": value, "origin": origin});
    let mut entries = said.json();
    // These have tests of their own.
    entries.as_array_mut().unwrap().retain(|entry| {
        let key = entry["key"].as_str().unwrap();
        !key.starts_with("http.") && !key.starts_with("audit.")
    });
    let expected = json!([
        entry("host.isolation", json!("none"), "default"),
        entry("host.permissions", json!(false), "default"),
        entry(
            "host.plugins",
            json!(["here"]),
            "jackfield.d/10-some.toml:2:6"
        ),
        entry("host.state", json!("b"), "--state"),
        entry("host.stop_deadline", json!("30s"), "default"),
        entry("host.threads", json!(3), "jackfield.d/20-more.toml:1:6"),
        entry("host.trust", json!("lax"), "jackfield.toml:3:1"),
        entry("log.filter", json!("debug"), "JACKFIELD_LOG__FILTER"),
        entry("log.publish", json!("info"), "default"),
        entry(
            "plugins.\"Big.id\".enabled",
            json!(true),
            "JACKFIELD_PLUGINS__Big.id__enabled"
        ),
        entry(
            "plugins.store.config.since",
            json!("2026-01-02T03:04:05Z"),
            "jackfield.toml:10:12"
        ),
        entry("plugins.store.enabled", json!(true), "jackfield.toml:9:1"),
        entry(
            "plugins.store.priority",
            json!(-3),
            "JACKFIELD_PLUGINS__STORE__PRIORITY"
        ),
    ]);
    assert_eq!(entries, expected);
}

#[test]
fn a_relative_path_is_meant_from_the_file_that_it_stands_in() {
    let site = Site::new();
    add(&site, "store", "1.0.0", "");
    fs::create_dir(site.root().join("etc")).unwrap();
    let text = "host.plugins = [\"../plugins\"]\nhost.enable_by_default = true\n";
    fs::write(site.root().join("etc/host.toml"), text).unwrap();
    let said = jackfield(&site, "plan --config etc/host.toml --format json");
    assert_eq!(
        said.json()["start"][0]["path"],
        "etc/../plugins/libstore-1.0.0.so"
    );
}

#[test]
fn directories_with_plugins_can_come_from_the_environment() {
    let site = Site::new();
    add(&site, "store", "1.0.0", "");
    let mut command = command(&site, "list --format json");
    command.env("JACKFIELD_PLUGINS_PATH", "nowhere:plugins");
    let said = Said::new(command.output().unwrap());
    assert_eq!(said.json()[0]["id"], "store");
    // A flag wins, and may be given several times.
    let said = jackfield(
        &site,
        "list --format json --plugins nowhere --plugins plugins",
    );
    assert_eq!(said.json()[0]["id"], "store");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let site = Site::new();
    configure(
        &site,
        "[host]\nplugins = \"plugins\"\ntrust = \"none\"\nthread = 4\nthreads = 0\n\
         stop_deadline = 5\nenable_by_default = \"yes\"\n\n[lgo]\nx = 1\n\n[log]\nfilter = \"info,store=loud\"\n\n\
         [plugins.\"a b\"]\nenabled = true\n\n[plugins.store]\npriority = 1.5\nenable = true\n\
         start_deadline = \"2 fortnights\"\nrestart = \"perhaps\"\non_panic = true\n\
         subscribe = [\"a..b\"]\npublish = \"a\"\n",
    );
    let said = jackfield(&site, "list");
    let expected = "\
error: jackfield.toml:9:2: lgo: unknown key, did you mean `log`?
jackfield.toml:2:1: host.plugins: expected a list of directories, such as [\"plugins\"]
jackfield.toml:3:1: host.trust: expected \"strict\" or \"lax\", found \"none\"
jackfield.toml:7:1: host.enable_by_default: expected true or false, found a string
jackfield.toml:5:1: host.threads: expected an integer from 1 to 1024, found 0
jackfield.toml:6:1: host.stop_deadline: expected a time such as \"30s\", found an integer
jackfield.toml:4:1: host.thread: unknown key, did you mean `threads`?
";
    assert!(said.err.starts_with(expected), "{}", said.err);
    for line in [
        "jackfield.toml:13:1: log.filter: expected a filter such as \"info,heartbeat=debug\", \
         found \"info,store=loud\": ",
        "jackfield.toml:15:10: plugins.\"a b\": `a b` is no id: ' ' at byte 1 is not allowed: \
         an id matches [A-Za-z0-9_][A-Za-z0-9_.-]*\n",
        "jackfield.toml:19:1: plugins.store.priority: expected an integer of 32 bits, found 1.5\n",
        "jackfield.toml:20:1: plugins.store.enable: unknown key, did you mean `enabled`?\n",
        "jackfield.toml:21:1: plugins.store.start_deadline: expected a time such as \"30s\" or \
         \"1m 30s\", found \"2 fortnights\": ",
        "jackfield.toml:22:1: plugins.store.restart: expected one of \"never\", \"on-failure\", \
         \"always\", found \"perhaps\"\n",
        "jackfield.toml:23:1: plugins.store.on_panic: expected a string, found a boolean\n",
        "jackfield.toml:24:1: plugins.store.subscribe: `a..b` is no pattern: expected a topic, \
         `prefix.*`, `prefix.**` or `**`\n",
        "jackfield.toml:25:1: plugins.store.publish: expected a list of patterns, such as \
         [\"logs.**\"]\n",
    ] {
        assert!(said.err.contains(line), "{line}\n{}", said.err);
    }
    assert_eq!((said.out.as_str(), said.code), ("", Some(2)));
}

#[test]
fn the_name_of_the_host_is_a_name() {
    let site = Site::new();
    for (edge, what) in [
        (
            "\"north 1\"",
            "a name for this host, and `north 1` is no id: ' ' at byte 5 is not allowed: an id \
             matches [A-Za-z0-9_][A-Za-z0-9_.-]*",
        ),
        ("7", "a string, found an integer"),
    ] {
        configure(&site, &format!("host.edge = {edge}\n"));
        let said = jackfield(&site, "list");
        let expected = format!("error: jackfield.toml:1:6: host.edge: expected {what}\n");
        assert_eq!((said.err, said.code), (expected, Some(2)));
    }
    configure(&site, "host.edge = \"north-1\"\n");
    let mut command = command(&site, "config show --origin --format json");
    command.env("JACKFIELD_HOST__EDGE", "south");
    let entries = Said::new(command.output().unwrap()).json();
    let entry = json!({"key": "host.edge", "value": "south", "origin": "JACKFIELD_HOST__EDGE"});
    assert!(entries.as_array().unwrap().contains(&entry), "{entries}");
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_place_and_not_quoted() {
    let site = Site::new();
    configure(&site, "[plugins.store.config]\ntoken = \"hush\" hush\n");
    let said = jackfield(&site, "list");
    assert!(
        said.err.starts_with("error: jackfield.toml:2:16: "),
        "{}",
        said.err
    );
    assert!(!said.err.contains("hush"), "{}", said.err);
    assert_eq!(said.code, Some(2));
    let said = jackfield(&site, "list --config gone.toml");
    assert_eq!(
        said.err,
        "error: gone.toml: cannot be read: No such file or directory (os error 2)\n"
    );
    assert_eq!(said.code, Some(2));
}

#[test]
fn secrets_are_not_shown() {
    let site = Site::new();
    let schema = r#"config_schema = '{"type":"object","properties":{"pin":{"type":"string","writeOnly":true}}}'"#;
    add(&site, "store", "1.0.0", schema);
    configure(
        &site,
        "[plugins.store.config]\npin = \"hush\"\nname = \"n\"\nAPI_Key = \"hush\"\n\
         password = \"hush\"\nusers = [{ name = \"u\", token = \"hush\" }]\n",
    );
    for arguments in SHOW {
        let said = jackfield(&site, arguments);
        assert!(!said.out.contains("hush"), "{}", said.out);
        assert_eq!(said.out.matches("********").count(), 4, "{}", said.out);
    }
    let shown = jackfield(&site, "config show").out;
    let part = "[plugins.store.config]\nAPI_Key = \"********\"\nname = \"n\"\n\
                password = \"********\"\npin = \"********\"\n\
                users = [{ name = \"u\", token = \"********\" }]\n";
    assert!(shown.contains(part), "{shown}");
}

#[test]
fn secrets_are_not_shown_below_names_that_are_numbers_nor_in_lists_of_lists() {
    let site = Site::new();
    let schema = r##"config_schema = '{"type":"object","additionalProperties":{"$ref":"#/$defs/any"},"$defs":{"any":{"properties":{"pin":{"writeOnly":true}},"additionalProperties":{"$ref":"#/$defs/any"},"items":{"$ref":"#/$defs/any"}}}}'"##;
    add(&site, "store", "1.0.0", schema);
    configure(
        &site,
        "[plugins.store.config]\nlists = [[{ pin = \"hush\" }, { \"0\" = { pin = \"hush\" } }]]\n\
         [plugins.store.config.accounts.1001]\npin = \"hush\"\n\
         [plugins.store.config.accounts.\"a.b\"]\npin = \"hush\"\n",
    );
    for arguments in SHOW
        .into_iter()
        .chain(["config unset store lists --dry-run"])
    {
        let said = jackfield(&site, arguments);
        assert!(!said.out.contains("hush"), "{}", said.out);
        assert!(said.out.contains("********"), "{}", said.out);
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let site = Site::new();
    configure(
        &site,
        "[plugins.store]\nenabled = true\n[plugins.store.config]\n\"a b\" = [1, 2.5, \"x\\ty\"]\n\
         deep.er = { x = 1 }\n",
    );
    let shown = jackfield(&site, "config show").out;
    let before = jackfield(&site, "config show --format json").json();
    configure(&site, &shown);
    assert_eq!(jackfield(&site, "config show --format json").json(), before);
}

#[test]
fn a_log_level_that_is_none_is_told() {
    let site = Site::new();
    let wrong = |value: &str| {
        format!(
            "log.filter: expected a level (off, error, warn, info, debug or trace) or a plugin's id \
             and its level, such as \"heartbeat=debug\", found \"{value}\"\n"
        )
    };
    for (filter, word) in [
        ("loud", "loud"),
        ("info,heartbeat", "heartbeat"),
        ("store=debug, inf", "inf"),
    ] {
        configure(&site, &format!("log.filter = \"{filter}\"\n"));
        for arguments in ["list", "run", "config show"] {
            let said = jackfield(&site, arguments);
            let expected = format!("error: jackfield.toml:1:5: {}", wrong(word));
            assert_eq!((said.err, said.code), (expected, Some(2)), "{filter}");
        }
    }
    for filter in ["", "off", "WARN", "info,heartbeat=debug", "store=trace"] {
        configure(&site, &format!("log.filter = \"{filter}\"\n"));
        let said = jackfield(&site, "list");
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{filter}");
    }
    let mut command = command(&site, "list");
    command.env("JACKFIELD_LOG__FILTER", "loud");
    let said = Said::new(command.output().unwrap());
    assert_eq!(
        said.err,
        format!("error: JACKFIELD_LOG__FILTER: {}", wrong("loud"))
    );
}

#[test]
fn a_variable_that_is_none_is_told() {
    let site = Site::new();
    let mut command = command(&site, "list");
    command.env("JACKFIELD_PLUGIN_PATH", "x");
    let said = Said::new(command.output().unwrap());
    assert_eq!(
        said.err,
        "warning: JACKFIELD_PLUGIN_PATH: not a variable of this host, did you mean \
         JACKFIELD_PLUGINS_PATH?\n"
    );
    assert_eq!(said.code, Some(0));
}
