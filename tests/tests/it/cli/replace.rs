//! Does `config replace` write what differs, and neither secrets nor anything else?

use super::{Said, add, command, configure, jackfield};
use jackfield_tests::Site;
use serde_json::{Value, json};
use std::{fs, io::Write, process::Stdio};

const SCHEMA: &str = r#"config_schema = '{"type":"object","properties":{"port":{"type":"integer","minimum":1},"name":{"type":"string","default":"n"},"pin":{"type":"string","writeOnly":true},"deep":{"type":"object"},"users":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"key":{"type":"string","writeOnly":true}}}}},"required":["port"],"additionalProperties":false}'"#;

const FILE: &str = "\
# Mine.
[plugins.store]
enabled = true

[plugins.store.config]
# Where it listens.
port = 80 # the usual one
name = \"a\"
pin  = \"hush\" # changed each month

[plugins.store.config.deep]
er = true # very

[[plugins.store.config.users]]
name = \"ada\"
key = \"first\"

[[plugins.store.config.users]]
name = \"bob\"
key = \"second\"
";

/// What `config show` shows of it.
fn shown() -> Value {
    json!({
        "port": 80,
        "name": "a",
        "pin": "********",
        "deep": {"er": true},
        "users": [{"name": "ada", "key": "********"}, {"name": "bob", "key": "********"}],
    })
}

fn site() -> Site {
    let site = Site::new();
    add(&site, "store", "1.0.0", SCHEMA);
    configure(&site, FILE);
    site
}

fn file(site: &Site) -> String {
    fs::read_to_string(site.root().join("jackfield.toml")).unwrap()
}

fn replace_with(site: &Site, wanted: &Value, variables: &[(&str, &str)], more: &str) -> Said {
    let mut command = command(site, &format!("config replace store - {more}"));
    command.envs(variables.iter().copied());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(wanted.to_string().as_bytes()).unwrap();
    drop(input);
    Said::new(child.wait_with_output().unwrap())
}

fn replace(site: &Site, wanted: &Value) -> Said {
    replace_with(site, wanted, &[], "")
}

fn changed(change: impl Fn(&mut Value)) -> Value {
    let mut value = shown();
    change(&mut value);
    value
}

#[test]
fn what_is_shown_can_be_written_back_and_changes_nothing() {
    let site = site();
    let said = jackfield(&site, "config show --format json");
    let config = &said.json()["plugins"]["store"]["config"];
    assert_eq!(*config, shown());
    let said = replace(&site, config);
    assert_eq!(said.out, "store: nothing differs\n");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    assert_eq!(file(&site), FILE);
}

#[test]
fn what_differs_is_written_and_all_else_keeps_its_comments() {
    let site = site();
    let wanted = changed(|config| {
        config["port"] = json!(8080);
        config["deep"] = json!({"er": false, "in": {"side": [1, {"a": "b"}]}});
        config.as_object_mut().unwrap().remove("name");
    });
    let said = replace(&site, &wanted);
    assert_eq!(
        said.out,
        "jackfield.toml: changed plugins.store.config.name, plugins.store.config.port, \
         plugins.store.config.deep.er, plugins.store.config.deep.in.side\n"
    );
    let expected = FILE
        .replace("port = 80 #", "port = 8080 #")
        .replace("name = \"a\"\n", "")
        .replace(
            "er = true # very\n",
            "er = false # very\n\n[plugins.store.config.deep.in]\nside = [1, { a = \"b\" }]\n",
        );
    assert_eq!(file(&site), expected);
}

#[test]
fn masked_secrets_keep_their_values_also_in_lists() {
    let site = site();
    // The first goes, another comes: the second keeps its own key.
    let wanted = changed(|config| {
        config["users"] = json!([
            {"name": "bob", "key": "********"},
            {"name": "eve", "key": "third"},
            {"name": "dan", "key": "fourth"},
        ]);
    });
    let said = replace(&site, &wanted);
    assert_eq!(
        said.out,
        "jackfield.toml: changed plugins.store.config.users\n"
    );
    let written: toml::Table = file(&site).parse().unwrap();
    let config = &written["plugins"]["store"]["config"];
    assert_eq!(config["pin"].as_str(), Some("hush"));
    let users: Value = serde_json::to_value(&config["users"]).unwrap();
    assert_eq!(
        users,
        json!([
            {"name": "bob", "key": "second"},
            {"name": "eve", "key": "third"},
            {"name": "dan", "key": "fourth"},
        ])
    );

    // Nobody can say whose key this is to be.
    let before = file(&site);
    let lost = changed(|config| config["users"] = json!([{"name": "zoe", "key": "********"}]));
    let said = replace(&site, &lost);
    assert_eq!(
        said.err,
        "error: store: users.key is masked, and there is no one secret that it can stand for: give \
         the secret itself\n"
    );
    assert_eq!((said.code, file(&site)), (Some(2), before));
}

