//! Can the pages be opened, and do they need nothing but the host, and let nothing in from elsewhere?

use super::{Served, site};
use std::collections::BTreeSet;

/// What a page or a script has the browser get.
fn links(text: &str) -> BTreeSet<String> {
    let mut links = BTreeSet::new();
    for begin in ["src=\"", "href=\"", "from \"", "told(\"", "ask(\""] {
        for rest in text.split(begin).skip(1) {
            links.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    links
}

#[test]
fn a_page_needs_nothing_but_the_host() {
    let served = Served::start(site(&[], ""));
    let mut left = vec!["/".to_owned(), "/docs".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let got = served.get(&path);
        assert_eq!(got.status, 200, "{path}");
        let media_type = got.header("content-type");
        if media_type == "application/json" {
            continue;
        }
        let policy = got.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let text = got.text();
        assert!(!text.contains("://"), "{path} knows another host");
        assert!(
            !text.contains("style=\"") && !text.contains(" onclick=\""),
            "{path}: the policy keeps it from being run"
        );
        let base = "/docs/";
        left.extend(links(text).into_iter().map(|link| {
            let link = link.split('?').next().unwrap();
            match link.strip_prefix("./") {
                Some(link) => format!("{base}{link}"),
                None => link.to_owned(),
            }
        }));
    }
    let all = [
        "/",
        "/api/plugins",
        "/docs",
        "/docs/common.js",
        "/docs/docs.js",
        "/docs/index.js",
        "/docs/style.css",
        "/edges",
        "/openapi.json",
    ];
    assert!(seen.iter().eq(all), "{seen:?}");
}

#[test]
fn a_page_is_there_for_everybody_and_what_it_shows_is_not() {
    let served = Served::start(site(&["heartbeat"], "[http]\naccess = \"tokens\"\n"));
    for page in ["/", "/docs", "/docs/docs.js"] {
        let got = served.get(page);
        assert_eq!(got.status, 200, "{page}");
        assert!(!got.text().contains("heartbeat"), "{page}");
    }
    for told in ["/edges", "/api/plugins?all=true", "/openapi.json"] {
        assert_eq!(served.get(told).status, 401, "{told}");
    }
}
