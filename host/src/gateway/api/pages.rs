//! Pages for people: what they show they ask the host for, as whoever looks at them. They hold nothing of
//! the host's, so they are there for everybody.

use crate::gateway::openapi::{Declared, Operation, schema};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use std::future::{Ready, ready};

/// Nothing from elsewhere, nothing that stands in the page itself, and no talk to others.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

struct Page {
    path: &'static str,
    media_type: &'static str,
    text: &'static str,
    summary: &'static str,
}

macro_rules! page {
    ($path:literal, $media_type:expr, $file:literal, $summary:literal) => {
        Page {
            path: $path,
            media_type: $media_type,
            text: include_str!(concat!("../pages/", $file)),
            summary: $summary,
        }
    };
}

static PAGES: [Page; 6] = [
    page!("/", HTML, "index.html", "A page with the plugins"),
    page!(
        "/docs",
        HTML,
        "docs.html",
        "A page with all that can be asked"
    ),
    page!("/docs/style.css", CSS, "style.css", "How the pages look"),
    page!(
        "/docs/common.js",
        SCRIPT,
        "common.js",
        "What the pages' scripts share"
    ),
    page!("/docs/index.js", SCRIPT, "index.js", "The script of `/`"),
    page!("/docs/docs.js", SCRIPT, "docs.js", "The script of `/docs`"),
];

/// Whether such a page stands there.
pub(in crate::gateway) fn is_page(path: &str) -> bool {
    PAGES.iter().any(|page| page.path == path)
}

/// Adds them.
pub(super) fn declare(mut declared: Declared) -> Declared {
    for page in &PAGES {
        let media_type = page.media_type;
        let operation = Operation::new(page.summary)
            .answers(200, "it", media_type, schema::text())
            .public();
        declared = declared.get(page.path, move || page.answer(), operation);
    }
    declared
}

impl Page {
    fn answer(&self) -> Ready<Response> {
        let headers = [
            (CONTENT_TYPE, self.media_type),
            (CONTENT_SECURITY_POLICY, POLICY),
            // They are those of this version of the host.
            (CACHE_CONTROL, "no-cache"),
        ];
        ready((headers, self.text).into_response())
    }
}
