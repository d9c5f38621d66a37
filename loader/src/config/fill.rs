//! Puts defaults where nothing is said.
//!
//! Only where the schema holds in any case: a property's own `default`, or what it refers to or is
//! made of (`$ref`, `allOf`) has; also in the items of lists. What depends on the configuration
//! (`anyOf`, `if`, patterns) gives none. A table that is absent stays absent unless it has a default
//! itself: being there may mean something, and may ask for more.

use serde_json::{Map, Value};

/// What a schema says, other than `true` or `false`.
type Part = Map<String, Value>;

/// Puts each property's `default` where the property is absent, from the outside in.
pub(super) fn fill(schema: &Value, config: &mut Value) {
    Filler { root: schema }.value(&[schema], config, None);
}

struct Filler<'s> {
    root: &'s Value,
}

impl<'s> Filler<'s> {
    /// In a default, `followed` has the references that led to it, and none is followed again: so a
    /// schema that stands in its own defaults has an end. What was given has one anyhow.
    fn value(&self, schemas: &[&'s Value], value: &mut Value, followed: Option<&[&'s str]>) {
        let mut now = followed.unwrap_or_default().to_vec();
        let parts = self.parts(schemas, &mut now);
        let inside = followed.is_some().then_some(&*now);
        match value {
            Value::Object(table) => {
                for (name, value) in table.iter_mut() {
                    self.value(&named(&parts, name), value, inside);
                }
                self.absent(&parts, table, &now);
            }
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.value(&placed(&parts, at), item, inside);
                }
            }
            _ => {}
        }
    }

    fn absent(&self, parts: &[&'s Part], table: &mut Part, followed: &[&'s str]) {
        let properties = parts
            .iter()
            .filter_map(|part| part.get("properties")?.as_object());
        for name in properties.flat_map(Map::keys) {
            let schemas = named(parts, name);
            if !table.contains_key(name)
                && let Some(default) = self.default(&schemas, followed)
            {
                let mut value = default.clone();
                self.value(&schemas, &mut value, Some(followed));
                table.insert(name.clone(), value);
            }
        }
    }

    /// A property's own default, or else the first of what it is made of.
    fn default(&self, schemas: &[&'s Value], followed: &[&'s str]) -> Option<&'s Value> {
        let parts = self.parts(schemas, &mut followed.to_vec());
        parts.into_iter().find_map(|part| part.get("default"))
    }

    /// Schemas, and all that holds wherever they do: what they refer to, and all of `allOf`.
    fn parts(&self, schemas: &[&'s Value], followed: &mut Vec<&'s str>) -> Vec<&'s Part> {
        let mut parts = Vec::new();
        let mut left: Vec<&Value> = schemas.iter().rev().copied().collect();
        while let Some(schema) = left.pop() {
            let Some(part) = schema.as_object() else {
                continue;
            };
            parts.push(part);
            let all = part.get("allOf").and_then(Value::as_array);
            left.extend(all.into_iter().flatten().rev());
            let reference = part.get("$ref").and_then(Value::as_str);
            if let Some(reference) = reference.filter(|one| !followed.contains(one)) {
                followed.push(reference);
                left.extend(super::target(self.root, reference));
            }
        }
        parts
    }
}

/// What holds for the entry of that name.
fn named<'s>(parts: &[&'s Part], name: &str) -> Vec<&'s Value> {
    let schema = |part: &&'s Part| {
        let property = part.get("properties").and_then(|known| known.get(name));
        // Whether a pattern fits is not looked at here.
        let others = || match part.contains_key("patternProperties") {
            true => None,
            false => part.get("additionalProperties"),
        };
        property.or_else(others)
    };
    parts.iter().filter_map(schema).collect()
}

/// What holds for the item at that place.
fn placed<'s>(parts: &[&'s Part], at: usize) -> Vec<&'s Value> {
    let schema = |part: &&'s Part| {
        let own = part.get("prefixItems").and_then(|first| first.get(at));
        own.or_else(|| part.get("items"))
    };
    parts.iter().filter_map(schema).collect()
}
