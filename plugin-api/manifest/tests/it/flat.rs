//! Does the flat form of a configuration become the JSON Schema that it means, and is a field that
//! contradicts itself refused?

use crate::source::compiled;

fn schema(text: &str) -> String {
    let manifest = compiled(text, "").expect("it has no mistakes").manifest;
    manifest.config_schema.expect("it has a configuration")
}

fn mistakes(field: &str) -> Vec<String> {
    compiled(&format!("config.a = {{ {field} }}"), "").expect_err("it has mistakes")
}

#[test]
fn each_key_has_its_keyword() {
    let text = r#"
[config.zone]
type = "string"
options = ["here", "there"]
default = "here"
description = "where it's run"

[config.port]
type = "integer"
required = true
minimum = 1
maximum = 65535

[config.key]
type = "string"
secret = true

[config.ratios]
type = "number list"
minimum = 0
default = [0.5, 1]

[config.extra]
type = "object"
default = { a = [1, true] }
"#;
    assert_eq!(
        schema(text),
        concat!(
            r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","#,
            r#""properties":{"zone":{"type":"string","enum":["here","there"],"#,
            r#""description":"where it\u0027s run","default":"here"},"#,
            r#""port":{"type":"integer","minimum":1,"maximum":65535},"#,
            r#""key":{"type":"string","writeOnly":true},"#,
            r#""ratios":{"type":"array","items":{"type":"number","minimum":0},"default":[0.5,1]},"#,
            r#""extra":{"type":"object","default":{"a":[1,true]}}},"#,
            r#""required":["port"],"additionalProperties":false}"#
        )
    );
}

#[test]
fn both_ways_to_write_it_mean_the_same() {
    assert_eq!(
        schema("config = { a = { type = 'boolean' } }"),
        schema("[config.a]\ntype = 'boolean'")
    );
}

#[test]
fn a_field_that_cannot_be_is_refused() {
    let cases: &[(&str, &str)] = &[
        (
            "",
            "1:12: config.a.type: missing, expected one of \"string\", \"integer\", \"number\", \
              \"boolean\", \"object\", \"array\", \"string list\", \"integer list\", \
              \"number list\", \"boolean list\"",
        ),
        (
            "type = 'string', default = 1",
            "1:41: config.a.default: expected a string, found the integer 1",
        ),
        (
            "type = 'integer', default = 1.5",
            "1:42: config.a.default: expected an integer, found the float 1.5",
        ),
        (
            "type = 'integer', minimum = 2, default = 1",
            "1:55: config.a.default: expected at least 2, found the integer 1",
        ),
        (
            "type = 'number', maximum = 0.5, default = 1",
            "1:56: config.a.default: expected at most 0.5, found the integer 1",
        ),
        (
            "type = 'string list', default = ['a', 1]",
            "1:52: config.a.default: expected a string, found the integer 1",
        ),
        (
            "type = 'string list', default = 'a'",
            "1:46: config.a.default: expected an array, found the string \"a\"",
        ),
        (
            "type = 'string', enum = ['a', 'b'], default = 'c'",
            "1:60: config.a.default: expected one of [\"a\",\"b\"], found the string \"c\"",
        ),
        (
            "type = 'string', enum = ['a', 1]",
            "1:44: config.a.enum: expected a string, found the integer 1",
        ),
        (
            "type = 'string', enum = ['a', 'a']",
            "1:44: config.a.enum: expected each value once, found the string \"a\" again",
        ),
        (
            "type = 'string', options = []",
            "1:41: config.a.options: expected at least one value, found an empty array",
        ),
        (
            "type = 'string', enum = ['a'], options = ['a']",
            "1:45: config.a.options: expected one of `enum` and `options`, found both",
        ),
        (
            "type = 'string', minimum = 1",
            "1:31: config.a.minimum: expected this key only with an integer or a number, \
          found it with the type \"string\"",
        ),
        (
            "type = 'integer', minimum = 2, maximum = 1",
            "1:12: config.a: expected `minimum` to be at most `maximum`, found 2 and 1",
        ),
        (
            "type = 'string', secret = true, default = 'x'",
            "1:46: config.a.default: expected no default of a secret, found one, which everybody \
          could read in the library",
        ),
        (
            "type = 'number', default = inf",
            "1:41: config.a.default: expected a value that JSON has, found the float inf",
        ),
        (
            "type = 'string', requried = true",
            "1:31: config.a.requried: unknown key: did you mean `required`?",
        ),
    ];
    for (field, message) in cases {
        assert_eq!(mistakes(field), [format!("plugin.toml:{message}")]);
    }
}
