use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The key of an answer of any status that is not told, as OpenAPI has it.
const ANY: &str = "default";

/// What a route takes and gives, as the types of its handler tell it: from this, clients and
/// documentation are made. Schemas are JSON Schema 2020-12, as OpenAPI 3.1 has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    names: Vec<String>,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: BTreeMap<String, Answer>,
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path, by the pattern's name.
    Path,
    /// In the query.
    Query,
    /// Among the headers.
    Header,
}

#[derive(Debug, Clone, PartialEq)]
struct Parameter {
    place: Place,
    name: String,
    required: bool,
    schema: Value,
}

#[derive(Debug, Clone, PartialEq)]
struct Body {
    content_type: Option<String>,
    required: bool,
    schema: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
struct Answer {
    description: String,
    content_type: Option<String>,
    schema: Option<Value>,
}

impl Place {
    fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

impl Operation {
    /// That of a route whose pattern has parameters of these names.
    pub(crate) fn new(names: Vec<String>) -> Self {
        let (parameters, body, answers) = Default::default();
        Self {
            names,
            parameters,
            body,
            answers,
        }
    }

    /// The names of the pattern's parameters, in its order.
    pub fn pattern_names(&self) -> &[String] {
        &self.names
    }

    /// It takes a parameter. One that is told already is told anew.
    pub fn parameter(&mut self, place: Place, name: &str, required: bool, schema: Value) {
        let known = |known: &Parameter| known.place == place && known.name == name;
        self.parameters.retain(|parameter| !known(parameter));
        self.parameters.push(Parameter {
            place,
            name: name.to_owned(),
            required,
            schema,
        });
    }

    /// It takes a body: of this media type, or any for `None`; of this shape, or any for `None`.
    pub fn body(&mut self, content_type: Option<&str>, required: bool, schema: Option<Value>) {
        self.body = Some(Body {
            content_type: content_type.map(str::to_owned),
            required,
            schema,
        });
    }

    /// It answers with this status, or any that is not told for `None`: with this media type, or any
    /// or none for `None`; in this shape, or any for `None`.
    pub fn answer(
        &mut self,
        status: Option<u16>,
        description: &str,
        content_type: Option<&str>,
        schema: Option<Value>,
    ) {
        let status = status.map_or_else(|| ANY.to_owned(), |status| status.to_string());
        let answer = Answer {
            description: description.to_owned(),
            content_type: content_type.map(str::to_owned),
            schema,
        };
        self.answers.insert(status, answer);
    }

    /// It fails with this status, and `{"detail": …}` as every error has it.
    pub fn error(&mut self, status: u16, description: &str) {
        let schema = json!({
            "type": "object",
            "required": ["detail"],
            "properties": { "detail": { "type": "string" } },
        });
        let content_type = Some("application/json");
        self.answer(Some(status), description, content_type, Some(schema));
    }

    /// It answers with 400 what it cannot be made of.
    pub fn can_be_refused(&mut self) {
        self.error(400, "the request is not as the route takes it");
    }

    /// It answers with these statuses: with what is told of any status, where that is something.
    pub(crate) fn statuses(&mut self, statuses: &[(u16, &str)]) {
        let is_told = |answer: &Answer| answer.content_type.is_some();
        let shape = match self.answers.get(ANY) {
            Some(answer) if is_told(answer) && !statuses.is_empty() => self.answers.remove(ANY),
            _ => None,
        };
        for &(status, description) in statuses {
            let answer = Answer {
                description: description.to_owned(),
                content_type: shape.as_ref().and_then(|shape| shape.content_type.clone()),
                schema: shape.as_ref().and_then(|shape| shape.schema.clone()),
            };
            self.answers.insert(status.to_string(), answer);
        }
    }

    /// What `describe` tells is of a pattern without the parameter of that name.
    pub(crate) fn without_name(&mut self, name: &str, describe: impl FnOnce(&mut Self)) {
        let mut names = self.names.clone();
        names.retain(|known| known != name);
        let all = std::mem::replace(&mut self.names, names);
        describe(self);
        self.names = all;
    }

    /// What `describe` tells may be left out.
    pub(crate) fn optional(&mut self, describe: impl FnOnce(&mut Self)) {
        let mut inner = Self::new(self.names.clone());
        describe(&mut inner);
        for mut parameter in inner.parameters {
            parameter.required = parameter.place == Place::Path;
            self.parameters.push(parameter);
        }
        if let Some(body) = inner.body {
            self.body = Some(Body {
                required: false,
                ..body
            });
        }
        self.answers.extend(inner.answers);
    }

    /// What `describe` tells of 200 holds for any status.
    pub(crate) fn any_status(&mut self, describe: impl FnOnce(&mut Self)) {
        let mut inner = Self::new(Vec::new());
        describe(&mut inner);
        for (status, answer) in inner.answers {
            let status = match status.as_str() {
                "200" | "204" => ANY.to_owned(),
                _ => status,
            };
            self.answers.insert(status, answer);
        }
    }

    /// Parameters, body and answers as `describe("routes")` has them. A parameter of the pattern
    /// that no type tells of is text.
    pub(crate) fn into_json(mut self) -> Map<String, Value> {
        for name in std::mem::take(&mut self.names) {
            let is_known = |known: &Parameter| known.place == Place::Path && known.name == name;
            if !self.parameters.iter().any(is_known) {
                self.parameter(Place::Path, &name, true, json!({ "type": "string" }));
            }
        }
        let parameters = self.parameters.into_iter().map(Parameter::into_json);
        let answers = self.answers.into_iter();
        let answers: Map<String, Value> = answers
            .map(|(status, answer)| (status, answer.into_json()))
            .collect();
        let mut object = Map::new();
        object.insert("parameters".to_owned(), parameters.collect());
        object.insert(
            "request_body".to_owned(),
            self.body.map_or(Value::Null, Body::into_json),
        );
        object.insert("responses".to_owned(), answers.into());
        object
    }
}

impl Parameter {
    fn into_json(self) -> Value {
        json!({
            "in": self.place.as_str(),
            "name": self.name,
            "required": self.required,
            "schema": self.schema,
        })
    }
}

impl Body {
    fn into_json(self) -> Value {
        json!({
            "content_type": self.content_type,
            "required": self.required,
            "schema": self.schema,
        })
    }
}

impl Answer {
    fn into_json(self) -> Value {
        json!({
            "description": self.description,
            "content_type": self.content_type,
            "schema": self.schema,
        })
    }
}
