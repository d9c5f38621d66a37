//! A JSON Schema file: is it JSON, and does each keyword of the draft hold what it has to?
//!
//! This is the shape that the draft's meta-schema asks for, so that a mistake is a compile error
//! rather than a surprise in a host. A keyword that the draft does not know is left alone, as it
//! asks.

use super::Mistake;
use crate::problem::Position;
use serde_json::{Map, Value};

/// The one draft there is for a host.
pub(super) const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

const TYPES: [&str; 7] = [
    "string", "integer", "number", "boolean", "object", "array", "null",
];

/// What a keyword holds.
#[derive(Clone, Copy)]
enum Shape {
    Schema,
    SchemaList,
    SchemaMap,
    Type,
    Strings,
    Values,
    Number,
    Count,
    Text,
    Reference,
    Flag,
}

const KEYWORDS: &[(Shape, &[&str])] = &[
    (
        Shape::Schema,
        &[
            "items",
            "additionalProperties",
            "propertyNames",
            "contains",
            "not",
            "if",
            "then",
            "else",
            "unevaluatedItems",
            "unevaluatedProperties",
        ],
    ),
    (
        Shape::SchemaList,
        &["allOf", "anyOf", "oneOf", "prefixItems"],
    ),
    (
        Shape::SchemaMap,
        &[
            "properties",
            "patternProperties",
            "$defs",
            "dependentSchemas",
        ],
    ),
    (Shape::Type, &["type"]),
    (Shape::Strings, &["required"]),
    (Shape::Values, &["enum", "examples"]),
    (
        Shape::Number,
        &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ],
    ),
    (
        Shape::Count,
        &[
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minContains",
            "maxContains",
            "minProperties",
            "maxProperties",
        ],
    ),
    (
        Shape::Text,
        &[
            "title",
            "description",
            "pattern",
            "format",
            "$id",
            "$anchor",
            "$comment",
        ],
    ),
    (Shape::Reference, &["$ref", "$dynamicRef"]),
    (
        Shape::Flag,
        &["writeOnly", "readOnly", "deprecated", "uniqueItems"],
    ),
];

fn shape(keyword: &str) -> Option<Shape> {
    KEYWORDS
        .iter()
        .find(|(_, keywords)| keywords.contains(&keyword))
        .map(|(shape, _)| *shape)
}

/// Reads and checks the text of a file.
pub(super) fn check(file: &str, text: &str) -> Result<Value, Vec<Mistake>> {
    let schema = serde_json::from_str(text).map_err(|error| vec![syntax(file, &error)])?;
    let mut check = Check {
        file,
        mistakes: Vec::new(),
    };
    check.root(&schema);
    if check.mistakes.is_empty() {
        Ok(schema)
    } else {
        Err(check.mistakes)
    }
}

fn syntax(file: &str, error: &serde_json::Error) -> Mistake {
    let text = error.to_string();
    // The place stands before the text, as everywhere.
    let place = format!(" at line {} column {}", error.line(), error.column());
    Mistake {
        file: file.to_owned(),
        position: Some(Position {
            line: error.line(),
            column: error.column(),
        }),
        text: format!("not JSON: {}", text.trim_end_matches(place.as_str())),
    }
}

struct Check<'f> {
    file: &'f str,
    mistakes: Vec<Mistake>,
}

impl Check<'_> {
    fn wrong(&mut self, pointer: &str, expected: &str, found: &Value) {
        let pointer = if pointer.is_empty() { "/" } else { pointer };
        let found = match found {
            Value::Object(_) => "an object".to_owned(),
            Value::Array(_) => "an array".to_owned(),
            scalar => scalar.to_string(),
        };
        self.mistakes.push(Mistake {
            file: self.file.to_owned(),
            position: None,
            text: format!("{pointer}: expected {expected}, found {found}"),
        });
    }

    fn root(&mut self, schema: &Value) {
        let Value::Object(keywords) = schema else {
            return self.wrong("", "an object", schema);
        };
        if let Some(draft) = keywords.get("$schema")
            && draft.as_str().map(|text| text.trim_end_matches('#')) != Some(DRAFT)
        {
            self.wrong("/$schema", &format!("{DRAFT:?} or no such key"), draft);
        }
        if let Some(kind) = keywords.get("type")
            && kind != "object"
        {
            self.wrong(
                "/type",
                "\"object\", since a configuration is a table",
                kind,
            );
        } else {
            self.keywords("", keywords);
        }
    }

    // Recursion ends where `serde_json` ends its own, at a depth of 128.
    fn schema(&mut self, pointer: &str, schema: &Value) {
        match schema {
            Value::Object(keywords) => self.keywords(pointer, keywords),
            Value::Bool(_) => {}
            other => self.wrong(pointer, "a schema (an object or a boolean)", other),
        }
    }

    fn keywords(&mut self, pointer: &str, keywords: &Map<String, Value>) {
        for (keyword, value) in keywords {
            if let Some(shape) = shape(keyword) {
                self.keyword(&format!("{pointer}/{keyword}"), shape, value);
            }
        }
    }

    fn keyword(&mut self, pointer: &str, shape: Shape, value: &Value) {
        match (shape, value) {
            (Shape::Schema, _) => self.schema(pointer, value),
            (Shape::SchemaList, Value::Array(schemas)) if !schemas.is_empty() => {
                for (index, schema) in schemas.iter().enumerate() {
                    self.schema(&format!("{pointer}/{index}"), schema);
                }
            }
            (Shape::SchemaMap, Value::Object(schemas)) => {
                for (name, schema) in schemas {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.schema(&format!("{pointer}/{name}"), schema);
                }
            }
            _ if holds(shape, value) => {}
            _ => self.wrong(pointer, expected(shape), value),
        }
    }
}

fn holds(shape: Shape, value: &Value) -> bool {
    let is_type = |name: &Value| name.as_str().is_some_and(|name| TYPES.contains(&name));
    match (shape, value) {
        (Shape::Type, Value::Array(names)) => !names.is_empty() && names.iter().all(is_type),
        (Shape::Type, name) => is_type(name),
        (Shape::Strings, Value::Array(values)) => values.iter().all(Value::is_string),
        (Shape::Values, value) => value.is_array(),
        (Shape::Number, value) => value.is_number(),
        (Shape::Count, value) => value.is_u64(),
        (Shape::Text, value) => value.is_string(),
        (Shape::Reference, Value::String(text)) => text.starts_with('#'),
        (Shape::Flag, value) => value.is_boolean(),
        _ => false,
    }
}

const fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Schema => "a schema (an object or a boolean)",
        Shape::SchemaList => "a list of schemas, not empty",
        Shape::SchemaMap => "an object of schemas",
        Shape::Type => {
            "a type (string, integer, number, boolean, object, array, null) or a list of them"
        }
        Shape::Strings => "a list of strings",
        Shape::Values => "a list",
        Shape::Number => "a number",
        Shape::Count => "an integer, not negative",
        Shape::Text => "a string",
        Shape::Reference => "a reference within this file, such as \"#/$defs/x\"",
        Shape::Flag => "a boolean",
    }
}
