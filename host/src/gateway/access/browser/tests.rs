//! Is a foreign page kept out, and does a client that is no browser notice nothing?

use super::*;
use http::Request;

fn rules(access: Access, origins: &[&str]) -> Rules {
    let origins = match origins {
        ["*"] => Origins::Any,
        listed => Origins::Listed(listed.iter().map(|origin| (*origin).to_owned()).collect()),
    };
    Rules {
        access,
        hosts: vec!["jackfield.example".to_owned()],
        origins,
    }
}

fn request(method: Method, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri("/a/b");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn status<T>(checked: Result<T, Refusal>) -> u16 {
    checked.map_or_else(|refusal| refusal.status.as_u16(), |_| 200)
}

#[test]
fn a_name_that_is_not_the_hosts_is_refused_where_access_is_open() {
    let (open, tokens) = (rules(Access::Open, &[]), rules(Access::Tokens, &[]));
    let named = |host: &str| request(Method::GET, &[("host", host)]);
    for (host, expected) in [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("Jackfield.Example", 200),
        ("evil.example", 421),
        ("", 400),
        ("a b", 400),
    ] {
        assert_eq!(status(open.check_host(&named(host))), expected, "{host}");
        assert_eq!(status(tokens.check_host(&named(host))), 200, "{host}");
    }
    assert_eq!(status(open.check_host(&request(Method::GET, &[]))), 200);
    let two = request(Method::GET, &[("host", "localhost"), ("host", "localhost")]);
    assert_eq!(status(open.check_host(&two)), 400);
    let absolute = Request::get("http://evil.example/").header("host", "localhost");
    let absolute = absolute.body(()).unwrap().into_parts().0;
    let refusal = open.check_host(&absolute).unwrap_err();
    assert_eq!(
        refusal.detail,
        "this host has no name \"evil.example\": address it as localhost or by its IP address, or \
         add the name to http.hosts in its configuration"
    );
}

#[test]
fn who_is_no_browser_notices_nothing() {
    for access in [Access::Open, Access::Tokens] {
        let rules = rules(access, &[]);
        for kind in [
            None,
            Some("application/x-www-form-urlencoded"),
            Some("text/plain"),
        ] {
            let mut headers = vec![("host", "localhost")];
            headers.extend(kind.map(|kind| ("content-type", kind)));
            let asked = request(Method::POST, &headers);
            assert_eq!(status(rules.check_meant(&asked)), 200, "{kind:?}");
            assert!(
                rules
                    .preflight(&request(Method::OPTIONS, &headers))
                    .is_none()
            );
        }
    }
}

#[test]
fn a_page_may_change_something_only_where_it_is_meant_to() {
    let rules = rules(Access::Open, &["https://ui.example"]);
    let json = ("content-type", "application/json");
    let form = ("content-type", "text/plain;x=application/json");
    let host = ("host", "localhost:8080");
    let own = ("origin", "http://localhost:8080");
    let listed = ("origin", "https://ui.example");
    let evil = ("origin", "https://evil.example");
    let site = |site| ("sec-fetch-site", site);
    for (headers, expected) in [
        // What the browser says counts, whatever the names look like.
        (vec![host, own, site("same-origin"), json], 200),
        (vec![host, site("none"), json], 200),
        (vec![host, own, site("cross-site"), json], 403),
        (vec![host, own, site("same-site"), json], 403),
        (vec![host, site("cross-site"), json], 403),
        (vec![host, listed, site("cross-site"), json], 200),
        (vec![host, evil, site("cross-site"), json], 403),
        // One that says nothing.
        (vec![host, own, json], 200),
        (vec![host, ("origin", "http://localhost:1"), json], 403),
        (vec![host, listed, json], 200),
        (vec![host, evil, json], 403),
        (vec![host, ("origin", "null"), json], 403),
        (vec![own, json], 403),
        // A form.
        (vec![host, own, site("same-origin"), form], 403),
        (vec![host, own, site("same-origin")], 403),
        (vec![host, own, form, ("x-requested-with", "fetch")], 200),
        (vec![host, own, form, ("authorization", "Bearer x")], 200),
        (vec![host, own, json, form], 403),
        (vec![host, own, ("content-type", "")], 403),
        (
            vec![
                host,
                own,
                ("content-type", "MULTIPART/form-data; boundary=x"),
            ],
            403,
        ),
        (vec![host, listed, form], 403),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let asked = request(method, &headers);
            assert_eq!(status(rules.check_meant(&asked)), expected, "{headers:?}");
        }
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(status(rules.check_meant(&request(method, &headers))), 200);
        }
    }
}

#[test]
fn a_browser_is_told_what_a_listed_origin_may_send() {
    let asked = |origin| {
        request(
            Method::OPTIONS,
            &[
                ("origin", origin),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "authorization,x-mine"),
            ],
        )
    };
    let rules = rules(Access::Tokens, &["https://ui.example"]);
    let answer = rules
        .preflight(&asked("https://ui.example"))
        .unwrap()
        .unwrap();
    assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "https://ui.example");
    assert_eq!(answer[ACCESS_CONTROL_ALLOW_HEADERS], "authorization,x-mine");
    assert!(
        answer[ACCESS_CONTROL_ALLOW_METHODS]
            .to_str()
            .unwrap()
            .contains("PUT")
    );
    assert!(answer[VARY].to_str().unwrap().starts_with("Origin, "));
    assert!(!answer.contains_key("access-control-allow-credentials"));
    let refusal = rules
        .preflight(&asked("https://evil.example"))
        .unwrap()
        .unwrap_err();
    assert_eq!(refusal.status, 403);
    assert_eq!(
        refusal.detail,
        "pages of the origin \"https://evil.example\" may not use this host: add it to http.origins \
         in its configuration if they should"
    );
    // Not every OPTIONS is such a question.
    let plain = request(Method::OPTIONS, &[("origin", "https://ui.example")]);
    assert!(rules.preflight(&plain).is_none());
}

#[test]
fn an_answer_says_once_that_it_depends_on_the_origin() {
    let rules = rules(Access::Tokens, &["https://ui.example"]);
    let mut answer = HeaderMap::new();
    answer.append(VARY, HeaderValue::from_static("Accept"));
    rules.share(None, &mut answer);
    rules.share(None, &mut answer);
    let values: Vec<_> = answer.get_all(VARY).iter().collect();
    assert_eq!(values, ["Accept", "Origin"]);
}

#[test]
fn only_listed_origins_may_read_an_answer() {
    let share = |origins: &[&str], origin: Option<&'static str>, own: Option<&'static str>| {
        let mut answer = HeaderMap::new();
        if let Some(own) = own {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(own));
        }
        let origin = origin.map(HeaderValue::from_static);
        rules(Access::Tokens, origins).share(origin.as_ref(), &mut answer);
        let text = |name| {
            answer
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        (text(ACCESS_CONTROL_ALLOW_ORIGIN), text(VARY))
    };
    let some = |text: &str| Some(text.to_owned());
    let listed = &["https://ui.example"];
    let (ui, evil) = (Some("https://ui.example"), Some("https://evil.example"));
    assert_eq!(
        share(listed, ui, None),
        (some("https://ui.example"), some("Origin"))
    );
    assert_eq!(share(listed, evil, None), (None, some("Origin")));
    assert_eq!(share(listed, None, None), (None, some("Origin")));
    assert_eq!(share(&["*"], evil, None), (some("*"), None));
    assert_eq!(share(&[], ui, None), (None, None));
    assert_eq!(
        share(listed, ui, Some("https://own.example")).0,
        some("https://own.example")
    );
}
