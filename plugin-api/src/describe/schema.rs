//! JSON Schema 2020-12 of types. What a type refers to is inlined; only a type that holds itself
//! keeps `$defs`, and then `$ref` is relative to that schema.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// Of a type as it is read.
pub(crate) fn taken<T: JsonSchema>() -> Value {
    of::<T>(settings())
}

/// Of a type as it is written.
pub(crate) fn given<T: JsonSchema>() -> Value {
    of::<T>(settings().for_serialize())
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    })
}

fn of<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let mut generator = settings.into_generator();
    // Not the schema of a root: where that refers to itself, it does so by its place in a document.
    let mut schema = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), definitions.into());
    }
    schema.to_value()
}

/// The fields of an object's schema: name, schema, and whether it has to be there.
pub(crate) fn fields(schema: &Value) -> Vec<(String, Value, bool)> {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|it| it == name));
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    properties
        .map(|(name, field)| {
            (
                name.clone(),
                with_definitions(field, schema),
                is_required(name),
            )
        })
        .collect()
}

/// The schema of each of these names, as far as it is told: by the fields of an object, by the values
/// of a map, by the order of a tuple, or the schema itself where there is one name.
pub(crate) fn by_name(schema: &Value, names: &[String]) -> Vec<(String, Value)> {
    if schema.get("properties").is_some() {
        let fields = fields(schema).into_iter();
        let fields = fields.map(|(name, schema, _)| (name, schema));
        return fields.filter(|(name, _)| names.contains(name)).collect();
    }
    if schema.get("type").is_some_and(|kind| kind == "object") {
        let values = schema.get("additionalProperties");
        let values = values.filter(|values| values.is_object());
        let values = values.map(|values| with_definitions(values, schema));
        let of_each = |name: &String| Some((name.clone(), values.clone()?));
        return names.iter().filter_map(of_each).collect();
    }
    let schemas = match schema.get("prefixItems").and_then(Value::as_array) {
        Some(items) => items.clone(),
        None if names.len() == 1 => vec![schema.clone()],
        None => Vec::new(),
    };
    names.iter().cloned().zip(schemas).collect()
}

/// A part of a schema that may refer to the definitions of the whole.
fn with_definitions(part: &Value, whole: &Value) -> Value {
    let mut part = part.clone();
    if let (Some(object), Some(definitions)) = (part.as_object_mut(), whole.get("$defs")) {
        object.insert("$defs".to_owned(), definitions.clone());
    }
    part
}

/// That of text.
pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Leaf {
        size: u8,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Tree {
        leaf: Leaf,
        #[serde(default)]
        branches: Vec<Tree>,
    }

    #[test]
    fn what_a_type_refers_to_is_inlined() {
        let schema = taken::<Vec<Leaf>>();
        assert_eq!(schema["items"]["properties"]["size"]["maximum"], 255);
        assert_eq!(schema.get("$defs"), None);
        assert_eq!(schema.get("$schema"), None);
    }

    #[test]
    fn a_type_that_holds_itself_keeps_its_definition() {
        let schema = taken::<Tree>();
        let text = schema.to_string();
        let reference = json!({ "$ref": "#/$defs/Tree" });
        let inner = match schema.get("$defs") {
            Some(definitions) => &definitions["Tree"],
            None => panic!("{text}"),
        };
        assert_eq!(inner["properties"]["branches"]["items"], reference);
        let fields = fields(&schema);
        assert!(
            fields
                .iter()
                .all(|(_, schema, _)| schema.get("$defs").is_some())
        );
    }

    #[test]
    fn what_is_read_may_lack_what_is_written() {
        let branches = |schema: &Value| {
            let fields = fields(schema).into_iter();
            let mut fields = fields.filter(|(name, ..)| name == "branches");
            fields.next().is_some_and(|(_, _, required)| required)
        };
        assert!(!branches(&taken::<Tree>()));
        assert!(branches(&given::<Tree>()));
    }

    #[test]
    fn a_schema_for_each_name() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let of = |schema: Value, given: &[&str]| {
            let named = by_name(&schema, &names(given)).into_iter();
            named
                .map(|(name, schema)| format!("{name} {}", schema["type"]))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(taken::<u8>(), &["a"]), [r#"a "integer""#]);
        assert_eq!(of(taken::<u8>(), &["a", "b"]), Vec::<String>::new());
        let tuple = taken::<(u8, String)>();
        assert_eq!(of(tuple, &["a", "b"]), [r#"a "integer""#, r#"b "string""#]);
        assert_eq!(of(taken::<Leaf>(), &["size"]), [r#"size "integer""#]);
        let lacking = of(taken::<Leaf>(), &["x"]);
        assert_eq!(lacking, Vec::<String>::new(), "it is not in the pattern");
        let map = || taken::<BTreeMap<String, u8>>();
        assert_eq!(of(map(), &["a"]), [r#"a "integer""#]);
        assert_eq!(of(map(), &["a", "b"]), [r#"a "integer""#, r#"b "integer""#]);
        let any = taken::<BTreeMap<String, Value>>();
        assert_eq!(of(any, &["a"]), Vec::<String>::new());
    }
}
