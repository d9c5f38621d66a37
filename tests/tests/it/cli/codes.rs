//! Does each reason why a plugin stays out reach programs, with its code and its whole message?

use super::{add, configure, jackfield};
use jackfield_tests::{Site, made};
use serde_json::{Value, json};
use std::fs;

/// A plugin that was built for something else.
fn built(site: &Site, id: &str, old: &str, new: &str) {
    let text = made::manifest(id, "1.0.0").replace(old, new);
    let (requires, _) = text.split_once("requires").unwrap();
    let note = made::note(1, requires.as_bytes());
    made::build(&site.plugins(), &format!("lib{id}.so"), &note);
}

fn requires(id: &str, range: &str) -> String {
    format!("requires = [{{ plugin = \"{id}\", range = \"{range}\" }}]\n")
}

/// A plugin for each reason that lies in more than the file's own bytes.
fn site() -> Site {
    let site = Site::new();
    built(&site, "abi", "abi = \"1.0.0\"", "abi = \"2.0.0\"");
    built(&site, "aborts", "\"unwind\"", "\"abort\"");
    built(&site, "musl", "linux-gnu", "linux-musl");
    let store = add(&site, "store", "1.4.0", "");
    add(&site, "store", "1.3.0", "");
    fs::copy(store, site.plugins().join("twice.so")).unwrap();
    add(&site, "lonely", "1.0.0", &requires("stoer", "^1"));
    add(&site, "modern", "1.0.0", &requires("store", "^2"));
    add(&site, "one", "1.0.0", &requires("two", "^1"));
    add(&site, "two", "1.0.0", &requires("one", "^1"));
    add(&site, "off", "1.0.0", "");
    add(&site, "needs-off", "1.0.0", &requires("off", "^1"));
    add(&site, "tail", "1.0.0", &requires("modern", "*"));
    let schema = "config_schema = '{\"type\":\"object\",\"required\":[\"n\"],\
                  \"properties\":{\"n\":{\"type\":\"integer\"}}}'\n";
    add(&site, "strict", "1.0.0", schema);
    made::build(&site.plugins(), "newer.so", &made::note(99, b""));
    fs::write(site.plugins().join("plain.so"), "hello").unwrap();
    configure(
        &site,
        "host.enable_by_default = true\nplugins.off.enabled = false\n\
         plugins.strict.config.n = \"many\"\n",
    );
    site
}

/// What is left out: the file's name, the code, the message.
fn rejected(plan: &Value) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rejected = plan["rejected"].as_array().unwrap().iter();
    rejected
        .map(|entry| {
            let path = text(&entry["path"]);
            let name = path.strip_prefix("plugins/").unwrap().to_owned();
            [name, text(&entry["code"]), text(&entry["message"])]
        })
        .collect()
}

#[test]
fn a_plan_tells_each_with_its_code_and_message() {
    let site = site();
    let said = jackfield(&site, "plan --format json");
    assert_eq!(said.code, Some(1));
    let plan = said.json();
    let starts: Vec<_> = plan["start"].as_array().unwrap().iter().collect();
    let store = "plugins/libstore-1.4.0.so";
    assert_eq!(
        starts,
        [&json!({"id": "store", "version": "1.4.0", "path": store, "after": []})]
    );
    let expected = [
        (
            "libabi.so",
            "incompatible-abi",
            "built for ABI 2.0.0, this host speaks 1.0.0: rebuild the plugin with \
             jackfield-plugin-api ^1, or update the host to one that speaks ABI 2",
        ),
        (
            "libaborts.so",
            "panic-abort",
            "built with panic = \"abort\", so a panic in it would end the host: build it with \
             panic = \"unwind\"",
        ),
        (
            "liblonely-1.0.0.so",
            "missing-dependency",
            "requires stoer ^1, which is not installed (did you mean store?)",
        ),
        (
            "libmodern-1.0.0.so",
            "version-mismatch",
            "requires store ^2, and store 1.4.0 is installed",
        ),
        (
            "libmusl.so",
            "wrong-target",
            "built for x86_64-unknown-linux-musl, this host is x86_64-unknown-linux-gnu: build \
             the plugin with `--target x86_64-unknown-linux-gnu`",
        ),
        (
            "libneeds-off-1.0.0.so",
            "missing-dependency",
            "requires off, which is disabled",
        ),
        (
            "liboff-1.0.0.so",
            "disabled",
            "not enabled: set enabled = true under [plugins.off]",
        ),
        (
            "libone-1.0.0.so",
            "cycle",
            "requires itself: one → two → one",
        ),
        (
            "libstore-1.3.0.so",
            "superseded",
            "superseded by store 1.4.0 (plugins/libstore-1.4.0.so)",
        ),
        (
            "twice.so",
            "duplicate-id",
            "store 1.4.0 is already there as plugins/libstore-1.4.0.so: remove one of the two",
        ),
        (
            "libstrict-1.0.0.so",
            "invalid-config",
            "its configuration does not fit: n: expected an integer, found \"many\"",
        ),
        (
            "libtail-1.0.0.so",
            "dependency-failed",
            "requires modern, which was not started (root cause: store 1.4.0 does not satisfy ^2)",
        ),
        (
            "libtwo-1.0.0.so",
            "cycle",
            "requires itself: one → two → one",
        ),
        (
            "newer.so",
            "invalid-manifest",
            "note format version 99, expected 1: update the host",
        ),
    ];
    let expected = expected.map(|(name, code, message)| [name, code, message].map(str::to_owned));
    assert_eq!(rejected(&plan), expected);
}

#[test]
fn what_is_no_plugin_is_in_a_plan_on_request() {
    let site = site();
    let told = |arguments: &str| {
        let plan = jackfield(&site, arguments).json();
        rejected(&plan).into_iter().find(|row| row[0] == "plain.so")
    };
    assert_eq!(told("plan --format json"), None);
    let message = "no library: it begins with \"hell\", expected an ELF header";
    let row = ["plain.so", "not-a-plugin", message].map(str::to_owned);
    assert_eq!(told("plan --all-files --format json"), Some(row));
}

/// What is wrong with the file itself is known without a plan; the rest is not.
#[test]
fn list_and_inspect_tell_what_is_wrong_with_the_file_itself() {
    let site = site();
    let own = [
        "incompatible-abi",
        "panic-abort",
        "wrong-target",
        "invalid-manifest",
    ];
    let plan = jackfield(&site, "plan --format json").json();
    let listed = jackfield(&site, "list --format json").json();
    for [name, code, message] in rejected(&plan) {
        let path = format!("plugins/{name}");
        let inspected = jackfield(&site, &format!("inspect {path} --format json")).json();
        let reasons = match own.contains(&code.as_str()) {
            true => json!([{"code": code, "message": message}]),
            false => json!([]),
        };
        let verdict = if reasons == json!([]) {
            "loadable"
        } else {
            "rejected"
        };
        let mut entries = listed.as_array().unwrap().iter();
        let in_list = entries.find(|entry| entry["path"] == *path);
        for record in [in_list.unwrap(), &inspected] {
            assert_eq!(record["reasons"], reasons, "{path}");
            assert_eq!(record["verdict"], verdict, "{path}");
        }
    }
}
