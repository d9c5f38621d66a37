//! JSON Schemas of what the host answers. An object may have more keys than it is said to have: more
//! are added without another version.

use serde_json::{Map, Value, json};

/// An object that has at least these keys.
pub(in crate::gateway) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let required = json!(required);
    let fields = fields.into_iter();
    let properties: Map<String, Value> = fields
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// An object whose values are of that kind, whatever its keys.
pub(in crate::gateway) fn map(of: Value) -> Value {
    json!({ "type": "object", "additionalProperties": of })
}

pub(in crate::gateway) fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

pub(in crate::gateway) fn text() -> Value {
    json!({ "type": "string" })
}

/// One of these words.
pub(in crate::gateway) fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// A whole number that is not negative.
pub(in crate::gateway) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(in crate::gateway) fn number() -> Value {
    json!({ "type": "number" })
}

pub(in crate::gateway) fn whole() -> Value {
    json!({ "type": "integer" })
}

pub(in crate::gateway) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// That, or `null`.
pub(in crate::gateway) fn maybe(mut schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(Value::String(kind)) if schema.get("enum").is_none() => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

pub(in crate::gateway) fn any_object() -> Value {
    json!({ "type": "object" })
}

/// Why there is nothing better, as every error has it.
pub(in crate::gateway) fn error() -> Value {
    object([("detail", text())])
}
