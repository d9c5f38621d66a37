//! What a plugin says of its routes, as `describe("routes")` of the SDK has it, for the document. It is
//! what somebody else wrote: what cannot stand in a document is passed over.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

/// The methods that OpenAPI knows.
const METHODS: [&str; 8] = [
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE",
];

/// Headers that OpenAPI tells of elsewhere, and has no parameters for.
const ELSEWHERE: [&str; 3] = ["accept", "authorization", "content-type"];

/// What stands for a media type that is not told.
const ANY: &str = "*/*";
const BYTES: &str = "application/octet-stream";

/// All that a plugin says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    routes: Vec<Route>,
    /// It answers what no route is for.
    pub(super) fallback: bool,
}

#[derive(Debug, Deserialize)]
struct Route {
    method: String,
    pattern: String,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    #[serde(default)]
    request_body: Option<Body>,
    #[serde(default)]
    responses: BTreeMap<String, Answer>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    #[serde(rename = "in")]
    place: String,
    name: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    schema: Value,
}

#[derive(Debug, Deserialize)]
struct Body {
    content_type: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    schema: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    description: String,
    content_type: Option<String>,
    #[serde(default)]
    schema: Option<Value>,
}

/// One method of one route.
pub(super) struct Entry {
    /// Below the plugin's namespace, as OpenAPI has it.
    pub(super) path: String,
    /// In lower case.
    pub(super) method: String,
    pub(super) operation: Map<String, Value>,
}

impl Told {
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// What of it can stand in a document.
    pub(super) fn entries(self, id: &str) -> Vec<Entry> {
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        for route in self.routes {
            let Some(path) = Template::read(&route.pattern) else {
                continue;
            };
            let method = route.method.to_ascii_lowercase();
            let is_known = METHODS.contains(&&*route.method);
            // Two patterns that differ in the names of their parameters only are one path to OpenAPI.
            if !is_known || !seen.insert((path.shape.clone(), method.clone())) {
                continue;
            }
            let operation = route.into_json(id, &path);
            entries.push(Entry {
                path: path.text,
                method,
                operation,
            });
        }
        entries
    }
}

/// A pattern of a router as OpenAPI has it.
struct Template {
    text: String,
    /// Without the parameters' names.
    shape: String,
    names: Vec<String>,
    /// The parameter that takes all the rest of a path.
    rest: Option<String>,
}

impl Template {
    /// Nothing for one with braces that stand for themselves, which OpenAPI has no way to write.
    fn read(pattern: &str) -> Option<Self> {
        if !pattern.starts_with('/') || pattern.contains("{{") || pattern.contains("}}") {
            return None;
        }
        let mut template = Self {
            text: String::new(),
            shape: String::new(),
            names: Vec::new(),
            rest: None,
        };
        let mut left = pattern;
        while let Some((before, after)) = left.split_once('{') {
            let (name, after) = after.split_once('}')?;
            let bare = name.trim_start_matches('*');
            if bare.len() < name.len() {
                template.rest = Some(bare.to_owned());
            }
            template.text += &format!("{before}{{{bare}}}");
            template.shape += &format!("{before}{{}}");
            template.names.push(bare.to_owned());
            left = after;
        }
        template.text += left;
        template.shape += left;
        Some(template)
    }
}

impl Route {
    fn into_json(self, id: &str, path: &Template) -> Map<String, Value> {
        let mut operation = Map::new();
        operation.insert("tags".to_owned(), json!([id]));
        for (key, text) in [("summary", self.summary), ("description", self.description)] {
            if let Some(text) = text {
                operation.insert(key.to_owned(), text.into());
            }
        }
        let parameters = parameters(self.parameters, path);
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = self.request_body {
            operation.insert("requestBody".to_owned(), body.into_json());
        }
        let mut responses = Map::new();
        for (status, answer) in self.responses {
            let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
            if is_status || status == "default" {
                responses.insert(status, answer.into_json());
            }
        }
        operation.insert("responses".to_owned(), responses.into());
        operation
    }
}

/// Each of the path's, and what else is told once.
fn parameters(told: Vec<Parameter>, path: &Template) -> Vec<Value> {
    let mut seen = HashSet::new();
    let mut list = Vec::new();
    for parameter in told {
        let fits = match &*parameter.place {
            "path" => path.names.contains(&parameter.name),
            "query" => true,
            "header" => !ELSEWHERE.contains(&&*parameter.name.to_ascii_lowercase()),
            _ => false,
        };
        if fits && seen.insert((parameter.place.clone(), parameter.name.clone())) {
            list.push(parameter.into_json(path));
        }
    }
    for name in &path.names {
        if seen.insert(("path".to_owned(), name.clone())) {
            let text = Parameter {
                place: "path".to_owned(),
                name: name.clone(),
                required: true,
                schema: json!({ "type": "string" }),
            };
            list.push(text.into_json(path));
        }
    }
    list
}

