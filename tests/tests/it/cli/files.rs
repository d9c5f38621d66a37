//! Do `list`, `inspect` and `check` tell of every file what it is, for people and for programs?

use super::{add, configure, jackfield};
use jackfield_tests::{Site, made};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;

/// A good plugin, a disabled one, one that was cut, and something else.
fn site() -> Site {
    let site = Site::new();
    let schema = r#"config_schema = '{"type":"object","properties":{"n":{"type":"integer"}}}'"#;
    let good = add(
        &site,
        "report",
        "1.2.3",
        &format!(
            "description = \"Reports\"\npriority = 7\n{schema}\n\
             requires = [{{ plugin = \"store\", range = \"^1\" }}, \
             {{ service = \"clock\", range = \"^1.2\", optional = true }}]\n\
             provides = [{{ service = \"records\", version = \"1.0.0\" }}]\n"
        ),
    );
    add(&site, "store", "1.0.0", "");
    let bytes = fs::read(good).unwrap();
    fs::write(site.plugins().join("cut.so"), &bytes[..bytes.len() - 1]).unwrap();
    fs::write(site.plugins().join("notes.so"), "hello").unwrap();
    configure(&site, "[plugins.report]\nenabled = true\n");
    site
}

fn cut(site: &Site) -> String {
    let whole = fs::metadata(site.plugins().join("libreport-1.2.3.so"))
        .unwrap()
        .len();
    let cut = fs::metadata(site.plugins().join("cut.so")).unwrap().len();
    format!(
        "truncated: the table of section headers ends at byte {whole}, the file has {cut}: \
         copy it again"
    )
}

#[test]
fn a_list_for_people() {
    let site = site();
    let said = jackfield(&site, "list");
    let expected = format!(
        "PLUGIN  VERSION  KIND      STATE     FILE\n\
         report  1.2.3    business  rejected  plugins/cut.so\n    {}\n\
         report  1.2.3    business  enabled   plugins/libreport-1.2.3.so\n\
         store   1.0.0    business  disabled  plugins/libstore-1.0.0.so\n",
        cut(&site)
    );
    assert_eq!((said.out.as_str(), said.code), (expected.as_str(), Some(1)));
    assert_eq!(said.err, "");
}

#[test]
fn files_that_are_no_plugins_are_listed_on_request() {
    let site = site();
    let said = jackfield(&site, "list --all-files --all");
    let last = "-       -        -         rejected  plugins/notes.so\n    \
                not-a-plugin: no library: it begins with \"hell\", expected an ELF header\n";
    assert!(said.out.ends_with(last), "{}", said.out);
    assert!(
        said.out.contains("store   1.0.0    business  enabled "),
        "{}",
        said.out
    );
}

#[test]
fn nothing_is_said_as_well() {
    let site = Site::new();
    let said = jackfield(&site, "list");
    assert_eq!(
        (said.out.as_str(), said.code),
        ("no plugins in plugins\n", Some(0))
    );
    assert_eq!(jackfield(&site, "list --format json").out, "[]\n");
    let said = jackfield(&site, "list --plugins nowhere");
    assert_eq!(said.out, "no plugins in nowhere\n");
    assert!(said.err.starts_with("warning: "), "{}", said.err);
    assert_eq!(said.code, Some(0));
}

#[test]
fn the_json_of_a_file_has_these_keys_in_this_order() {
    let site = site();
    let bytes = fs::read(site.plugins().join("libreport-1.2.3.so")).unwrap();
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let said = jackfield(&site, "inspect plugins/libreport-1.2.3.so --format json");
    let expected = json!({
        "path": "plugins/libreport-1.2.3.so",
        "sha256": hash,
        "size": bytes.len(),
        "id": "report",
        "name": "report",
        "version": "1.2.3",
        "description": "Reports",
        "kind": "business",
        "priority": 7,
        "api": "1.0.0",
        "target": "x86_64-unknown-linux-gnu",
        "rustc": "rustc 1.95.0 (f00ba4 2026-04-14)",
        "panic": "unwind",
        "requires": [
            {"plugin": "store", "range": "^1", "optional": false},
            {"service": "clock", "range": "^1.2", "optional": true},
        ],
        "provides": [{"service": "records", "version": "1.0.0"}],
        "config_schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "ui": null,
        "ui_module": null,
        "verdict": "loadable",
        "reasons": [],
    });
    // As text, so that the order counts.
    assert_eq!(said.out, format!("{expected:#}\n"));
    assert_eq!(said.code, Some(0));
}

