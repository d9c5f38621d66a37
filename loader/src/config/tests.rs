//! Is every violation told with its place, and no secret?

use super::*;
use serde_json::json;

const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "port": {"type": "integer", "minimum": 1, "default": 80},
        "name": {"type": "string"},
        "token": {"type": "string", "writeOnly": true},
        "store": {"type": "object", "properties": {"path": {"type": "string", "default": "x"}}}
    },
    "required": ["name"],
    "additionalProperties": false
}"#;

fn checked(given: Value) -> Result<String, String> {
    let Value::Object(given) = given else {
        panic!("an object")
    };
    check(Some(SCHEMA), &given).map_err(|error| error.to_string())
}

#[test]
fn defaults_are_filled_in_also_inside() {
    let config = checked(serde_json::json!({"name": "a", "store": {}})).unwrap();
    assert_eq!(config, r#"{"name":"a","store":{"path":"x"},"port":80}"#);
}

/// A configuration by a schema, as the plugin gets it.
fn filled(schema: Value, given: Value) -> Value {
    serde_json::from_str(&says(schema, given).unwrap()).unwrap()
}

#[test]
fn a_table_that_is_absent_stays_so_unless_it_has_a_default_itself() {
    let store = |more: Value| {
        let mut store = json!({"properties": {"path": {"default": "x"}}});
        store
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"properties": {"store": store}})
    };
    assert_eq!(filled(store(json!({})), json!({})), json!({}));
    assert_eq!(
        filled(store(json!({"default": {}})), json!({})),
        json!({"store": {"path": "x"}})
    );
    assert_eq!(
        filled(store(json!({"default": {"path": "y"}})), json!({})),
        json!({"store": {"path": "y"}})
    );
}

#[test]
fn defaults_are_filled_in_behind_references_and_in_lists() {
    let path = json!({"properties": {"path": {"default": "x"}}});
    let with_x = json!({"path": "x"});
    for (schema, given, expected) in [
        (json!({"$ref": "#/$defs/it"}), json!({}), with_x.clone()),
        (
            json!({"allOf": [true, {"allOf": [path]}]}),
            json!({}),
            with_x.clone(),
        ),
        (
            json!({"items": path}),
            json!([{}, {"path": 1}]),
            json!([with_x, {"path": 1}]),
        ),
        (
            json!({"prefixItems": [true], "items": {"$ref": "#/$defs/it"}}),
            json!([{}, {}]),
            json!([{}, with_x]),
        ),
        (
            json!({"properties": {"a": true}, "additionalProperties": path}),
            json!({"a": {}, "b": {}}),
            json!({"a": {}, "b": with_x}),
        ),
        // The property's own comes before that of what it refers to.
        (
            json!({"properties": {
                "near": {"$ref": "#/$defs/number", "default": 1},
                "far": {"$ref": "#/$defs/number"},
            }}),
            json!({}),
            json!({"near": 1, "far": 2}),
        ),
        // What need not hold fills in nothing.
        (json!({"anyOf": [path]}), json!({}), json!({})),
        (
            json!({"patternProperties": {"^a": true}, "additionalProperties": path}),
            json!({"a": {}}),
            json!({"a": {}}),
        ),
    ] {
        let whole = json!({
            "properties": {"x": schema},
            "$defs": {"it": path, "number": {"default": 2}},
        });
        let got = filled(whole.clone(), json!({"x": given}));
        assert_eq!(got, json!({"x": expected}), "{whole}");
    }
}

#[test]
fn defaults_of_a_schema_that_stands_in_itself_have_an_end() {
    let schema = json!({"$ref": "#/$defs/node", "$defs": {"node": {"properties": {
        "name": {"default": "n"},
        "next": {"$ref": "#/$defs/node"},
        "first": {"$ref": "#/$defs/node", "default": {}},
    }}}});
    let schema = json!({"allOf": [schema.clone(), schema.clone()], "$defs": schema["$defs"]});
    let got = filled(schema, json!({"next": {"next": {}}}));
    assert_eq!(got["name"], "n");
    assert_eq!(got["next"]["next"]["name"], "n");
    assert!(got["first"].is_object(), "{got}");
    // In lists, in defaults within defaults, and in a second schema for what a first one filled in.
    for node in [
        json!({"properties": {"inside": {"items": {"$ref": "#"}, "default": [{}]}}}),
        json!({"properties": {"inside": {"$ref": "#", "default": {"inside": {}}}}}),
        json!({"allOf": [
            {"properties": {"inside": {"default": {}}}},
            {"additionalProperties": {"$ref": "#"}},
        ]}),
    ] {
        let got = filled(node, json!({}));
        assert!(
            got["inside"].is_object() || got["inside"].is_array(),
            "{got}"
        );
    }
}

