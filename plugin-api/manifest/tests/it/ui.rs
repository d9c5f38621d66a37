//! Is the table `ui` read as it was written, by the compiler and by a host, and is each mistake in it
//! told with its key?

use crate::source::compiled;
use jackfield_manifest::{Manifest, readers_agree, ui::MAX_LEN};
use serde_json::{Value, json};

pub(crate) const HEAD: &str = r#"build = { abi = "1.0.0", target = "x86_64-unknown-linux-gnu", rustc = "rustc 1.95.0", panic = "unwind", sdk = "1.0.0" }
id = "chart"
version = "1.2.3"
"#;

const WHOLE: &str = r##"
[ui]
icon = "🔧"
title = "It's \"mine\""
description = "Two\nlines"

[[ui.forms]]
id = "submit"
title = "Submit"
layout = "grid"
submit = { label = "▶ Submit", style = "success", endpoint = "/jobs/{sid}" }

[[ui.forms.fields]]
name = "title"
type = "text"
label = "Title"
default = "hello"
placeholder = "what it is"
required = true

[[ui.forms.fields]]
name = "queue"
type = "select"
options = ["", "short", "long"]
default = "short"

[[ui.forms.fields]]
name = "node"
type = "select"
options_endpoint = "/nodes"
default = "n1"

[[ui.forms.fields]]
name = "cores"
type = "number"
default = 4

[[ui.forms.fields]]
name = "hours"
type = "number"
default = 0.5

[[ui.forms.fields]]
name = "script"
type = "textarea"
default = "#!/bin/sh\ntrue\n"

[[ui.forms.fields]]
name = "notify"
type = "checkbox"
default = false

[[ui.forms.fields]]
name = "version"
type = "hidden"
default = 2

[[ui.forms.fields]]
name = "comment"

[[ui.monitors]]
id = "tasks"
title = "Tasks"
type = "task_list"
empty_text = "No tasks yet."
auto_load = true

[[ui.monitors]]
id = "raw"
type = "raw"

[ui.notifications]
topic = "work_status"
id_field = "task_id"
state_field = "state"
"##;

fn ui(manifest: &Manifest) -> Value {
    serde_json::to_value(manifest.ui.as_deref().expect("it has a ui")).unwrap()
}

/// The mistakes of a `plugin.toml`, without file and place.
pub(crate) fn mistakes(text: &str) -> Vec<String> {
    let mistakes = compiled(text, "{}").expect_err("it has mistakes");
    let bare = |mistake: String| {
        let mut parts = mistake.splitn(2, ": ");
        assert!(parts.next().unwrap().starts_with("plugin.toml"));
        parts.next().unwrap().to_owned()
    };
    mistakes.into_iter().map(bare).collect()
}

#[test]
fn clients_get_what_the_author_wrote() {
    let manifest = compiled(WHOLE, "").unwrap().manifest;
    let wanted = json!({
        "icon": "🔧",
        "title": "It's \"mine\"",
        "description": "Two\nlines",
        "forms": [{
            "id": "submit",
            "title": "Submit",
            "layout": "grid",
            "fields": [
                { "name": "title", "type": "text", "label": "Title", "default": "hello",
                  "placeholder": "what it is", "required": true },
                { "name": "queue", "type": "select", "default": "short",
                  "options": ["", "short", "long"] },
                { "name": "node", "type": "select", "default": "n1", "options_endpoint": "/nodes" },
                { "name": "cores", "type": "number", "default": 4 },
                { "name": "hours", "type": "number", "default": 0.5 },
                { "name": "script", "type": "textarea", "default": "#!/bin/sh\ntrue\n" },
                { "name": "notify", "type": "checkbox", "default": false },
                { "name": "version", "type": "hidden", "default": 2 },
                { "name": "comment", "type": "text" },
            ],
            "submit": { "label": "▶ Submit", "style": "success", "endpoint": "/jobs/{sid}" },
        }],
        "monitors": [
            { "id": "tasks", "title": "Tasks", "type": "task_list", "empty_text": "No tasks yet.",
              "auto_load": true },
            { "id": "raw", "type": "raw" },
        ],
        "notifications": { "topic": "work_status", "id_field": "task_id", "state_field": "state" },
    });
    assert_eq!(ui(&manifest), wanted);
}

