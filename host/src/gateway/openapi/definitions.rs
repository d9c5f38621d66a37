//! Schemas that refer to their own definitions, as a document takes them.
//!
//! `#/$defs/Tree` in a schema means the schema's own `$defs`. In a document, where the schema is a
//! part, it would mean the document's. So definitions go to `#/components/schemas`, which all share.

use serde_json::{Map, Value};

/// What a reference to an own definition begins with.
const OWN: &str = "#/$defs/";
/// The same to one of the document's.
const SHARED: &str = "#/components/schemas/";

/// Moves the definitions of each schema in `value` to `shared`, under names that begin with `owner`.
pub(super) fn share(value: &mut Value, owner: &str, shared: &mut Map<String, Value>) {
    match value {
        Value::Array(items) => {
            for item in items {
                share(item, owner, shared);
            }
        }
        Value::Object(object) => {
            let definitions = match object.get("$defs") {
                Some(Value::Object(_)) => object.remove("$defs"),
                _ => None,
            };
            if let Some(Value::Object(definitions)) = definitions {
                let name = place(&definitions, owner, shared);
                rename(value, &name);
            }
            let Value::Object(object) = value else { return };
            for (_, item) in object.iter_mut() {
                share(item, owner, shared);
            }
        }
        _ => {}
    }
}

/// Puts definitions, which may refer to each other, where they do not clash with others: what of
/// `owner`'s is the same is there once.
fn place(
    definitions: &Map<String, Value>,
    owner: &str,
    shared: &mut Map<String, Value>,
) -> impl Fn(&str) -> String + use<> {
    let mut turn = 1;
    loop {
        let prefix = match turn {
            1 => format!("{owner}."),
            turn => format!("{owner}.{turn}."),
        };
        let name = move |own: &str| format!("{prefix}{}", plain(own));
        let renamed: Vec<(String, Value)> = definitions
            .iter()
            .map(|(own, schema)| {
                let mut schema = schema.clone();
                rename(&mut schema, &name);
                (name(own), schema)
            })
            .collect();
        let fits =
            |(name, schema): &(String, Value)| shared.get(name).is_none_or(|known| known == schema);
        if renamed.iter().all(fits) {
            shared.extend(renamed);
            return name;
        }
        turn += 1;
    }
}

/// Has references to own definitions mean the shared ones.
fn rename(value: &mut Value, name: &impl Fn(&str) -> String) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        Value::Object(object) => {
            for (key, item) in object.iter_mut() {
                match item {
                    Value::String(text) if key == "$ref" => {
                        if let Some(own) = text.strip_prefix(OWN) {
                            *text = format!("{SHARED}{}", name(own));
                        }
                    }
                    item => rename(item, name),
                }
            }
        }
        _ => {}
    }
}

/// A name as OpenAPI allows it.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(leaf: &str) -> Value {
        json!({
            "schema": {
                "$ref": "#/$defs/Tree<A>",
                "$defs": {
                    "Tree<A>": {
                        "properties": {
                            "branches": { "items": { "$ref": "#/$defs/Tree<A>" } },
                            "leaf": { "type": leaf },
                        }
                    }
                },
            }
        })
    }

    #[test]
    fn what_refers_to_itself_is_the_documents() {
        let mut shared = Map::new();
        let mut both = [tree("string"), tree("string")];
        for schema in &mut both {
            share(schema, "shop", &mut shared);
        }
        let reference = "#/components/schemas/shop.Tree_A_";
        assert_eq!(both[0], json!({ "schema": { "$ref": reference } }));
        assert_eq!(both[0], both[1]);
        assert_eq!(shared.len(), 1);
        let branches = &shared["shop.Tree_A_"]["properties"]["branches"];
        assert_eq!(branches["items"]["$ref"], reference);
    }

    #[test]
    fn two_of_one_name_that_differ_are_both_there() {
        let mut shared = Map::new();
        let mut other = tree("integer");
        share(&mut tree("string"), "shop", &mut shared);
        share(&mut other, "shop", &mut shared);
        assert_eq!(
            other["schema"]["$ref"],
            "#/components/schemas/shop.2.Tree_A_"
        );
        assert_eq!(shared.len(), 2);
    }
}
