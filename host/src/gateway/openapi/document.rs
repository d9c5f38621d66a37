use super::{declared::Told as Own, definitions, plugin, schema};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The tag of the host's own routes; the others have their plugin's id, which this cannot be: it has a
/// space.
const HOST: &str = "the host";

/// What may come of any request.
const ALWAYS: [(u16, &str); 7] = [
    (400, "the request cannot be read"),
    (
        403,
        "a web page of another origin, or a token whose role is too low",
    ),
    (
        405,
        "the path is there, for other methods: `allow` says which",
    ),
    (421, "the host has no such name"),
    (429, "asked too often: `retry-after` says when to ask again"),
    (500, "the plugin, or the host, failed"),
    (503, "it does not run, or cannot answer now"),
];

/// What may come of a request where access needs tokens.
const WITH_TOKENS: [(u16, &str); 1] = [(401, "a token is needed, and none that is valid was sent")];

/// What may come of a request to a plugin.
const OF_PLUGINS: [(u16, &str); 6] = [
    (404, "there is no such thing"),
    (408, "the body did not come in time"),
    (410, "the plugin was removed"),
    (413, "the body is too long"),
    (502, "the plugin gave an answer that cannot be sent"),
    (504, "the plugin gave no answer in time"),
];

/// A plugin that runs, and what it says of its routes.
pub(super) struct Plugin {
    pub(super) id: String,
    pub(super) description: Option<String>,
    pub(super) told: plugin::Told,
    /// What the host answers for it: path below its namespace, and what is told of it.
    pub(super) common: Vec<(&'static str, super::Operation)>,
}

/// What can be asked of a host: its own routes, and those of plugins.
pub(super) struct Document {
    needs_tokens: bool,
    tags: Vec<Value>,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    ids: HashSet<String>,
}

impl Document {
    pub(super) fn new(needs_tokens: bool, own: Vec<Own>) -> Self {
        let mut document = Self {
            needs_tokens,
            tags: vec![json!({ "name": HOST, "description": "Answered by the host itself" })],
            paths: Map::new(),
            schemas: Map::new(),
            ids: HashSet::new(),
        };
        for Own {
            method,
            path,
            operation,
        } in own
        {
            let operation = operation.into_json(HOST);
            document.put(path.to_owned(), method, operation, &[]);
        }
        document
    }

    /// Adds a plugin's routes.
    pub(super) fn add(&mut self, plugin: Plugin) {
        let id = &*plugin.id;
        let mut description = plugin.description.unwrap_or_default();
        if plugin.told.fallback {
            let more = "It also answers paths that are not told here.";
            description = format!("{description}\n\n{more}").trim_start().to_owned();
        }
        self.tags
            .push(json!({ "name": id, "description": description }));
        let mut known = HashSet::new();
        for (path, operation) in plugin.common {
            known.insert(path);
            let operation = operation.into_json(id);
            self.put(format!("/{id}{path}"), "get", operation, &OF_PLUGINS);
        }
        for entry in plugin.told.entries(id) {
            // The host answers those, whatever a plugin says.
            if known.contains(&*entry.path) {
                continue;
            }
            let mut operation = Value::Object(entry.operation);
            definitions::share(&mut operation, id, &mut self.schemas);
            let Value::Object(operation) = operation else {
                continue;
            };
            let path = format!("/{id}{}", entry.path);
            self.put(path, &entry.method, operation, &OF_PLUGINS);
        }
    }

    fn put(
        &mut self,
        path: String,
        method: &str,
        mut operation: Map<String, Value>,
        more: &[(u16, &str)],
    ) {
        let own_id = self.id(method, &path);
        operation.insert("operationId".to_owned(), own_id.into());
        let is_public = operation.contains_key("security");
        let with_tokens: &[_] = match self.needs_tokens && !is_public {
            true => &WITH_TOKENS,
            false => &[],
        };
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            for (status, _) in ALWAYS.iter().chain(with_tokens).chain(more) {
                let reference = format!("#/components/responses/{}", name(*status));
                let common = json!({ "$ref": reference });
                responses.entry(status.to_string()).or_insert(common);
            }
            responses.sort_keys();
        }
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[method] = operation.into();
    }