#[test]
fn what_is_embedded_is_read_back() {
    let manifest = compiled(WHOLE, "").unwrap().manifest;
    let text = manifest.to_toml();
    assert!(readers_agree(&text));
    assert_eq!(Manifest::parse(&text), Ok((manifest.clone(), vec![])));
    // As an index keeps it.
    let kept = ui(&manifest).to_string();
    assert_eq!(serde_json::from_str(&kept).ok(), manifest.ui);
}

#[test]
fn a_table_without_keys_is_there_and_none_is_not() {
    let empty = compiled("[ui]", "").unwrap().manifest;
    assert_eq!(ui(&empty), json!({}));
    let text = empty.to_toml();
    assert!(text.ends_with("ui = {}\n"), "{text}");
    assert_eq!(Manifest::parse(&text).unwrap().0, empty);
    let none = compiled("", "").unwrap();
    assert_eq!(
        (none.manifest.ui, none.manifest.ui_module, none.module),
        (None, None, None)
    );
}

#[test]
fn each_mistake_is_told_with_its_key() {
    let field =
        |field: &str| format!("ui = {{ forms = [{{ id = 'f', fields = [{{ {field} }}] }}] }}");
    let monitor = |monitor: &str| format!("ui = {{ monitors = [{{ {monitor} }}] }}");
    let submit =
        |submit: &str| format!("ui = {{ forms = [{{ id = 'f', submit = {{ {submit} }} }}] }}");
    let name = "expected a name of letters, digits, `_`, `-` and `.`, at most 64 bytes";
    let route = "expected the path of a route of the plugin, such as \"/jobs\"";
    let long = "x".repeat(4097);
    let cases = [
        ("ui = 'x'".to_owned(), "ui: expected a table, found the string \"x\"".to_owned()),
        ("ui = { icon = 1 }".to_owned(), "ui.icon: expected a string, found the integer 1".to_owned()),
        (
            "ui = { title = \"a\\nb\" }".to_owned(),
            "ui.title: expected one line of text, found the control character '\\n'".to_owned(),
        ),
        (
            format!("ui = {{ title = '{}' }}", &long[..257]),
            "ui.title: expected at most 256 bytes of text, found 257".to_owned(),
        ),
        (
            "ui = { description = \"\\u001b[31m\" }".to_owned(),
            "ui.description: expected text, found the control character '\\u{1b}'".to_owned(),
        ),
        (
            format!("ui = {{ description = '{long}' }}"),
            "ui.description: expected at most 4096 bytes of text, found 4097".to_owned(),
        ),
        ("ui = { forms = {} }".to_owned(), "ui.forms: expected an array, found a table".to_owned()),
        (
            "ui = { forms = ['f'] }".to_owned(),
            "ui.forms[0]: expected a table such as { id = \"submit\" }, found the string \"f\"".to_owned(),
        ),
        ("ui = { forms = [{}] }".to_owned(), format!("ui.forms[0].id: missing, {name}")),
        (
            "ui = { forms = [{ id = 'a b' }] }".to_owned(),
            format!("ui.forms[0].id: {name}, found \"a b\""),
        ),
        (
            "ui = { forms = [{ id = 'a' }, { id = 'b' }, { id = 'a' }] }".to_owned(),
            "ui.forms: expected each entry once, found `a` again".to_owned(),
        ),
        (field(""), format!("ui.forms[0].fields[0].name: missing, {name}")),
        (
            field("name = 'a', type = 'slider'"),
            "ui.forms[0].fields[0].type: expected one of \"text\", \"select\", \"number\", \
             \"textarea\", \"checkbox\", \"hidden\", found \"slider\""
                .to_owned(),
        ),
        (
            field("name = 'a' }, { name = 'a'"),
            "ui.forms[0].fields: expected each entry once, found `a` again".to_owned(),
        ),
        (
            field("name = 'a', required = 1"),
            "ui.forms[0].fields[0].required: expected a boolean, found the integer 1".to_owned(),
        ),
        (
            field("name = 'a', type = 'select'"),
            "ui.forms[0].fields[0]: expected `options` or `options_endpoint`, as it is a select, \
             found neither"
                .to_owned(),
        ),
        (
            field("name = 'a', options = ['x']"),
            "ui.forms[0].fields[0].options: expected a select, found a field of another type".to_owned(),
        ),
        (
            field("name = 'a', type = 'number', options_endpoint = '/x'"),
            "ui.forms[0].fields[0].options_endpoint: expected a select, found a field of another type"
                .to_owned(),
        ),
        (
            field("name = 'a', type = 'select', options = ['x', 'x']"),
            "ui.forms[0].fields[0].options: expected each entry once, found `x` again".to_owned(),
        ),
        (
            field("name = 'a', type = 'select', options = [1]"),
            "ui.forms[0].fields[0].options[0]: expected a string, found the integer 1".to_owned(),
        ),
        (
            field("name = 'a', type = 'select', options_endpoint = 'x'"),
            format!("ui.forms[0].fields[0].options_endpoint: {route}, found \"x\""),
        ),
        (
            field("name = 'a', type = 'select', options = ['x'], default = 'y'"),
            "ui.forms[0].fields[0].default: expected one of its options, found the string \"y\"".to_owned(),
        ),
        (
            field("name = 'a', default = 1"),
            "ui.forms[0].fields[0].default: expected a string, found the integer 1".to_owned(),
        ),
        (
            field("name = 'a', type = 'number', default = '1'"),
            "ui.forms[0].fields[0].default: expected a number, found the string \"1\"".to_owned(),
        ),
        (
            field("name = 'a', type = 'number', default = inf"),
            "ui.forms[0].fields[0].default: expected a number, found the float inf".to_owned(),
        ),
        (
            field("name = 'a', type = 'checkbox', default = 'yes'"),
            "ui.forms[0].fields[0].default: expected a boolean, found the string \"yes\"".to_owned(),
        ),
        (
            field("name = 'a', type = 'hidden', default = []"),
            "ui.forms[0].fields[0].default: expected a string, a number or a boolean, found an array"
                .to_owned(),
        ),
        (
            submit("endpoint = 'https://elsewhere.example/x'"),
            format!("ui.forms[0].submit.endpoint: {route}, found \"https://elsewhere.example/x\""),
        ),
        (monitor(""), format!("ui.monitors[0].id: missing, {name}")),
        (
            monitor("id = 'a'"),
            "ui.monitors[0].type: missing, expected the type of the monitor, such as \"table\"".to_owned(),
        ),
        (
            monitor("id = 'a', type = 'pie'"),
            "ui.monitors[0].type: expected one of \"task_list\", \"metrics\", \"table\", \"raw\", \
             found \"pie\""
                .to_owned(),
        ),
        (
            monitor("id = 'a', type = 'raw' }, { id = 'a', type = 'raw'"),
            "ui.monitors: expected each entry once, found `a` again".to_owned(),
        ),
        (
            monitor("id = 'a', type = 'raw', auto_load = 'yes'"),
            "ui.monitors[0].auto_load: expected a boolean, found the string \"yes\"".to_owned(),
        ),
        ("ui = { notifications = {} }".to_owned(), format!("ui.notifications.topic: missing, {name}")),
        (
            "ui = { notifications = { topic = 'a', id_field = '' } }".to_owned(),
            format!("ui.notifications.id_field: {name}, found \"\""),
        ),
    ];
    for (text, message) in cases {
        // Some of what is missing is one message more, of a monitor without anything.
        assert_eq!(mistakes(&text)[0], message, "{text}");
        let embedded = Manifest::parse(&format!("{HEAD}{text}")).expect_err("it is wrong");
        let embedded = embedded.to_string();
        assert!(embedded.starts_with(&message), "{embedded}");
    }
}

