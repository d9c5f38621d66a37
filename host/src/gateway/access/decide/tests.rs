//! Is each role let as far as it goes, and is everybody else told what to do?

use super::*;
use crate::gateway::access::secret::Secret;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use std::{
    num::NonZero,
    time::{Duration, UNIX_EPOCH},
};

const CLASSES: [Class; 6] = [
    Class::Probe,
    Class::Standard,
    Class::Telling,
    Class::Plugin,
    Class::Session,
    Class::Administration,
];

fn token(role: Role) -> Arc<Token> {
    Arc::new(Token {
        id: "1f2e3d4c".to_owned(),
        name: "ci".to_owned(),
        role,
        sha256: Secret::new().unwrap().digest(),
        created: UNIX_EPOCH,
        expires: Some(UNIX_EPOCH),
        rate: NonZero::new(5),
    })
}

fn asked(method: &Method, class: Class, found: Found) -> Result<Who, Refusal> {
    decide(method, class, Access::Tokens, Credentials::Bearer(found))
}

/// The statuses of all classes, 200 for those that are let through.
fn statuses(method: &Method, credentials: &Credentials) -> [u16; 6] {
    CLASSES.map(|class| {
        let decided = decide(method, class, Access::Tokens, credentials.clone());
        decided.map_or_else(|refusal| refusal.status.as_u16(), |_| 200)
    })
}

#[test]
fn each_role_goes_as_far_as_it_may() {
    let of = |role| Credentials::Bearer(Found::Good(token(role)));
    for (method, role, expected) in [
        (Method::GET, Role::Read, [200, 200, 200, 403, 403, 403]),
        (Method::HEAD, Role::Read, [200, 200, 200, 403, 403, 403]),
        (Method::POST, Role::Read, [200, 403, 200, 403, 403, 403]),
        (Method::GET, Role::Use, [200, 200, 200, 200, 200, 403]),
        (Method::POST, Role::Use, [200, 403, 200, 200, 200, 403]),
        (Method::DELETE, Role::Use, [200, 403, 200, 200, 200, 403]),
        (Method::GET, Role::Admin, [200; 6]),
        (Method::POST, Role::Admin, [200; 6]),
    ] {
        assert_eq!(statuses(&method, &of(role)), expected, "{method} {role}");
    }
}

#[test]
fn nobody_else_gets_further_than_a_probe() {
    let expired = Found::Expired(token(Role::Admin));
    for credentials in [
        Credentials::Absent,
        Credentials::Malformed,
        Credentials::Bearer(Found::Unknown),
        Credentials::Bearer(expired),
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let expected = [200, 401, 401, 401, 401, 401];
            assert_eq!(statuses(&method, &credentials), expected, "{credentials:?}");
        }
    }
    let unreadable = Credentials::Bearer(Found::Unreadable);
    assert_eq!(
        statuses(&Method::GET, &unreadable),
        [200, 503, 503, 503, 503, 503]
    );
}

#[test]
fn where_access_is_open_everybody_may_do_everything() {
    for class in CLASSES {
        let who = decide(&Method::POST, class, Access::Open, Credentials::Malformed).unwrap();
        let role = if class == Class::Probe {
            None
        } else {
            Some(Role::Admin)
        };
        assert_eq!(who.role(), role);
    }
}

#[test]
fn who_is_refused_is_told_what_to_do() {
    let tell = |credentials| {
        let refusal = decide(&Method::POST, Class::Plugin, Access::Tokens, credentials);
        let refusal = refusal.unwrap_err();
        let detail = refusal.detail.clone();
        let answer = refusal.response();
        let challenge = answer.headers()[WWW_AUTHENTICATE].to_str();
        (detail, challenge.unwrap().to_owned())
    };
    for (credentials, detail, challenge) in [
        (
            Credentials::Absent,
            "a token is needed: send `Authorization: Bearer jf_…`; `jackfield token new` makes one \
             where the host runs",
            "Bearer realm=\"jackfield\"",
        ),
        (
            Credentials::Bearer(Found::Expired(token(Role::Use))),
            "token 1f2e3d4c expired at 1970-01-01T00:00:00Z: make another with `jackfield token \
             new` where the host runs",
            "Bearer realm=\"jackfield\", error=\"invalid_token\", error_description=\"expired \
             token\"",
        ),
        (
            Credentials::Bearer(Found::Good(token(Role::Read))),
            "token 1f2e3d4c has the role `read`, this needs `use`: use a token of that role",
            "Bearer realm=\"jackfield\", error=\"insufficient_scope\", scope=\"use\"",
        ),
    ] {
        assert_eq!(tell(credentials), (detail.to_owned(), challenge.to_owned()));
    }
    let limited = Found::Limited {
        token: token(Role::Use),
        wait: Duration::from_millis(200),
    };
    let refusal = asked(&Method::GET, Class::Plugin, limited).unwrap_err();
    assert_eq!(
        refusal.detail,
        "more than 5 requests per second with token 1f2e3d4c: try again in 1 s"
    );
    let answer = refusal.response();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()[RETRY_AFTER], "1");
}

#[test]
fn a_token_is_looked_for_in_one_header_only() {
    let of = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(|token| token.map(str::to_owned)).ok()
    };
    assert_eq!(of(&[]), Some(None));
    for good in ["Bearer a", "bearer a", "BEARER  a ", "Bearer   a"] {
        assert_eq!(of(&[good]), Some(Some("a".to_owned())), "{good}");
    }
    for bad in [
        &["Basic YTpi"][..],
        &["Bearer"],
        &["a"],
        &[""],
        &["Bearer a", "Bearer a"],
    ] {
        assert_eq!(of(bad), None, "{bad:?}");
    }
}

#[test]
fn the_audit_log_knows_them_by_name() {
    let who = asked(&Method::GET, Class::Plugin, Found::Good(token(Role::Use))).unwrap();
    assert_eq!(who.to_string(), "token 1f2e3d4c (ci)");
    assert_eq!(Who::Local.to_string(), "local");
}
