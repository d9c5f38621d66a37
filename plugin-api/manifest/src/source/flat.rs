//! The flat form, `[config.<field>]`, turned into JSON Schema.

use crate::{
    check::{Checker, Path},
    keys,
    tree::{Entry, Node, Table, Value},
};
use serde_json::{Map, Number, Value as Json, json};

/// What a value may be.
#[derive(Clone, Copy, PartialEq)]
enum Scalar {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
}

/// What a field may hold.
#[derive(Clone, Copy)]
enum Type {
    One(Scalar),
    List(Scalar),
}

const TYPES: [(&str, Type); 10] = [
    ("string", Type::One(Scalar::String)),
    ("integer", Type::One(Scalar::Integer)),
    ("number", Type::One(Scalar::Number)),
    ("boolean", Type::One(Scalar::Boolean)),
    ("object", Type::One(Scalar::Object)),
    ("array", Type::One(Scalar::Array)),
    ("string list", Type::List(Scalar::String)),
    ("integer list", Type::List(Scalar::Integer)),
    ("number list", Type::List(Scalar::Number)),
    ("boolean list", Type::List(Scalar::Boolean)),
];

impl Scalar {
    const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Object => "a table",
            Self::Array => "an array",
        }
    }

    const fn fits(self, value: &Value<'_>) -> bool {
        matches!(
            (self, value),
            (Self::String, Value::String(_))
                | (Self::Integer | Self::Number, Value::Integer(_))
                | (Self::Number, Value::Float(_))
                | (Self::Boolean, Value::Boolean(_))
                | (Self::Object, Value::Table(_))
                | (Self::Array, Value::Array(_))
        )
    }
}

/// The schema of the whole table `config`. `None` when it is no table.
pub(super) fn schema(checker: &mut Checker, node: Node<'_>) -> Option<Json> {
    let fields = checker.table(Path::top("config"), node, "a table of fields")?;
    let mut properties = Map::new();
    let mut required = Vec::new();
    for Entry { key, node, .. } in fields.0 {
        let path = format!("config.{key}");
        let example = "a table such as { type = \"string\" }";
        let Some(table) = checker.table(&path, node.clone(), example) else {
            continue;
        };
        let mut field = Field {
            checker,
            path: &path,
            at: node.at,
        };
        let Some((property, is_required)) = field.property(table) else {
            continue;
        };
        if is_required {
            required.push(Json::from(key.as_ref()));
        }
        properties.insert(key.into_owned(), Json::Object(property));
    }
    Some(json!({
        "$schema": super::schema::DRAFT,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    }))
}

struct Field<'c> {
    checker: &'c mut Checker,
    path: &'c str,
    at: u32,
}

