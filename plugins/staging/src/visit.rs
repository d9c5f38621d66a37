//! What a client does with files: small ones whole, as base64 in JSON.

use crate::{Staging, error::Fault, read, read::Entry, write};
use base64::{Engine, engine::general_purpose::STANDARD};
use plugin_api::{NoArguments, SessionContext, prelude::*};
use std::path;

/// A client that moves files.
pub(crate) struct Visit {
    context: SessionContext<Staging>,
}

impl Session for Visit {
    type Plugin = Staging;
    type Arguments = NoArguments;

    fn new(context: SessionContext<Staging>, _arguments: NoArguments) -> Result<Self> {
        Ok(Self { context })
    }

    fn context(&self) -> &SessionContext<Staging> {
        &self.context
    }
}

/// The body of `put`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Put {
    /// Where the file is to be, absolute or from `~/` on.
    filename: Option<String>,
    /// In base64.
    content: Option<String>,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    overwrite: bool,
}

/// A file that was written.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Written {
    path: String,
    size: usize,
}

/// The body of `get`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Get {
    filename: Option<String>,
}

/// A file that was read.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Read {
    path: String,
    size: usize,
    /// In base64.
    content: String,
}

/// The body of `list`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct List {
    path: Option<String>,
}

/// What a directory holds.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listed {
    path: String,
    entries: Vec<Entry>,
}

impl Visit {
    pub(crate) fn put(&self, Json(body): Json<Put>) -> Result<Json<Written>> {
        self.written(body).map(Json).map_err(Fault::told)
    }

    pub(crate) fn get(&self, Json(body): Json<Get>) -> Result<Json<Read>> {
        self.read(body).map(Json).map_err(Fault::told)
    }

    pub(crate) fn list(&self, Json(body): Json<List>) -> Result<Json<Listed>> {
        self.listed(body).map(Json).map_err(Fault::told)
    }

    pub(crate) fn staging(&self) -> &Staging {
        self.context.plugin()
    }

    fn written(&self, body: Put) -> Result<Written, Fault> {
        let roots = &self.staging().roots;
        let path = roots.expand("filename", &body.filename.unwrap_or_default())?;
        let content = body.content.ok_or(Fault::Missing("content"))?;
        let content = STANDARD.decode(content)?;
        let path = write::put(&roots.place(&path)?, &content, body.overwrite)?;
        let size = content.len();
        let path = shown(&path);
        Ok(Written { path, size })
    }

    fn read(&self, body: Get) -> Result<Read, Fault> {
        let roots = &self.staging().roots;
        let path = roots.expand("filename", &body.filename.unwrap_or_default())?;
        let (path, bytes) = read::open(roots, &path)?.whole(self.staging().get_limit)?;
        Ok(Read {
            path: shown(&path),
            size: bytes.len(),
            content: STANDARD.encode(bytes),
        })
    }

    fn listed(&self, body: List) -> Result<Listed, Fault> {
        let roots = &self.staging().roots;
        let path = roots.expand("path", &body.path.unwrap_or_default())?;
        let (path, entries) = read::list(roots, &path, self.staging().list_limit)?;
        let path = shown(&path);
        Ok(Listed { path, entries })
    }
}

/// A path as JSON can hold it.
pub(crate) fn shown(path: &path::Path) -> String {
    path.to_string_lossy().into_owned()
}