#[test]
fn an_endpoint_is_a_route_of_the_plugin() {
    let form = |endpoint: &str| {
        compiled(
            &format!("ui = {{ forms = [{{ id = 'f', submit = {{ endpoint = '{endpoint}' }} }}] }}"),
            "",
        )
    };
    for good in ["/", "/jobs", "/jobs/{sid}/cancel", "/a.b/c-d_e~", "/@x/a:b"] {
        assert!(form(good).is_ok(), "{good}");
    }
    let long = format!("/{}", "x".repeat(256));
    for bad in [
        "",
        "jobs",
        "//other/x",
        "/../x",
        "/a/../../x",
        "/./x",
        "/a//b",
        "/a/",
        "/a?b=c",
        "/a#b",
        "/a b",
        "/%2e%2e/x",
        "/a\\b",
        "http://x/y",
        "javascript:alert(1)",
        "/ü",
        "/<x>",
        &long,
    ] {
        assert!(form(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_unknown_key_is_a_mistake_for_the_author_and_a_warning_for_a_host() {
    for (text, key, near) in [
        ("ui = { icons = 'x' }", "ui.icons", ": did you mean `icon`?"),
        (
            "ui = { forms = [{ id = 'f', titel = 'x' }] }",
            "ui.forms[0].titel",
            ": did you mean `title`?",
        ),
        (
            "ui = { forms = [{ id = 'f', fields = [{ name = 'n', onclick = 'x' }] }] }",
            "ui.forms[0].fields[0].onclick",
            ": see docs/manifest.md for those there are",
        ),
        (
            "ui = { forms = [{ id = 'f', submit = { lable = 'x' } }] }",
            "ui.forms[0].submit.lable",
            ": did you mean `label`?",
        ),
        (
            "ui = { monitors = [{ id = 'm', type = 'raw', autoload = true }] }",
            "ui.monitors[0].autoload",
            ": did you mean `auto_load`?",
        ),
        (
            "ui = { notifications = { topic = 't', idfield = 'x' } }",
            "ui.notifications.idfield",
            ": did you mean `id_field`?",
        ),
    ] {
        assert_eq!(mistakes(text), [format!("{key}: unknown key{near}")]);
        let (manifest, warnings) = Manifest::parse(&format!("{HEAD}{text}")).unwrap();
        assert!(manifest.ui.is_some());
        let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        let tail = "unknown key, passed over: the plugin may be built with a newer SDK";
        assert_eq!(warnings, [format!("{key}: {tail}")]);
    }
}

#[test]
fn everything_has_a_bound() {
    let many = |count: usize, entry: &str| {
        let entries: Vec<_> = (0..count)
            .map(|n| entry.replace('#', &n.to_string()))
            .collect();
        entries.join(", ")
    };
    let form = |fields: String| format!("ui = {{ forms = [{{ id = 'f', fields = [{fields}] }}] }}");
    let select = |options: String| {
        form(format!(
            "{{ name = 'a', type = 'select', options = [{options}] }}"
        ))
    };
    for (list, most, text) in [
        (
            "ui.forms",
            32,
            &(|n| format!("ui = {{ forms = [{}] }}", many(n, "{ id = 'f#' }")))
                as &dyn Fn(usize) -> String,
        ),
        ("ui.monitors", 32, &|n| {
            format!(
                "ui = {{ monitors = [{}] }}",
                many(n, "{ id = 'm#', type = 'raw' }")
            )
        }),
        ("ui.forms[0].fields", 64, &|n| {
            form(many(n, "{ name = 'f#' }"))
        }),
        ("ui.forms[0].fields[0].options", 256, &|n| {
            select(many(n, "'o#'"))
        }),
    ] {
        assert!(compiled(&text(most), "").is_ok(), "{list}");
        let wanted = format!(
            "{list}: expected at most {most} entries, found {}",
            most + 1
        );
        assert_eq!(mistakes(&text(most + 1))[0], wanted);
    }
    let options = |bytes: usize| select(many(64, &format!("'{}#'", "x".repeat(bytes))));
    assert!(compiled(&options(240), "").is_ok());
    let [mistake] = &*mistakes(&options(254)) else {
        panic!("one is expected");
    };
    let wanted =
        format!("ui: expected a table of at most {MAX_LEN} bytes as it is embedded, found ");
    assert!(mistake.starts_with(&wanted), "{mistake}");
}
