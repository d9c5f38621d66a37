//! Does everybody get as far as they may, and is that written down?

use super::{Got, Served, site, until};
use crate::cli::jackfield;
use serde_json::Value;
use std::{fs, io::Write as _};
use ureq::http::Request;

/// One that was made for this host.
pub(super) fn token(served: &Served, arguments: &str) -> String {
    let said = jackfield(&served.site, &format!("token new {arguments}"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out.trim().to_owned()
}

pub(super) fn with(served: &Served, token: &str, method: &str, path: &str) -> Got {
    let request = Request::builder().method(method).uri(path);
    served.ask(
        request.header("authorization", format!("Bearer {token}")),
        b"",
    )
}

fn audited(served: Served) -> Vec<Value> {
    let site = {
        let Served { host, site, .. } = served;
        host.signal(rustix::process::Signal::TERM);
        assert_eq!(host.end().0, Some(0));
        site
    };
    let text = fs::read_to_string(site.state().join("audit.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn each_role_gets_so_far() {
    let served = Served::start(site(&["echo"], "[http]\naccess = \"tokens\"\n"));
    let none = served.get("/echo/x");
    assert_eq!(none.status, 401);
    assert_eq!(
        none.header("www-authenticate"),
        "Bearer realm=\"jackfield\""
    );
    assert_eq!(served.get("/healthz").status, 200);
    let [read, user, admin] =
        ["read", "use", "admin"].map(|role| token(&served, &format!("--role {role}")));
    for (method, path, wanted) in [
        ("GET", "/api/plugins", [200, 200, 200]),
        ("POST", "/edge/list", [200, 200, 200]),
        ("GET", "/echo/version", [200, 200, 200]),
        ("GET", "/plugins/echo.js", [404, 404, 404]),
        ("GET", "/echo/x", [403, 200, 200]),
        ("POST", "/echo/register_session", [403, 200, 200]),
        ("GET", "/echo/list_sessions", [403, 403, 200]),
        ("POST", "/api/plugins/echo/restart", [403, 403, 200]),
    ] {
        let got = [&read, &user, &admin].map(|token| with(&served, token, method, path).status);
        assert_eq!(got, wanted, "{method} {path}");
    }
    let wrong = with(&served, "jf_nonsense", "GET", "/api/plugins");
    assert_eq!(wrong.status, 401);
    let low = with(&served, &read, "GET", "/echo/x");
    assert!(
        low.detail()
            .contains("has the role `read`, this needs `use`"),
        "{}",
        low.detail()
    );
    // A plugin does not see it.
    let got = with(&served, &user, "GET", "/echo/x");
    assert_eq!(got.header("x-echo-authorization"), "");
    let lines = audited(served);
    let find = |action: &str, result: &str| {
        let found = lines
            .iter()
            .find(|line| line["action"] == action && line["result"] == result);
        found
            .unwrap_or_else(|| panic!("{action} {result} in {lines:#?}"))
            .clone()
    };
    let done = find("POST /api/plugins/echo/restart", "done");
    assert_eq!(done["plugin"], "echo");
    assert!(
        done["who"].as_str().unwrap().starts_with("token "),
        "{done}"
    );
    let refused = find("GET /echo/x", "refused");
    assert_eq!(
        (refused["status"].clone(), refused["plugin"].clone()),
        (401.into(), "echo".into())
    );
}

#[test]
fn a_token_that_has_expired_lets_nobody_in_any_more() {
    let served = Served::start(site(&["echo"], "[http]\naccess = \"tokens\"\n"));
    let token = token(&served, "--role admin --expires 30d");
    assert_eq!(with(&served, &token, "GET", "/echo/x").status, 200);
    let path = served.site.state().join("tokens.json");
    let mut tokens: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    tokens["tokens"][0]["expires"] = "2001-02-03T04:05:06Z".into();
    fs::write(&path, tokens.to_string()).unwrap();
    // The file is looked at once a second.
    until("it is let in still", || {
        with(&served, &token, "GET", "/echo/x").status == 401
    });
    for path in ["/echo/x", "/api/plugins", "/events", "/nobody/x"] {
        let refused = with(&served, &token, "GET", path);
        assert_eq!(refused.status, 401, "{path}");
        let detail = refused.detail();
        assert!(
            detail.contains(" expired at 2001-02-03T04:05:06Z: "),
            "{detail}"
        );
        let told = refused.header("www-authenticate");
        assert!(told.contains("error=\"invalid_token\""), "{told}");
    }
    assert_eq!(with(&served, &token, "GET", "/healthz").status, 200);
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let more = "[http]\norigins = [\"https://friend.example\"]\n";
    let served = Served::start(site(&["echo"], more));
    let from = |origin: &str, kind: &str| {
        let request = Request::post("/echo/x")
            .header("origin", origin)
            .header("content-type", kind);
        served.ask(request, b"1")
    };
    for (origin, kind, status) in [
        ("https://evil.example", "application/json", 403),
        ("https://friend.example", "text/plain", 403),
        ("https://friend.example", "application/json", 200),
        (&*served.url(""), "application/json", 200),
    ] {
        let got = from(origin, kind);
        assert_eq!(got.status, status, "{origin} {kind}: {}", got.text());
    }
    let friend = from("https://friend.example", "application/json");
    assert_eq!(
        friend.header("access-control-allow-origin"),
        "https://friend.example"
    );
    let asks = Request::options("/echo/x")
        .header("origin", "https://friend.example")
        .header("access-control-request-method", "POST");
    assert_eq!(served.ask(asks, b"").status, 204);
    // A name that somebody else has lead here.
    let said =
        served.raw(b"GET /api/plugins HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 421 "), "{said}");
}

#[test]
fn a_host_that_others_reach_is_not_open() {
    let site = site(&["echo"], "[http]\nlisten = \"0.0.0.0:0\"\n");
    let said = jackfield(&site, "run");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("allow_open"), "{}", said.err);
}

#[test]
fn it_speaks_tls() {
    let site = site(
        &["greeter"],
        "[http]\ntls_certificate = \"cert.pem\"\ntls_key = \"key.pem\"\n",
    );
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "key.pem", "-out",
        ])
        .args(["cert.pem", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .current_dir(site.root())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let served = Served::start(site);
    let mut client = std::process::Command::new("openssl");
    client.args([
        "s_client",
        "-quiet",
        "-verify_return_error",
        "-CAfile",
        "cert.pem",
        "-connect",
    ]);
    client
        .arg(served.address.to_string())
        .current_dir(served.site.root());
    client
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    client.stderr(std::process::Stdio::null());
    let mut child = client.spawn().unwrap();
    let request =
        b"GET /greeter/greet/World HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    child.stdin.as_mut().unwrap().write_all(request).unwrap();
    let said = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout);
    assert!(said.contains("Hello, World!"), "{said}");
}