#[test]
fn what_cannot_be_known_is_null() {
    let site = site();
    let said = jackfield(
        &site,
        "check --format json plugins/notes.so plugins/gone.so",
    );
    assert_eq!(said.code, Some(1));
    let Value::Array(records) = said.json() else {
        panic!("no array")
    };
    let [notes, gone] = &records[..] else {
        panic!("one for each file")
    };
    assert_eq!(
        (&notes["size"], &notes["verdict"]),
        (&json!(5), &json!("rejected"))
    );
    assert_eq!(gone["size"], Value::Null);
    for record in [notes, gone] {
        for key in [
            "id",
            "name",
            "version",
            "description",
            "kind",
            "priority",
            "api",
            "target",
            "rustc",
            "panic",
            "requires",
            "provides",
            "config_schema",
        ] {
            assert_eq!(record.get(key), Some(&Value::Null), "{key}");
        }
    }
    assert_eq!(notes["reasons"][0]["code"], "not-a-plugin");
    assert_eq!(gone["reasons"][0]["code"], "not-a-regular-file");
}

#[test]
fn a_check_is_a_line_for_each_file_and_fault() {
    let site = site();
    let text = made::manifest("foreign", "1.0.0").replace("abi = \"1.0.0\"", "abi = \"2.1.0\"");
    made::build(
        &site.plugins(),
        "foreign.so",
        &made::note(1, text.as_bytes()),
    );
    let said = jackfield(
        &site,
        "check plugins/libreport-1.2.3.so plugins/cut.so plugins/foreign.so",
    );
    let expected = format!(
        "plugins/libreport-1.2.3.so: loadable: report 1.2.3\nplugins/cut.so: {}\n\
         plugins/foreign.so: incompatible-abi: built for ABI 2.1.0, this host speaks 1.0.0: rebuild \
         the plugin with jackfield-plugin-api ^1, or update the host to one that speaks ABI 2\n",
        cut(&site)
    );
    assert_eq!((said.out.as_str(), said.code), (expected.as_str(), Some(1)));
    assert_eq!(
        jackfield(&site, "check plugins/libstore-1.0.0.so").code,
        Some(0)
    );
}

/// What a page gets of a plugin, in words and in numbers.
#[test]
fn an_inspection_tells_what_a_page_shows() {
    let site = Site::new();
    site.add("simulator");
    let path = "plugins/libsimulator.so";
    let said = jackfield(&site, &format!("inspect {path}"));
    let size = include_bytes!("../../../../plugins/simulator/ui/module.js").len();
    for (name, value) in [
        (
            "shows",
            "Simulator: 2 forms, 2 monitors, notifications of incident",
        ),
        ("module", &format!("({size} bytes)")),
    ] {
        let line = said.out.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name}: {}", said.out));
        assert!(line.ends_with(value), "{line}");
    }
    let checked = jackfield(&site, &format!("check {path} --format json"));
    for told in [
        jackfield(&site, &format!("inspect {path} --format json")).json(),
        checked.json()[0].clone(),
    ] {
        assert_eq!(told["ui"]["forms"][0]["id"], "override");
        assert_eq!(told["ui_module"]["size"], size);
        assert_eq!(told["ui_module"]["sha256"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn an_inspection_for_people() {
    let site = site();
    let said = jackfield(&site, "inspect plugins/libreport-1.2.3.so");
    let head: Vec<&str> = said.out.lines().take(12).collect();
    assert_eq!(
        head,
        [
            "plugins/libreport-1.2.3.so: loadable",
            "",
            "id            report",
            "name          report",
            "version       1.2.3",
            "description   Reports",
            "kind          business",
            "priority      7",
            "requires      store ^1",
            "              service clock ^1.2 (optional)",
            "provides      service records 1.0.0",
            "configures    n (integer)",
        ]
    );
}
