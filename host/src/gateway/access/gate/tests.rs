//! Does a request go through all of the rules, and is each refusal written down?

use super::*;
use crate::{
    config,
    gateway::access::{
        Role, past,
        tokens::{Wanted, make},
    },
};
use http::{Method, Request};
use std::num::NonZero;
use tempfile::TempDir;

struct Scene {
    state: TempDir,
    gate: Gate,
}

const CIRCUMSTANCES: Circumstances<'_> = Circumstances {
    from: Some(SocketAddr::new(
        std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        4711,
    )),
    request: Some("r1"),
    plugin: Some("web"),
};

impl Scene {
    /// With a token of each role; that of `read` may be used once a second.
    fn new(access: Access) -> (Self, [String; 3]) {
        let state = tempfile::tempdir().unwrap();
        let secrets = [(Role::Read, 1), (Role::Use, 0), (Role::Admin, 0)].map(|(role, rate)| {
            let wanted = Wanted {
                name: String::new(),
                role,
                expires: None,
                rate: NonZero::new(rate),
            };
            make(state.path(), wanted).unwrap().0.text().to_owned()
        });
        let audit = Audit::open(state.path(), config::Audit::default()).unwrap();
        let http = Http {
            access,
            ..Http::default()
        };
        let gate = Gate::new(&http, state.path(), Arc::new(audit));
        (Self { state, gate }, secrets)
    }

    /// The status, 200 where it is let through.
    fn status(&self, class: Class, headers: &[(&str, &str)]) -> u16 {
        let request = request(headers);
        if let Some(answer) = self.gate.enter(&request, &OnceLock::new(), CIRCUMSTANCES) {
            return answer.status().as_u16();
        }
        let admitted = self.gate.admit(&request, class, CIRCUMSTANCES);
        admitted.map_or_else(|answer| answer.status().as_u16(), |_| 200)
    }

    /// What is in the audit log once the host has ended.
    fn written(self) -> Vec<Entry> {
        drop(self.gate);
        past(self.state.path(), 100, |_| true)
            .unwrap()
            .entries
            .into()
    }
}

fn request(headers: &[(&str, &str)]) -> Parts {
    let request = Request::post("/api/plugins/web/stop?x=secret");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap().into_parts().0
}

#[test]
fn a_token_opens_what_its_role_is_for() {
    let (scene, secrets) = Scene::new(Access::Tokens);
    let [read, use_, admin] = secrets.map(|secret| format!("Bearer {secret}"));
    let status = |class, token: &str| scene.status(class, &[("authorization", token)]);
    assert_eq!(status(Class::Administration, &admin), 200);
    assert_eq!(status(Class::Administration, &use_), 403);
    assert_eq!(status(Class::Session, &use_), 200);
    assert_eq!(status(Class::Session, "Basic YTpi"), 401);
    assert_eq!(scene.status(Class::Session, &[]), 401);
    assert_eq!(
        scene.status(Class::Probe, &[("authorization", "Bearer x")]),
        200
    );
    // A probe takes nothing out of the bucket.
    for _ in 0..3 {
        assert_eq!(status(Class::Probe, &read), 200);
    }
    assert_eq!(status(Class::Telling, &read), 200);

    let written = scene.written();
    let told = written.iter().map(|entry| (entry.status, entry.repeated));
    let (first, more) = (None, Some(1));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(Some(403), first), (Some(401), first), (Some(401), more)]
    );
    let entry = &written[0];
    assert!(entry.who.starts_with("token "), "{entry:?}");
    assert_eq!(entry.action, "POST /api/plugins/web/stop");
    assert_eq!(entry.from.as_deref(), Some("127.0.0.1:4711"));
    assert_eq!(
        (entry.plugin.as_deref(), entry.request.as_deref()),
        (Some("web"), Some("r1"))
    );
    assert_eq!(written[1].who, "nobody");
}

#[test]
fn where_access_is_open_a_foreign_page_is_kept_out_all_the_same() {
    let (scene, _) = Scene::new(Access::Open);
    let host = ("host", "localhost");
    let class = Class::Administration;
    assert_eq!(scene.status(class, &[host]), 200);
    assert_eq!(scene.status(class, &[("host", "evil.example")]), 421);
    assert_eq!(
        scene.status(class, &[host, ("origin", "http://evil.example")]),
        403
    );
    let answers: Vec<_> = scene.written().iter().map(|entry| entry.status).collect();
    assert_eq!(answers, [Some(421), Some(403)]);
}

#[test]
fn a_refusal_has_what_browsers_have_to_know() {
    let (scene, _) = Scene::new(Access::Tokens);
    let answer = scene
        .gate
        .admit(&request(&[]), Class::Plugin, CIRCUMSTANCES);
    let answer = answer.unwrap_err();
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(answer.headers().contains_key("www-authenticate"));
}

#[test]
fn what_was_changed_is_written_down() {
    let (scene, _) = Scene::new(Access::Open);
    let request = request(&[]);
    let note = |status, detail| {
        scene
            .gate
            .note(&request, &Who::Local, CIRCUMSTANCES, status, detail);
    };
    note(StatusCode::OK, None);
    note(StatusCode::CONFLICT, Some("it is required"));
    let written = scene.written();
    let told = written
        .iter()
        .map(|entry| (&*entry.who, entry.result, entry.status));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("local", Outcome::Done, Some(200)),
            ("local", Outcome::Failed, Some(409)),
        ]
    );
    assert_eq!(written[1].detail.as_deref(), Some("it is required"));
}

#[test]
fn a_browser_that_asks_is_answered_without_a_token() {
    let (scene, _) = Scene::new(Access::Tokens);
    let mut asked = request(&[
        ("origin", "https://ui.example"),
        ("access-control-request-method", "POST"),
    ]);
    asked.method = Method::OPTIONS;
    let answer = scene
        .gate
        .enter(&asked, &OnceLock::new(), CIRCUMSTANCES)
        .unwrap();
    assert_eq!(answer.status(), 403);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}