#[test]
fn a_dry_run_shows_the_lines_and_no_secret() {
    let site = site();
    let wanted = changed(|config| config["pin"] = json!("louder"));
    let said = replace_with(&site, &wanted, &[], "--dry-run");
    assert_eq!(
        said.out,
        "jackfield.toml:9\n-pin  = \"********\" # changed each month\n\
         +pin  = \"******** (new)\" # changed each month\n"
    );
    assert_eq!(file(&site), FILE);
    replace(&site, &wanted);
    assert_eq!(file(&site), FILE.replace("\"hush\"", "\"louder\""));
}

#[test]
fn a_dry_run_does_not_show_secrets_that_go_nor_those_that_never_counted() {
    let site = site();
    let gone = changed(|config| {
        config.as_object_mut().unwrap().remove("pin");
        config.as_object_mut().unwrap().remove("users");
    });
    let said = replace_with(&site, &gone, &[], "--dry-run");
    assert!(said.out.contains("-pin  = \"********\""), "{}", said.out);
    for secret in ["hush", "first", "second"] {
        assert!(!said.out.contains(secret), "{}", said.out);
    }
    // A later file has other users, and nobody sees those of the first.
    fs::create_dir(site.root().join("jackfield.d")).unwrap();
    let other = site.root().join("jackfield.d/10.toml");
    fs::write(&other, "[plugins.store.config]\nusers = []\n").unwrap();
    let gone = changed(|config| drop(config.as_object_mut().unwrap().remove("users")));
    let said = replace_with(&site, &gone, &[], "--dry-run");
    assert!(said.out.contains("-key = \"********\""), "{}", said.out);
    assert!(!said.out.contains("first"), "{}", said.out);
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let site = site();
    for (wanted, error) in [
        (
            changed(|config| config["port"] = json!(0)),
            "store: its configuration does not fit: port: expected at least 1, found 0",
        ),
        (
            changed(|config| config["prot"] = json!(1)),
            "store: its configuration does not fit: prot: expected one of `port`, `name`, `pin`, \
             `deep`, `users`, found an unknown key, did you mean `port`?",
        ),
        (
            changed(|config| config["deep"] = json!({"x": null})),
            "store: deep.x: expected a value that TOML has, found null",
        ),
        (
            json!([1]),
            "expected a configuration as a JSON object, found another value",
        ),
    ] {
        let said = replace(&site, &wanted);
        assert_eq!(said.err, format!("error: {error}\n"));
        assert_eq!((said.code, file(&site)), (Some(2), FILE.to_owned()));
    }
}

#[test]
fn what_the_environment_says_is_neither_written_nor_overruled() {
    let site = site();
    let variables = [("JACKFIELD_PLUGINS__STORE__CONFIG__PIN", "from-outside")];
    let wanted = changed(|config| config["port"] = json!(81));
    let said = replace_with(&site, &wanted, &variables, "");
    assert_eq!((said.err.as_str(), said.code), ("", Some(0)));
    let expected = FILE.replace("port = 80 #", "port = 81 #");
    assert_eq!(file(&site), expected);
    let wanted = changed(|config| config["pin"] = json!("mine"));
    let said = replace_with(&site, &wanted, &variables, "");
    assert_eq!(
        said.err,
        "error: store: pin: JACKFIELD_PLUGINS__STORE__CONFIG__PIN sets it and would win: change it \
         there\n"
    );
    assert_eq!((said.code, file(&site)), (Some(2), expected));
}

#[test]
fn each_file_keeps_its_own_part_and_what_goes_goes_from_all() {
    let site = site();
    fs::create_dir(site.root().join("jackfield.d")).unwrap();
    let other = site.root().join("jackfield.d/10.toml");
    fs::write(
        &other,
        "[plugins.store.config]\nname = \"b\" # mine\nport = 90\n",
    )
    .unwrap();
    let now = changed(|config| {
        config["name"] = json!("c");
        config.as_object_mut().unwrap().remove("deep");
        config["port"] = json!(90);
    });
    let said = replace(&site, &now);
    assert_eq!(said.err, "");
    assert_eq!(
        fs::read_to_string(&other).unwrap(),
        "[plugins.store.config]\nname = \"c\" # mine\nport = 90\n"
    );
    let expected = FILE.replace("[plugins.store.config.deep]\ner = true # very\n\n", "");
    assert_eq!(file(&site), expected);
    let gone = changed(|config| {
        config.as_object_mut().unwrap().remove("deep");
        config.as_object_mut().unwrap().remove("name");
    });
    assert_eq!(replace(&site, &gone).err, "");
    assert_eq!(
        fs::read_to_string(&other).unwrap(),
        "[plugins.store.config]\nport = 80\n"
    );
    assert_eq!(file(&site), expected.replace("name = \"a\"\n", ""));
}
