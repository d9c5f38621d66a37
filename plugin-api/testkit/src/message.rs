//! Requests, as a test makes them and as it sees those of its plugin.

use crate::stream::Parts as Streamed;
use jackfield_abi::{ByteStreamObject, Header, ROption, RSlice, Request as Raw};
use plugin_api::{
    Result,
    serde::{Serialize, de::DeserializeOwned},
    serde_json,
};

/// A request to the plugin under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    message: Message,
    /// What a host adds, such as `caller`.
    extensions: Vec<(String, Vec<u8>)>,
    streamed: Option<Streamed>,
}

/// A request that the plugin under test made of another plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whom it asked.
    pub plugin: String,
    message: Message,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Ask {
    /// A request with this upper-case method for this path, which begins with `/` and is
    /// percent-encoded; what follows a `?` in it is the query.
    pub fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            message: Message {
                method: method.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
            },
            extensions: Vec::new(),
            streamed: None,
        }
    }

    /// `GET` for this path.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// `POST` to this path.
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// With one more header; the name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let header = (name.to_owned(), value.as_ref().to_vec());
        self.message.headers.push(header);
        self
    }

    /// As another plugin asks.
    #[must_use]
    pub fn caller(self, plugin: &str) -> Self {
        self.extension("caller", plugin)
    }

    /// For the plugin's hook of [`Routes::before`](plugin_api::Routes::before): what it gives crosses as a
    /// response of status 100, with a header `set-<name>` or `remove` for each change, or as the answer.
    #[must_use]
    pub fn before(self) -> Self {
        self.extension("phase", "before")
    }

    /// For the plugin's hook of [`Routes::after`](plugin_api::Routes::after), which is to see this answer:
    /// status, headers with names in lower case, body. What it gives crosses as that of
    /// [`before`](Self::before), with a header `status` for another one.
    #[must_use]
    pub fn after(self, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let lines = headers.iter();
        let lines = lines.map(|(name, value)| format!("{name}: {value}\r\n"));
        self.extension("phase", "after")
            .extension("response-status", status.to_string())
            .extension("response-headers", lines.collect::<String>())
            .body(body)
    }

    /// With something more that a host adds; the name in lower case.
    #[must_use]
    pub fn extension(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let extension = (name.to_owned(), value.as_ref().to_vec());
        self.extensions.push(extension);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.message.body = body.into();
        self
    }

    /// With one more part of a body that comes in parts, behind what [`body`](Self::body) says: only
    /// routes with a [`BodyStream`](plugin_api::BodyStream) take it.
    #[must_use]
    pub fn part(mut self, part: impl Into<Vec<u8>>) -> Self {
        let streamed = self.streamed.get_or_insert_default();
        streamed.parts.push_back(part.into());
        self
    }

    /// With a body in parts that fails with this text behind the last of them, as where a client goes
    /// away.
    #[must_use]
    pub fn cut(mut self, text: &str) -> Self {
        self.streamed.get_or_insert_default().failure = Some(text.to_owned());
        self
    }

    /// With a value as JSON as its body.
    ///
    /// # Panics
    ///
    /// When the value cannot be written as JSON.
    #[must_use]
    pub fn json(self, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("the value can be written as JSON");
        self.header("content-type", "application/json").body(body)
    }

    /// Method and path, for messages.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.message.method, self.message.path)
    }

    /// Lends the request as it crosses.
    pub(crate) fn parts(&self) -> Parts<'_> {
        fn lent(headers: &[(String, Vec<u8>)]) -> Vec<Header<'_>> {
            headers
                .iter()
                .map(|(name, value)| Header::new(name, value))
                .collect()
        }
        Parts {
            ask: self,
            headers: lent(&self.message.headers),
            extensions: lent(&self.extensions),
            stream: self.streamed.as_ref().map(Streamed::object),
        }
    }
}

/// What a request that crosses borrows.
pub(crate) struct Parts<'a> {
    ask: &'a Ask,
    headers: Vec<Header<'a>>,
    extensions: Vec<Header<'a>>,
    stream: Option<ByteStreamObject>,
}

impl Parts<'_> {
    pub(crate) fn raw(&self) -> Raw<'_> {
        let message = &self.ask.message;
        let mut raw = Raw::new(&message.method, &message.path);
        raw.query = message.query.as_str().into();
        raw.headers = RSlice::from_slice(&self.headers);
        raw.extensions = RSlice::from_slice(&self.extensions);
        raw.body = RSlice::from_slice(&message.body);
        raw.stream = ROption::from(self.stream.as_ref());
        raw
    }
}

impl Asked {
    pub(crate) fn new(plugin: &str, request: &Raw<'_>) -> Self {
        let owned = |header: &Header<'_>| {
            let (name, value) = (header.name.as_str(), header.value.as_slice());
            (name.to_owned(), value.to_vec())
        };
        Self {
            plugin: plugin.to_owned(),
            message: Message {
                method: request.method.to_string(),
                path: request.path.to_string(),
                query: request.query.to_string(),
                headers: request.headers.as_slice().iter().map(owned).collect(),
                body: request.body.to_vec(),
            },
        }
    }

    /// Its method in upper case.
    pub fn method(&self) -> &str {
        &self.message.method
    }

    /// Its path, percent-encoded.
    pub fn path(&self) -> &str {
        &self.message.path
    }

    /// Its query without the `?`.
    pub fn query(&self) -> &str {
        &self.message.query
    }

    /// The first header of that (lower-case) name, where its value is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.message.headers.iter();
        let (_, value) = headers.find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok()
    }

    /// Its body.
    pub fn body(&self) -> &[u8] {
        &self.message.body
    }

    /// Its body, read as JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or not of this type.
    pub fn json<V: DeserializeOwned>(&self) -> Result<V> {
        Ok(serde_json::from_slice(self.body())?)
    }
}