    /// A name for programs that no other operation has: `shop_get_items_item`.
    fn id(&mut self, method: &str, path: &str) -> String {
        let mut plain = method.to_owned();
        for part in path.split(|c: char| !c.is_ascii_alphanumeric()) {
            if !part.is_empty() {
                plain = format!("{plain}_{part}");
            }
        }
        let mut id = plain.clone();
        for number in 2.. {
            if self.ids.insert(id.clone()) {
                break;
            }
            id = format!("{plain}_{number}");
        }
        id
    }

    pub(super) fn into_json(self) -> Value {
        let common = ALWAYS.iter().chain(&WITH_TOKENS).chain(&OF_PLUGINS);
        let responses: Map<String, Value> = common
            .map(|(status, description)| {
                let content = json!({ "application/json": { "schema": schema::error() } });
                let response = json!({ "description": description, "content": content });
                (name(*status), response)
            })
            .collect();
        let mut document = json!({
            "openapi": "3.1.1",
            "info": {
                "title": "Jackfield",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "A host and its running plugins. A web page that changes something sends the header `X-Requested-With`.",
            },
            "servers": [{ "url": "/" }],
            "tags": self.tags,
            "paths": self.paths,
            "components": { "schemas": self.schemas, "responses": responses },
        });
        if self.needs_tokens {
            let scheme = json!({
                "type": "http",
                "scheme": "bearer",
                "description": "`jackfield token new` makes a token where the host runs",
            });
            document["components"]["securitySchemes"] = json!({ "token": scheme });
            document["security"] = json!([{ "token": [] }]);
        }
        document
    }
}

/// The name of what is common.
fn name(status: u16) -> String {
    format!("Error{status}")
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Declared, Operation},
        *,
    };

    async fn nothing() {}

    fn document(needs_tokens: bool) -> Value {
        let own = Declared::default()
            .get("/a", nothing, Operation::new("a").public())
            .get("/b/{c}", nothing, Operation::new("b").path("c", "which"))
            .post("/b/{c}", nothing, Operation::new("b").path("c", "which"));
        let mut document = Document::new(needs_tokens, own.told());
        let routes = json!({ "fallback": true, "routes": [
            { "method": "GET", "pattern": "/own", "responses": { "404": { "description": "mine" } } },
            { "method": "GET", "pattern": "/health", "summary": "not the plugin's" },
        ]});
        document.add(Plugin {
            id: "shop".to_owned(),
            description: Some("Sells".to_owned()),
            told: plugin::Told::read(&routes.to_string()).unwrap(),
            common: vec![("/health", Operation::new("how it does"))],
        });
        document.into_json()
    }

    #[test]
    fn all_of_it_is_there_once() {
        let document = document(false);
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/a", "/b/{c}", "/shop/health", "/shop/own"]);
        assert_eq!(document["paths"]["/b/{c}"].as_object().unwrap().len(), 2);
        assert_eq!(
            document["paths"]["/shop/health"]["get"]["summary"],
            "how it does"
        );
        let own = &document["paths"]["/shop/own"]["get"];
        assert_eq!(own["operationId"], "get_shop_own");
        assert_eq!(own["responses"]["404"]["description"], "mine");
        assert_eq!(
            own["responses"]["504"]["$ref"],
            "#/components/responses/Error504"
        );
        assert_eq!(own["responses"].get("401"), None);
        assert_eq!(document.get("security"), None);
        assert_eq!(
            document["tags"][1]["description"],
            "Sells\n\nIt also answers paths that are not told here."
        );
    }

    #[test]
    fn with_tokens_all_but_what_is_public_needs_one() {
        let document = document(true);
        assert_eq!(document["security"], json!([{ "token": [] }]));
        let paths = &document["paths"];
        assert_eq!(paths["/a"]["get"]["security"], json!([]));
        assert_eq!(paths["/a"]["get"]["responses"].get("401"), None);
        assert!(paths["/b/{c}"]["post"]["responses"].get("401").is_some());
    }
}