impl Parameter {
    fn into_json(self, path: &Template) -> Value {
        let is_path = self.place == "path";
        let mut told = json!({
            "in": self.place,
            "name": self.name,
            "required": is_path || self.required,
            "schema": as_schema(Some(self.schema)),
        });
        if is_path && path.rest.as_ref() == Some(&self.name) {
            told["description"] = json!("the rest of the path, which may hold slashes");
        }
        told
    }
}

impl Body {
    fn into_json(self) -> Value {
        let content_type = self.content_type.as_deref().unwrap_or(BYTES);
        let content = json!({ content_type: { "schema": as_schema(self.schema) } });
        json!({ "required": self.required, "content": content })
    }
}

impl Answer {
    fn into_json(self) -> Value {
        let mut told = json!({ "description": self.description });
        if self.content_type.is_some() || self.schema.is_some() {
            let content_type = self.content_type.as_deref().unwrap_or(ANY);
            told["content"] = json!({ content_type: { "schema": as_schema(self.schema) } });
        }
        told
    }
}

/// A schema, or the one that takes anything.
fn as_schema(schema: Option<Value>) -> Value {
    match schema {
        Some(schema @ (Value::Object(_) | Value::Bool(_))) => schema,
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(routes: Value) -> Vec<Entry> {
        let told = json!({ "routes": routes, "more": "of a later version" });
        Told::read(&told.to_string()).unwrap().entries("shop")
    }

    fn paths(patterns: &[&str]) -> Vec<String> {
        let routes = patterns
            .iter()
            .map(|pattern| json!({ "method": "GET", "pattern": pattern }));
        let entries = entries(routes.collect()).into_iter();
        entries.map(|entry| entry.path).collect()
    }

    #[test]
    fn a_pattern_is_a_path() {
        assert_eq!(
            paths(&["/", "/a/{b}", "/f/{*rest}", "/x-{y}.json"]),
            ["/", "/a/{b}", "/f/{rest}", "/x-{y}.json"]
        );
        assert_eq!(paths(&["/{{a}}", "a", "/{a", "/a}}"]), [""; 0]);
        assert_eq!(paths(&["/{a}", "/{b}"]), ["/{a}"]);
    }

    #[test]
    fn what_openapi_cannot_have_is_passed_over() {
        let route = json!({
            "method": "GET",
            "pattern": "/a/{b}",
            "summary": "what it does",
            "parameters": [
                { "in": "path", "name": "c", "required": true, "schema": {} },
                { "in": "cookie", "name": "d", "schema": {} },
                { "in": "header", "name": "Content-Type", "schema": {} },
                { "in": "query", "name": "q", "schema": 7 },
                { "in": "query", "name": "q", "schema": {} },
            ],
            "request_body": { "content_type": null, "required": false, "schema": null },
            "responses": {
                "200": { "description": "yes", "content_type": "text/plain", "schema": { "type": "string" } },
                "default": { "description": "any", "content_type": null, "schema": null },
                "2": { "description": "no", "content_type": null, "schema": null },
            },
        });
        let entries = entries(json!([
            route,
            { "method": "BREW", "pattern": "/tea" },
        ]));
        assert_eq!(entries.len(), 1);
        assert_eq!(
            Value::Object(entries[0].operation.clone()),
            json!({
                "tags": ["shop"],
                "summary": "what it does",
                "parameters": [
                    { "in": "query", "name": "q", "required": false, "schema": {} },
                    { "in": "path", "name": "b", "required": true, "schema": { "type": "string" } },
                ],
                "requestBody": {
                    "required": false,
                    "content": { "application/octet-stream": { "schema": {} } },
                },
                "responses": {
                    "200": {
                        "description": "yes",
                        "content": { "text/plain": { "schema": { "type": "string" } } },
                    },
                    "default": { "description": "any" },
                },
            })
        );
    }

    #[test]
    fn what_is_no_description_is_an_error() {
        for bad in ["", "[]x", r#"{"routes":7}"#, r#"{"routes":[{}]}"#] {
            assert!(Told::read(bad).is_err(), "{bad}");
        }
    }
}
