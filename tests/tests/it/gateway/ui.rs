//! Do clients get what a plugin shows of itself, and its module, as long as it is installed?

use super::{Got, Served, access::token, access::with, site};
use serde_json::{Value, json};
use std::fs;
use ureq::http::Request;

/// What the simulator's package has.
const MODULE: &str = include_str!("../../../../plugins/simulator/ui/module.js");

const PATH: &str = "/plugins/simulator.js";

#[track_caller]
fn is_module(got: &Got) {
    assert_eq!((got.status, got.text()), (200, MODULE));
    for (name, value) in [
        ("content-type", "application/javascript; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    assert_eq!(got.header("etag").len(), 66);
}

#[test]
fn what_plugins_show_is_told_as_their_authors_wrote_it() {
    let served = Served::start(site(&["simulator", "echo"], "[host]\nedge = \"here\"\n"));
    let told = served.get("/simulator/ui_config").json();
    for (key, value) in [
        ("plugin_name", json!("simulator")),
        ("instance_name", json!("simulator")),
        ("version", json!("1.0.0")),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    let ui = &told["ui"];
    assert_eq!(ui["title"], "Simulator");
    assert_eq!(
        ui["forms"][0]["submit"],
        json!({ "label": "Set", "style": "primary", "endpoint": "/overrides" })
    );
    assert_eq!(
        ui["monitors"][0],
        json!({ "id": "metrics", "title": "Figures of now", "type": "metrics", "auto_load": true })
    );
    assert_eq!(
        ui["notifications"],
        json!({ "topic": "incident", "id_field": "id", "state_field": "state" })
    );
    assert_eq!(served.get("/echo/ui_config").json()["ui"], json!({}));
    let list = served.get("/edge/list").json();
    let plugins = &list["data"]["edges"]["here"]["plugins"];
    assert_eq!(plugins["simulator"]["ui_config"], *ui);
    assert_eq!(plugins["echo"]["ui_config"], json!({}));
    // The next host knows it from the index, and the module's copy by its hash.
    let served = Served::start(served.stop());
    assert_eq!(served.get("/simulator/ui_config").json(), told);
    is_module(&served.get(PATH));
}

/// What a form says it sends, with what it holds at first, its plugin takes.
#[test]
fn a_form_is_what_its_plugin_takes() {
    let served = Served::start(site(&["simulator"], ""));
    let told = served.get("/simulator/ui_config").json();
    for (form, wanted) in [("override", 200), ("incident", 201)] {
        let forms = told["ui"]["forms"].as_array().unwrap();
        let form = forms.iter().find(|other| other["id"] == form).unwrap();
        let fields = form["fields"].as_array().unwrap().iter();
        let filled = fields.map(|field| {
            let value = field.get("default").cloned().unwrap_or_else(|| json!("x"));
            (field["name"].as_str().unwrap().to_owned(), value)
        });
        let filled: serde_json::Map<String, Value> = filled.collect();
        let path = format!("/simulator{}", form["submit"]["endpoint"].as_str().unwrap());
        let got = served.post(&path, Value::from(filled).to_string());
        assert_eq!(got.status, wanted, "{got:?}");
    }
}

#[test]
fn a_module_is_there_as_long_as_its_plugin_is() {
    let served = Served::start(site(&["simulator", "echo"], ""));
    let got = served.get(PATH);
    is_module(&got);
    for (known, status) in [(got.header("etag"), 304), ("\"other\"", 200)] {
        let request = Request::builder().uri(PATH).header("if-none-match", known);
        let again = served.ask(request, b"");
        assert_eq!(again.status, status);
        assert_eq!(again.header("etag"), got.header("etag"));
        assert_eq!(again.body.is_empty(), status == 304);
    }
    let head = served.ask(Request::builder().method("HEAD").uri(PATH), b"");
    assert_eq!((head.status, &*head.body), (200, &b""[..]));
    let post = served.post(PATH, "");
    assert_eq!((post.status, post.header("allow")), (405, "GET,HEAD"));
    let order = |verb: &str| {
        let done = served.post(&format!("/api/plugins/simulator/{verb}"), "");
        assert_eq!(done.status, 200, "{done:?}");
    };
    for verb in ["stop", "disable", "enable"] {
        order(verb);
        is_module(&served.get(PATH));
    }
    let none = served.get("/plugins/echo.js");
    assert_eq!(
        (none.status, none.detail()),
        (404, "Plugin 'echo' brings no JavaScript module".to_owned())
    );
}

/// One that was never started has no copy of the host's own.
#[test]
fn a_module_of_a_plugin_that_is_not_enabled_comes_from_its_file() {
    let site = site(&[], "[host]\nenable_by_default = false\n");
    let path = site.add("simulator");
    let served = Served::start(site);
    assert_eq!(
        served.get("/api/plugins/simulator").json()["state"],
        "disabled"
    );
    is_module(&served.get(PATH));
    let spoil = |bytes: &[u8]| {
        let new = path.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(new, &path).unwrap();
        let got = served.get(PATH);
        assert_eq!(got.status, 503, "{got:?}");
        assert_eq!(
            got.detail(),
            "the module of plugin 'simulator' cannot be had: its file is gone, is another one by now \
             or cannot be trusted, the log says which"
        );
    };
    let sound = fs::read(&path).unwrap();
    let at = memchr::memmem::find(&sound, MODULE.as_bytes()).unwrap();
    let mut flipped = sound.clone();
    flipped[at] ^= 1;
    spoil(&flipped);
    spoil(&sound[..sound.len() / 2]);
    spoil(b"hello");
    spoil(b"");
    fs::write(&path, &sound).unwrap();
    is_module(&served.get(PATH));
    fs::remove_file(&path).unwrap();
    assert_eq!(served.get(PATH).status, 503);
}

/// What others can write is not sent to browsers as the host's.
#[cfg(unix)]
#[test]
fn a_module_of_a_file_that_cannot_be_trusted_is_not_sent() {
    use std::os::unix::fs::PermissionsExt;

    let site = site(&[], "[host]\nenable_by_default = false\n");
    let path = site.add("simulator");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let served = Served::start(site);
    let got = served.get(PATH);
    assert_eq!(got.status, 503, "{got:?}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    is_module(&served.get(PATH));
}

#[test]
fn odd_names_are_no_files() {
    let served = Served::start(site(&["simulator"], ""));
    let long = format!("/plugins/{}.js", "a".repeat(8000));
    for (path, status) in [
        ("/plugins/", 404),
        ("/plugins", 404),
        ("/plugins/.js", 404),
        ("/plugins/simulator", 404),
        ("/plugins/simulator.js/", 404),
        ("/plugins/simulator.js/x", 404),
        ("/plugins/simulator.JS", 404),
        ("/plugins/simulator.js.js", 404),
        ("/plugins/..%2fsimulator.js", 404),
        ("/plugins/..%2f..%2f..%2fetc%2fpasswd.js", 404),
        ("/plugins/%2e%2e", 404),
        ("/plugins/%2e%2e.js", 404),
        ("/plugins/%00.js", 404),
        ("/plugins/libsimulator.so.js", 404),
        ("/plugins/%ff.js", 400),
        (&long, 404),
    ] {
        let got = served.get(path);
        assert_eq!(got.status, status, "{path}: {got:?}");
        assert!(!got.detail().is_empty(), "{path}");
        assert!(got.body.len() < 1000, "{path}");
    }
    // As nobody's client would write it.
    let raw = served
        .raw(b"GET /plugins/../etc/passwd.js HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(!raw.starts_with("HTTP/1.1 2"), "{raw}");
    is_module(&served.get("/plugins/%73imulator.js"));
}

#[test]
fn whoever_may_read_may_have_it() {
    let served = Served::start(site(&["simulator"], "[http]\naccess = \"tokens\"\n"));
    assert_eq!(served.get(PATH).status, 401);
    is_module(&with(&served, &token(&served, "--role read"), "GET", PATH));
}

/// What a library says it brings, and does not, keeps it from being started.
#[test]
fn a_plugin_whose_module_is_damaged_is_not_started() {
    let site = site(&["simulator"], "");
    let path = site.plugins().join("libsimulator.so");
    let sound = fs::read(&path).unwrap();
    let at = memchr::memmem::find(&sound, MODULE.as_bytes()).unwrap();
    let mut flipped = sound;
    flipped[at + 9] ^= 1;
    fs::write(&path, flipped).unwrap();
    let served = Served::start(site);
    let plugin = served.get("/api/plugins/simulator").json();
    assert_eq!(plugin["state"], "rejected");
    let reason = plugin["reason"].as_str().unwrap();
    assert!(
        reason.contains("damaged: ui_module in section .jackfield.assets has SHA-256 "),
        "{reason}"
    );
    assert_eq!(served.get(PATH).status, 503);
}
