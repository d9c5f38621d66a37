//! Is every mistake of a plugin.toml told at once, with file, line, column and key, and what the
//! author left out taken from Cargo?

use jackfield_manifest::{
    Kind, Manifest,
    source::{Compiled, Package, compile},
};
use std::io;

pub fn package() -> Package {
    Package {
        name: "greeter".to_owned(),
        version: "0.3.0".to_owned(),
        description: "Greets\n  people".to_owned(),
        authors: "A <a@b.c>:B".to_owned(),
        license: "MIT".to_owned(),
    }
}

/// Compiles with one other file, `schema.json`.
pub fn compiled(text: &str, schema: &str) -> Result<Compiled, Vec<String>> {
    let mut open = |name: &str| match name {
        "schema.json" => Ok(schema.to_owned()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
    };
    compile("plugin.toml", text, &package(), &mut open)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn mistakes(text: &str) -> Vec<String> {
    compiled(text, "{}").expect_err("it has mistakes")
}

#[test]
fn an_empty_file_is_a_manifest() {
    let compiled = compiled("", "").unwrap();
    assert_eq!(
        compiled.body,
        "id = \"greeter\"\nname = \"greeter\"\nversion = \"0.3.0\"\n\
         description = \"Greets people\"\nauthors = [\"A <a@b.c>\", \"B\"]\nlicense = \"MIT\"\n\
         kind = \"business\"\npriority = 40\n"
    );
    assert_eq!(compiled.files, [""; 0]);
}

#[test]
fn what_the_author_says_goes_before_what_cargo_says() {
    let text = "id = 'hello'\nversion = '2.0.0'\ndescription = ''\nauthors = []\nlicense = 'X'";
    let manifest = compiled(text, "").unwrap().manifest;
    assert_eq!(manifest.id.as_str(), "hello");
    assert_eq!(manifest.version.to_string(), "2.0.0");
    assert_eq!(manifest.description, "");
    assert_eq!(manifest.authors, [""; 0]);
    assert_eq!(manifest.license, "X");
}

#[test]
fn what_is_embedded_reads_back_as_it_was() {
    let text = "kind = 'security'\nconfig_schema = 'schema.json'\n\
                requires = [{ service = 'clock', range = '^1', optional = true }]";
    let compiled = compiled(text, r#"{ "title": "it's" }"#).unwrap();
    assert_eq!(compiled.files, ["schema.json"]);
    assert_eq!(compiled.manifest.kind, Kind::Security);
    let schema = compiled.manifest.config_schema.as_deref();
    assert_eq!(schema, Some(r#"{"title":"it\u0027s"}"#));
    let text = compiled.manifest.to_toml();
    assert!(text.ends_with(&compiled.body));
    assert_eq!(Manifest::parse(&text), Ok((compiled.manifest, vec![])));
}

#[test]
fn all_mistakes_come_at_once_with_their_places() {
    let text = "id = \"ui\"\nprioritty = 3\nkind = 7\n\nrequires = [\n  { plugin = \"über\", \
                range = \"^1\", colour = 1 },\n]\nafter = [\"a\", \"a\"]\n";
    assert_eq!(
        mistakes(text),
        [
            "plugin.toml:1:6: id: `ui` is reserved for the host: choose another id",
            "plugin.toml:2:1: prioritty: unknown key: did you mean `priority`?",
            "plugin.toml:3:8: kind: expected a string, found the integer 7",
            "plugin.toml:6:14: requires[0].plugin: `über` is no id: 'ü' at byte 0 is not \
             allowed: an id matches [A-Za-z0-9_][A-Za-z0-9_.-]*",
            "plugin.toml:6:36: requires[0].colour: unknown key: see docs/manifest.md for those \
             there are",
            "plugin.toml:8:15: after: expected each entry once, found `a` again",
        ]
    );
}

#[test]
fn a_mistake_in_what_cargo_says_is_told_as_such() {
    let docs = Package {
        name: "docs".to_owned(),
        ..package()
    };
    let mistakes = compile("plugin.toml", "", &docs, &mut |_| unreachable!()).unwrap_err();
    assert_eq!(
        mistakes[0].to_string(),
        "plugin.toml: id: `docs` is reserved for the host: choose another id \
         (taken from Cargo.toml)"
    );
}

#[test]
fn every_syntax_error_has_its_place() {
    assert_eq!(
        mistakes("name = \nkind = \"a\nversion = '1.0.0'"),
        [
            "plugin.toml:1:8: string values must be quoted, expected literal string",
            "plugin.toml:2:10: invalid basic string, expected `\"`",
        ]
    );
    assert_eq!(
        mistakes("name = \"a\0\""),
        ["plugin.toml: the manifest holds a NUL character at byte 9, expected text"]
    );
}

#[test]
fn build_is_not_for_the_author() {
    assert_eq!(
        mistakes("build = {}"),
        ["plugin.toml:1:1: build: unknown key: see docs/manifest.md for those there are"]
    );
}

#[test]
fn a_kind_with_a_contract_provides_its_service() {
    let other = "provides = [{ service = 'tracking.collector', version = '1.0.0' }]";
    assert_eq!(
        mistakes(&format!("kind = 'backend'\n{other}")),
        [
            "plugin.toml:1:8: kind: expected a plugin that provides service `tracking.backend`, \
             found one that does not"
        ]
    );
    assert_eq!(
        mistakes("\nkind = 'collector'"),
        [
            "plugin.toml:2:8: kind: expected a plugin that provides service `tracking.collector`, \
             found one that does not"
        ]
    );
    assert_eq!(
        compiled(&format!("kind = 'collector'\n{other}"), "")
            .unwrap()
            .manifest
            .kind,
        Kind::Collector
    );
}

#[test]
fn there_is_one_schema() {
    assert_eq!(
        mistakes("config_schema = 'schema.json'\n[config.a]\ntype = 'string'"),
        ["plugin.toml:2:2: config: expected one of `config` and `config_schema`, found both"]
    );
    assert_eq!(
        mistakes("config_schema = 'other.json'"),
        [
            "plugin.toml:1:17: config_schema: expected the path of a JSON file, from where \
          plugin.toml lies, found \"other.json\" (no such file)"
        ]
    );
}