#[test]
fn every_violation_is_named_by_its_field() {
    let error = checked(serde_json::json!({"port": 0, "nmae": 1, "store": {"path": 2}}));
    let mut parts: Vec<String> = error
        .unwrap_err()
        .strip_prefix("its configuration does not fit: ")
        .unwrap()
        .split("; ")
        .map(str::to_owned)
        .collect();
    parts.sort_unstable();
    assert_eq!(
        parts,
        [
            "name: expected a string, found nothing",
            "nmae: expected one of `port`, `name`, `token`, `store`, found an unknown key, did you \
             mean `name`?",
            "port: expected at least 1, found 0",
            "store.path: expected a string, found 2",
        ]
    );
}

#[test]
fn a_secret_does_not_appear_in_the_message() {
    let error = checked(serde_json::json!({"name": "a", "token": 4711})).unwrap_err();
    assert_eq!(
        error,
        "its configuration does not fit: token: expected a string, found something else (it is \
         secret)"
    );
}

/// What a check against a schema says.
fn says(schema: Value, given: Value) -> Result<String, String> {
    let Value::Object(given) = given else {
        panic!("an object")
    };
    check(Some(&schema.to_string()), &given).map_err(|error| error.to_string())
}

fn one(property: Value, given: Value) -> String {
    let schema = json!({"type": "object", "properties": {"x": property}});
    let error = says(schema, json!({"x": given})).unwrap_err();
    let text = error.strip_prefix("its configuration does not fit: x: ");
    text.unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[test]
fn each_kind_of_violation_has_its_words() {
    for (property, given, text) in [
        (
            json!({"type": "integer"}),
            json!("5"),
            "expected an integer, found \"5\"",
        ),
        (
            json!({"type": ["string", "null"]}),
            json!(true),
            "expected nothing or a string, found true",
        ),
        (
            json!({"type": "boolean"}),
            json!([1]),
            "expected true or false, found a list of 1",
        ),
        (
            json!({"type": "array"}),
            json!({}),
            "expected a list, found a table",
        ),
        (
            json!({"maximum": 3}),
            json!(4.5),
            "expected at most 3, found 4.5",
        ),
        (
            json!({"exclusiveMinimum": 0}),
            json!(0),
            "expected more than 0, found 0",
        ),
        (
            json!({"exclusiveMaximum": 9}),
            json!(9),
            "expected less than 9, found 9",
        ),
        (
            json!({"multipleOf": 5}),
            json!(7),
            "expected a multiple of 5, found 7",
        ),
        (
            json!({"enum": ["a", "b"]}),
            json!("c"),
            "expected one of \"a\", \"b\", found \"c\"",
        ),
        (json!({"const": 1}), json!(2), "expected 1, found 2"),
        (
            json!({"minLength": 2}),
            json!("a"),
            "expected at least 2 characters, found \"a\"",
        ),
        (
            json!({"pattern": "^a"}),
            json!("b"),
            "expected a string that matches `^a`, found \"b\"",
        ),
        (
            json!({"minItems": 2}),
            json!([1]),
            "expected at least 2 items, found a list of 1",
        ),
        (
            json!({"uniqueItems": true}),
            json!([1, 1]),
            "expected items that all differ, found a list of 2",
        ),
        (
            json!({"minProperties": 1}),
            json!({}),
            "expected at least 1 keys, found a table",
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!(1),
            "expected one of the forms that the schema has for it, found 1",
        ),
        (
            json!({"not": {}}),
            json!(1),
            "expected what its schema's `not` asks for, found 1",
        ),
        (
            json!({"type": "integer"}),
            json!("a".repeat(99)),
            "expected an integer, found a string of 99 characters",
        ),
    ] {
        assert_eq!(one(property, given), text);
    }
}

#[test]
fn no_secret_stands_in_what_is_said_of_anything_around_it() {
    let secret = json!({"type": "integer", "writeOnly": true});
    let hush = json!({"token": "hush", "more": 1});
    for around in [
        json!({"type": "object", "properties": {"token": secret}, "required": ["gone"]}),
        json!({"properties": {"token": secret}, "maxProperties": 1}),
        json!({"properties": {"token": secret}, "additionalProperties": false}),
        json!({"oneOf": [{"properties": {"token": secret}}, {"type": "string"}]}),
        json!({"allOf": [{"properties": {"token": secret}}]}),
        json!({"$ref": "#/$defs/it"}),
        json!({"additionalProperties": secret}),
        json!({"patternProperties": {"^t": secret}}),
        json!({"const": 5, "properties": {"token": secret}}),
    ] {
        let schema = json!({
            "type": "object",
            "properties": {"x": around},
            "$defs": {"it": {"properties": {"token": secret}}},
        });
        let error = says(schema.clone(), json!({"x": hush})).unwrap_err();
        assert!(!error.contains("hush"), "{error}");
        let text = schema.to_string();
        let secrets = Secrets::of(&text, &json!({"x": hush}));
        assert!(secrets.hides("/x/token"), "{text}");
    }
    let listed = json!({"properties": {"x": {"items": secret}}});
    let error = says(listed, json!({"x": [1, "hush"]})).unwrap_err();
    assert_eq!(
        error,
        "its configuration does not fit: x.1: expected an integer, found something else (it is \
         secret)"
    );
}

#[test]
fn a_schema_that_refers_to_itself_has_an_end() {
    let ring = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
    // What cannot be followed is secret.
    assert!(Secrets::of(&ring.to_string(), &json!({})).hides(""));
    let list = json!({"properties": {"next": {"$ref": "#"}, "pin": {"writeOnly": true}}});
    let secrets = Secrets::of(
        &list.to_string(),
        &json!({"pin": 1, "next": {"next": {"pin": 2}}}),
    );
    let places: Vec<&str> = secrets.places().collect();
    assert_eq!(places, ["/next/next/pin", "/pin"]);
}

#[cfg(unix)]
mod files {
    use super::*;
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
        path::PathBuf,
    };

    /// A file with a secret, and what the check makes of naming it.
    fn named(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf, Result<String, String>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let said = token(&format!("file:{}", path.display()));
        (directory, path, said)
    }

    fn token(text: &str) -> Result<String, String> {
        checked(json!({"name": "a", "token": text}))
    }

    fn refused(said: Result<String, String>) -> String {
        let error = said.unwrap_err();
        let text = error.strip_prefix("its configuration does not fit: token: ");
        text.unwrap_or_else(|| panic!("{error}")).to_owned()
    }

    #[test]
    fn a_secret_is_read_from_its_file() {
        for content in ["hush", "hush\n", "hush\r\n"] {
            let (_directory, _, said) = named(content.as_bytes(), 0o600);
            assert_eq!(said.unwrap(), r#"{"name":"a","token":"hush","port":80}"#);
        }
        let (_directory, _, said) = named(b"a\n\n", 0o400);
        assert_eq!(said.unwrap(), r#"{"name":"a","token":"a\n","port":80}"#);
    }

    #[test]
    fn a_file_that_is_no_secrets_is_refused_and_not_named() {
        for (mode, found) in [(0o640, "640"), (0o604, "604"), (0o620, "620")] {
            let (_directory, _, said) = named(b"hush", mode);
            assert_eq!(
                refused(said),
                format!(
                    "expected a file that only its owner can read (`chmod 600`), found one of mode \
                     {found}"
                )
            );
        }
        assert_eq!(
            refused(token("file:/no/such/hush")),
            "expected a file that this host can read, found none: No such file or directory (os \
             error 2)"
        );
        assert_eq!(
            refused(token("file:hush")),
            "expected `file:` and an absolute path, found another path"
        );
        assert_eq!(
            refused(token("file:/tmp")),
            "expected a file that this host can read, found something that is no file"
        );
        let (_directory, _, said) = named(&[b'x'; 65537], 0o600);
        assert_eq!(
            refused(said),
            "expected a file of at most 65536 bytes, found one of 65537 bytes"
        );
        let (_directory, _, said) = named(&[0xff], 0o600);
        assert_eq!(refused(said), "expected a file in UTF-8, found other bytes");
    }

    #[test]
    fn only_a_secret_is_read_from_a_file() {
        let (_directory, path, _) = named(b"hush", 0o600);
        let text = format!("file:{}", path.display());
        let said = checked(json!({"name": text})).unwrap();
        assert!(said.contains(&text), "{said}");
    }

    #[test]
    fn what_is_read_is_checked_as_well() {
        let schema =
            json!({"properties": {"pin": {"type": "string", "writeOnly": true, "minLength": 9}}});
        let (_directory, path, _) = named(b"hush", 0o600);
        let error = says(schema, json!({"pin": format!("file:{}", path.display())})).unwrap_err();
        assert_eq!(
            error,
            "its configuration does not fit: pin: expected at least 9 characters, found something \
             else (it is secret)"
        );
    }
}

#[test]
fn a_schema_whose_references_double_at_each_step_has_an_end_and_all_is_secret() {
    let twice = json!({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]});
    let schema = json!({"$defs": {"a": twice}, "properties": {"x": {"$ref": "#/$defs/a"}}});
    let secrets = Secrets::of(&schema.to_string(), &json!({"x": 1, "y": 2}));
    assert!(secrets.hides("/x") && !secrets.hides("/y"));
}
