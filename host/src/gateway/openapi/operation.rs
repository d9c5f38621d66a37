use super::schema;
use serde_json::{Map, Value, json};

const JSON: &str = "application/json";

/// What one method of one of the host's own routes takes and gives.
pub(in crate::gateway) struct Operation {
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
    /// Anybody may ask, also where others need a token.
    is_public: bool,
}

impl Operation {
    pub(in crate::gateway) fn new(summary: &'static str) -> Self {
        Self {
            summary,
            parameters: Vec::new(),
            body: None,
            responses: Map::new(),
            is_public: false,
        }
    }

    /// A parameter of the pattern.
    pub(in crate::gateway) fn path(self, name: &str, description: &str) -> Self {
        self.parameter("path", name, description, schema::text())
    }

    /// Something that may stand in the query.
    pub(in crate::gateway) fn query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter("query", name, description, schema)
    }

    /// A header that may be there.
    pub(in crate::gateway) fn header(self, name: &str, description: &str) -> Self {
        self.parameter("header", name, description, schema::text())
    }

    fn parameter(mut self, place: &str, name: &str, description: &str, schema: Value) -> Self {
        self.parameters.push(json!({
            "in": place,
            "name": name,
            "description": description,
            "required": place == "path",
            "schema": schema,
        }));
        self
    }

    /// It takes JSON of that shape.
    pub(in crate::gateway) fn body(mut self, schema: Value) -> Self {
        self.body = Some(json!({ "required": true, "content": { JSON: { "schema": schema } } }));
        self
    }

    /// It answers with 200 and JSON of that shape.
    pub(in crate::gateway) fn gives(self, schema: Value) -> Self {
        self.answers(200, "done", JSON, schema)
    }

    pub(in crate::gateway) fn answers(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: Value,
    ) -> Self {
        let content = json!({ media_type: { "schema": schema } });
        let response = json!({ "description": description, "content": content });
        self.responses.insert(status.to_string(), response);
        self
    }

    /// It may answer with that status and no body.
    pub(in crate::gateway) fn says(mut self, status: u16, description: &str) -> Self {
        let response = json!({ "description": description });
        self.responses.insert(status.to_string(), response);
        self
    }

    /// It fails with that status where what the description says is so.
    pub(in crate::gateway) fn fails(self, status: u16, description: &str) -> Self {
        self.answers(status, description, JSON, schema::error())
    }

    /// Anybody may ask, also where others need a token.
    pub(in crate::gateway) fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// As the document has it, but for what all operations have in common.
    pub(super) fn into_json(self, tag: &str) -> Map<String, Value> {
        let mut operation = Map::new();
        operation.insert("tags".to_owned(), json!([tag]));
        operation.insert("summary".to_owned(), self.summary.into());
        if !self.parameters.is_empty() {
            operation.insert("parameters".to_owned(), self.parameters.into());
        }
        if let Some(body) = self.body {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), self.responses.into());
        if self.is_public {
            operation.insert("security".to_owned(), json!([]));
        }
        operation
    }
}
