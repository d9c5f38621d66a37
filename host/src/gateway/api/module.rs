//! The JavaScript modules that plugins bring.

use super::{Own, Place, blocking, list::known, parts::Named};
use crate::gateway::{
    front::no_route,
    openapi::{Operation, schema},
    reply::Fault,
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use std::sync::Arc;

const SCRIPT: &str = "application/javascript; charset=utf-8";
/// It is asked for anew each time, as it may be another plugin's by then.
const CACHED: &str = "no-cache";

/// `GET /plugins/{id}.js`.
pub(super) async fn module(
    State(own): Place,
    Named(file): Named<String>,
    request: Request,
) -> Result<Response, Fault> {
    let Some(id) = file.strip_suffix(".js") else {
        return Err(no_route(request).await);
    };
    let known_tag = request.headers().get(IF_NONE_MATCH).cloned();
    send(&own, id.to_owned(), known_tag).await
}

async fn send(
    own: &Arc<Own>,
    id: String,
    known_tag: Option<HeaderValue>,
) -> Result<Response, Fault> {
    blocking(own, move |own| {
        let status = known(own, &id)?;
        let Some(module) = status.manifest.ui_module else {
            return Err(none(&id));
        };
        let tag = format!("\"{}\"", module.digits());
        let headers = [(CACHE_CONTROL, CACHED), (ETAG, &*tag)];
        if known_tag.is_some_and(|known| names(&known, &tag)) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        match own.modules.get(own.loader(), &status) {
            Ok(Some(text)) => {
                let body = Body::from(text);
                Ok((headers, [(CONTENT_TYPE, SCRIPT)], body).into_response())
            }
            Ok(None) => Err(none(&id)),
            Err(error) => {
                log::warn!("{id}: its JavaScript module cannot be had: {error}");
                let text = format!(
                    "the module of plugin '{id}' cannot be had: its file is gone, is another one \
                     by now or cannot be trusted, the log says which"
                );
                Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, text).with("plugin", id))
            }
        }
    })
    .await
}

fn none(id: &str) -> Fault {
    let text = format!("Plugin '{id}' brings no JavaScript module");
    Fault::new(StatusCode::NOT_FOUND, text).with("plugin", id)
}

/// Whether `If-None-Match` names a tag (RFC 9110, section 13.1.2); weak ones count.
fn names(header: &HeaderValue, tag: &str) -> bool {
    let header = header.to_str().unwrap_or_default();
    let mut tags = header.split(',').map(str::trim);
    tags.any(|other| other == "*" || other.trim_start_matches("W/") == tag)
}

pub(super) fn operation() -> Operation {
    Operation::new("The JavaScript module that a plugin brings for its page")
        .path("id", "the plugin's id")
        .header("if-none-match", "the `etag` of the module that is known")
        .answers(200, "it", "application/javascript", schema::text())
        .says(304, "it is the one that is known")
        .fails(404, "there is no such plugin, or it brings none")
        .fails(410, "the plugin was removed")
        .fails(
            503,
            "the plugin's file is gone, is another one by now or cannot be trusted",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_its_name() {
        for (header, is_known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let header = HeaderValue::from_static(header);
            assert_eq!(names(&header, "\"a\""), is_known, "{header:?}");
        }
    }
}
