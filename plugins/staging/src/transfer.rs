//! Files of any size, in parts.

use crate::{
    error::Fault,
    range::{Part, part},
    read::{self, Open},
    upload::{self, Progress, Upload},
    visit::Visit,
};
use futures_util::stream::unfold;
use plugin_api::{BodyStream, Headers, prelude::*, serde_json::json};
use std::{ops::Range, sync::Arc};

/// How much of a file is read at a time, in bytes.
const PART: usize = 256 * 1024;

/// The query of `download`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Which {
    path: Option<String>,
}

/// The query of `upload` that asks how far it is.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Announced {
    path: Option<String>,
    /// How many bytes the whole file has.
    size: u64,
}

/// The query of `upload`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Where {
    path: Option<String>,
    /// Where in the file the body begins: the bytes that are there already. At 0 it begins anew.
    #[serde(default)]
    offset: u64,
    /// How many bytes the whole file has.
    size: u64,
    #[serde(default)]
    overwrite: bool,
}

impl Visit {
    /// All of a file, or the range that is asked for.
    pub(crate) fn download(
        &self,
        Query(which): Query<Which>,
        headers: Headers,
    ) -> Result<Response> {
        let open = self.open(which).map_err(Fault::told)?;
        let (range, if_range) = (headers.get("range"), headers.get("if-range"));
        let (size, etag) = (open.size, open.etag.clone());
        let (status, range) = match part(range, if_range, &etag, size) {
            Part::Whole => (200, 0..size),
            Part::Some(range) => (206, range),
            Part::None => return unsatisfiable(size),
        };
        let length = range.end - range.start;
        let mut answer = self.stream(open, range.clone()).with_status(status);
        for (name, value) in [
            ("content-type", "application/octet-stream".to_owned()),
            // What a client has put there is not shown as if it came from here.
            ("content-disposition", "attachment".to_owned()),
            ("content-length", length.to_string()),
            ("accept-ranges", "bytes".to_owned()),
            ("etag", etag),
        ] {
            answer = answer.with_header(name, value);
        }
        if status == 206 {
            let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            answer = answer.with_header("content-range", value);
        }
        Ok(answer)
    }

    /// Adds a body to an upload.
    pub(crate) async fn upload(
        &self,
        Query(to): Query<Where>,
        mut body: BodyStream<'_>,
    ) -> Result<Response> {
        let context = self.context().context();
        let plugin = Arc::clone(self.context().plugin());
        let begin = move || {
            let path = plugin.roots.expand("path", &to.path.unwrap_or_default())?;
            let place = plugin.roots.place(&path)?;
            let (size, most) = (to.size, plugin.upload_limit);
            if size > most {
                return Err(Fault::TooLong { path, size, most });
            }
            Upload::begin(place, to.offset, to.size, to.overwrite)
        };
        let begun = context.run_blocking("upload", begin).await?;
        let mut upload = begun.map_err(Fault::told)?;
        while let Some(part) = body.next().await {
            let part = part?;
            let write = move || upload.write(&part).map(|()| upload);
            let written = context.run_blocking("upload", write).await?;
            upload = written.map_err(Fault::told)?;
        }
        let finished = context
            .run_blocking("upload", move || upload.finish())
            .await?;
        told(&finished.map_err(Fault::told)?)
    }

    /// How far an upload is.
    pub(crate) fn progress(&self, Query(which): Query<Announced>) -> Result<Response> {
        let roots = &self.staging().roots;
        let path = roots.expand("path", &which.path.unwrap_or_default());
        let progress = path.and_then(|path| upload::progress(&roots.place(&path)?, which.size));
        told(&progress.map_err(Fault::told)?)
    }

    fn open(&self, which: Which) -> Result<Open, Fault> {
        let roots = &self.staging().roots;
        let path = roots.expand("path", &which.path.unwrap_or_default())?;
        read::open(roots, &path)
    }

    /// Reads a part each time that the client has taken the one before.
    fn stream(&self, open: Open, range: Range<u64>) -> Response {
        let (context, open) = (self.context().context().clone(), Arc::new(open));
        let begin = Some(range.start);
        Response::stream(unfold(begin, move |at| {
            let (context, open) = (context.clone(), Arc::clone(&open));
            async move {
                let at = at.filter(|at| *at < range.end)?;
                let read = move || open.part(at, range.end, PART);
                match context.run_blocking("download", read).await {
                    Ok(Ok(bytes)) => {
                        let next = at + bytes.len() as u64;
                        Some((Ok(bytes), Some(next)))
                    }
                    // The file has become shorter, or the plugin stops: what was promised cannot come.
                    Ok(Err(error)) => Some((Err(error.into()), None)),
                    Err(error) => Some((Err(error), None)),
                }
            }
        }))
    }
}

fn unsatisfiable(size: u64) -> Result<Response> {
    let detail = format!("the file has {size} bytes, and the range none of them");
    let answer = Response::json(&json!({ "detail": detail }))?.with_status(416);
    Ok(answer.with_header("content-range", format!("bytes */{size}")))
}

/// The offset stands in a header too, for `HEAD`.
fn told(progress: &Progress) -> Result<Response> {
    let answer = Response::json(progress)?;
    Ok(answer.with_header("upload-offset", progress.offset.to_string()))
}