impl Field<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn property(&mut self, mut table: Table<'_>) -> Option<(Map<String, Json>, bool)> {
        let kind = self.kind(&mut table);
        let required = self.flag(&mut table, "required");
        let secret = self.flag(&mut table, "secret");
        let description = table
            .take("description")
            .and_then(|entry| self.checker.string(self.key("description"), entry.node));
        let default = table.take("default");
        let minimum = table.take("minimum");
        let maximum = table.take("maximum");
        let choices = self.choices(&mut table);
        self.checker.leftover(self.path, table, &[keys::FIELD]);
        let kind = kind?;
        let mut property = Map::new();
        let scalar = match kind {
            Type::One(scalar) | Type::List(scalar) => scalar,
        };
        let mut limits = Map::new();
        limits.insert("type".to_owned(), scalar.name().into());
        self.limit(&mut limits, scalar, "minimum", minimum);
        self.limit(&mut limits, scalar, "maximum", maximum);
        self.range_is_not_empty(&limits);
        self.choose(&mut limits, scalar, choices);
        if let Some(default) = &default {
            self.default_fits(kind, &limits, default, secret);
        }
        match kind {
            Type::One(_) => property = limits,
            Type::List(_) => {
                property.insert("type".to_owned(), "array".into());
                property.insert("items".to_owned(), Json::Object(limits));
            }
        }
        if let Some(description) = description {
            property.insert("description".to_owned(), description.into());
        }
        if let Some(default) = default {
            property.insert("default".to_owned(), self.json("default", default.node)?);
        }
        if secret {
            property.insert("writeOnly".to_owned(), true.into());
        }
        Some((property, required))
    }

    fn kind(&mut self, table: &mut Table<'_>) -> Option<Type> {
        let path = self.key("type");
        match table.take("type") {
            Some(entry) => self.checker.word(path, entry.node, &TYPES),
            None => {
                let names: Vec<_> = TYPES.iter().map(|(name, _)| format!("{name:?}")).collect();
                let expected = format!("one of {}", names.join(", "));
                self.checker.missing(path, self.at, &expected);
                None
            }
        }
    }

    fn flag(&mut self, table: &mut Table<'_>, name: &str) -> bool {
        let entry = table.take(name);
        entry
            .and_then(|entry| self.checker.boolean(self.key(name), &entry.node))
            .unwrap_or(false)
    }

    fn limit(
        &mut self,
        limits: &mut Map<String, Json>,
        scalar: Scalar,
        name: &str,
        entry: Option<Entry<'_>>,
    ) {
        let Some(Entry { at, node, .. }) = entry else {
            return;
        };
        let key = self.key(name);
        if !matches!(scalar, Scalar::Integer | Scalar::Number) {
            let expected = "this key only with an integer or a number";
            let found = format!("it with the type {:?}", scalar.name());
            self.checker.wrong(key, at, expected, found);
        } else if !scalar.fits(&node.value) {
            let found = node.value.describe();
            self.checker.wrong(key, node.at, scalar.expected(), found);
        } else if let Some(limit) = self.json(name, node) {
            limits.insert(name.to_owned(), limit);
        }
    }

    fn range_is_not_empty(&mut self, limits: &Map<String, Json>) {
        let limit = |name| limits.get(name).and_then(Json::as_f64);
        if let (Some(least), Some(most)) = (limit("minimum"), limit("maximum"))
            && least > most
        {
            let expected = "`minimum` to be at most `maximum`";
            let found = format!("{least} and {most}");
            self.checker.wrong(self.path, self.at, expected, found);
        }
    }

    /// `enum`, or `options`, which is the same.
    fn choices<'a>(&mut self, table: &mut Table<'a>) -> Option<(&'static str, Entry<'a>)> {
        match (table.take("enum"), table.take("options")) {
            (Some(entry), None) => Some(("enum", entry)),
            (None, Some(entry)) => Some(("options", entry)),
            (None, None) => None,
            (Some(_), Some(entry)) => {
                let key = self.key("options");
                let expected = "one of `enum` and `options`";
                self.checker.wrong(key, entry.at, expected, "both");
                None
            }
        }
    }

    fn choose(
        &mut self,
        limits: &mut Map<String, Json>,
        scalar: Scalar,
        choices: Option<(&'static str, Entry<'_>)>,
    ) {
        let Some((name, Entry { node, .. })) = choices else {
            return;
        };
        let key = self.key(name);
        let at = node.at;
        let nodes = match node.value {
            Value::Array(nodes) if !nodes.is_empty() => nodes,
            Value::Array(_) => {
                let expected = "at least one value";
                return self.checker.wrong(key, at, expected, "an empty array");
            }
            other => return self.checker.wrong(key, at, "an array", other.describe()),
        };
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (at, found) = (node.at, node.value.describe());
            if !scalar.fits(&node.value) {
                self.checker.wrong(&key, at, scalar.expected(), found);
                continue;
            }
            let value = self.json(name, node);
            if value.as_ref().is_some_and(|value| values.contains(value)) {
                let found = format!("{found} again");
                self.checker.wrong(&key, at, "each value once", found);
            } else {
                values.extend(value);
            }
        }
        limits.insert("enum".to_owned(), Json::Array(values));
    }

    fn default_fits(
        &mut self,
        kind: Type,
        limits: &Map<String, Json>,
        entry: &Entry<'_>,
        secret: bool,
    ) {
        let key = self.key("default");
        let node = &entry.node;
        if secret {
            let found = "one, which everybody could read in the library";
            return self
                .checker
                .wrong(key, entry.at, "no default of a secret", found);
        }
        match (kind, &node.value) {
            (Type::One(scalar), _) => self.value_fits(scalar, limits, node),
            (Type::List(scalar), Value::Array(nodes)) => {
                for node in nodes {
                    self.value_fits(scalar, limits, node);
                }
            }
            (Type::List(_), other) => {
                let found = other.describe();
                self.checker.wrong(key, node.at, "an array", found);
            }
        }
    }

    fn value_fits(&mut self, scalar: Scalar, limits: &Map<String, Json>, node: &Node<'_>) {
        let key = self.key("default");
        let found = node.value.describe();
        if !scalar.fits(&node.value) {
            return self.checker.wrong(key, node.at, scalar.expected(), found);
        }
        // What JSON has no value for is told where the default is written.
        let Some(value) = to_json(node.value.clone()) else {
            return;
        };
        if let Some(Json::Array(choices)) = limits.get("enum")
            && !choices.contains(&value)
        {
            let expected = format!("one of {}", Json::from(choices.clone()));
            return self.checker.wrong(key, node.at, expected, found);
        }
        let Some(number) = value.as_f64() else { return };
        let limit = |name| limits.get(name).and_then(Json::as_f64);
        if let Some(least) = limit("minimum").filter(|least| number < *least) {
            self.checker
                .wrong(&key, node.at, format!("at least {least}"), &found);
        }
        if let Some(most) = limit("maximum").filter(|most| number > *most) {
            self.checker
                .wrong(&key, node.at, format!("at most {most}"), found);
        }
    }

    /// The same value in JSON.
    fn json(&mut self, name: &str, node: Node<'_>) -> Option<Json> {
        let at = node.at;
        let found = node.value.describe();
        let json = to_json(node.value);
        if json.is_none() {
            let expected = "a value that JSON has";
            self.checker.wrong(self.key(name), at, expected, found);
        }
        json
    }
}

fn to_json(value: Value<'_>) -> Option<Json> {
    Some(match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Float(number) => Number::from_f64(number)?.into(),
        Value::Boolean(truth) => truth.into(),
        Value::Array(nodes) => {
            let values = nodes.into_iter().map(|node| to_json(node.value));
            Json::Array(values.collect::<Option<_>>()?)
        }
        Value::Table(table) => {
            let entries = table.0.into_iter();
            let entries =
                entries.map(|entry| Some((entry.key.into_owned(), to_json(entry.node.value)?)));
            Json::Object(entries.collect::<Option<_>>()?)
        }
        Value::Other(_) => return None,
    })
}
