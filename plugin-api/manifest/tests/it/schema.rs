//! Is a schema file that is no JSON Schema told with its file and place?

use crate::source::compiled;

fn mistakes(schema: &str) -> Vec<String> {
    compiled("config_schema = 'schema.json'", schema).expect_err("it has mistakes")
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    assert_eq!(
        mistakes("{\n  \"type\": object\n}"),
        ["schema.json:2:11: not JSON: expected value"]
    );
    assert_eq!(
        mistakes(""),
        ["schema.json:1:0: not JSON: EOF while parsing a value"]
    );
}

#[test]
fn all_mistakes_come_at_once_with_their_pointers() {
    let schema = r##"{
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {
            "a": { "type": "text" },
            "b/c": { "items": [{}], "minLength": -1, "$ref": "https://example.org/x.json" },
            "d": 3
        },
        "required": true,
        "allOf": [],
        "x-ours": 1
    }"##;
    assert_eq!(
        mistakes(schema),
        [
            "schema.json: /$schema: expected \"https://json-schema.org/draft/2020-12/schema\" or \
             no such key, found \"http://json-schema.org/draft-07/schema#\"",
            "schema.json: /properties/a/type: expected a type (string, integer, number, boolean, \
             object, array, null) or a list of them, found \"text\"",
            "schema.json: /properties/b~1c/items: expected a schema (an object or a boolean), \
             found an array",
            "schema.json: /properties/b~1c/minLength: expected an integer, not negative, found -1",
            "schema.json: /properties/b~1c/$ref: expected a reference within this file, such as \
             \"#/$defs/x\", found \"https://example.org/x.json\"",
            "schema.json: /properties/d: expected a schema (an object or a boolean), found 3",
            "schema.json: /required: expected a list of strings, found true",
            "schema.json: /allOf: expected a list of schemas, not empty, found an array",
        ]
    );
}

#[test]
fn a_configuration_is_a_table() {
    assert_eq!(
        mistakes("[]"),
        ["schema.json: /: expected an object, found an array"]
    );
    assert_eq!(
        mistakes(r#"{ "type": "array" }"#),
        [
            "schema.json: /type: expected \"object\", since a configuration is a table, \
          found \"array\""
        ]
    );
}
