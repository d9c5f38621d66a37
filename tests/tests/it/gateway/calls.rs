//! Does a request reach its plugin as it was sent, and the answer its client as it was given?

use super::{Served, site, until};
use serde_json::json;
use std::{fs, io::Write, sync::Barrier, thread};
use ureq::http::Request;

#[test]
fn all_of_a_request_arrives() {
    let served = Served::start(site(&["echo"], ""));
    let request = Request::put("/echo/a%2Fb/c%3Fd?x=1&x=2&=&y=%26")
        .header("x-own", "mine")
        .header("content-type", "application/octet-stream");
    let body = [0, 255, 10, 13, 0];
    let got = served.ask(request, &body);
    assert_eq!((got.status, &*got.body), (200, &body[..]));
    assert_eq!(got.header("x-method"), "PUT");
    assert_eq!(got.header("x-path"), "/a%2Fb/c%3Fd");
    assert_eq!(got.header("x-query"), "x=1&x=2&=&y=%26");
    assert_eq!(got.header("x-echo-x-own"), "mine");
    assert_eq!(got.header("x-timeout"), "45000");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
}

#[test]
fn the_edge_may_stand_before_the_plugin() {
    let served = Served::start(site(&["echo"], "[host]\nedge = \"here\"\n"));
    for (path, arrived) in [
        ("/echo", "/"),
        ("/echo/", "/"),
        ("/here/echo", "/"),
        ("/here/echo/a/b", "/a/b"),
        ("/echo//a", "//a"),
    ] {
        assert_eq!(served.get(path).header("x-path"), arrived, "{path}");
    }
    assert_eq!(
        served.get("/there/echo").detail(),
        "Plugin 'there' not found"
    );
}

#[test]
fn methods_are_those_of_the_route() {
    let served = Served::start(site(&["echo", "greeter"], ""));
    let head = served.ask(Request::head("/greeter/greet/World"), b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), "13");
    let wrong = served.post("/greeter/greet/World", "");
    assert_eq!(wrong.status, 405);
    assert_eq!(wrong.header("allow"), "GET, HEAD, OPTIONS");
    for own in [
        "/greeter/health",
        "/greeter/version",
        "/api/plugins",
        "/healthz",
    ] {
        let options = served.ask(Request::options(own), b"");
        assert_eq!(options.status, 204, "{own}");
        assert!(
            options.header("allow").contains("GET"),
            "{own}: {options:?}"
        );
    }
    let bad = served.get("/api/plugins/%FF");
    assert_eq!(bad.status, 400);
    assert!(bad.detail().starts_with("the path: "), "{bad:?}");
    let options = served.ask(Request::options("/greeter/greet/World"), b"");
    assert_eq!(options.status, 204);
    assert_eq!(options.header("allow"), "GET, HEAD, OPTIONS");
    let nowhere = served.get("/greeter/nope");
    assert_eq!(nowhere.status, 404);
    assert_eq!(
        nowhere.json(),
        json!({"detail": "No route: GET /greeter/nope"})
    );
    let wrong = served.ask(Request::put("/api/plugins"), b"");
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET,HEAD"));
}

#[test]
fn a_request_id_is_echoed_or_made() {
    let served = Served::start(site(&["echo"], ""));
    let own = served.ask(
        Request::get("/echo/x").header("x-request-id", "mine-1"),
        b"",
    );
    assert_eq!(own.header("x-request-id"), "mine-1");
    let (one, other) = (served.get("/echo/x"), served.get("/echo/x"));
    assert_ne!(one.header("x-request-id"), "");
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    let bad = served.ask(Request::get("/echo/x").header("x-request-id", "a b"), b"");
    assert_ne!(bad.header("x-request-id"), "a b");
}

#[test]
fn two_clients_with_one_request_id_get_each_their_own() {
    let served = Served::start(site(&["echo"], ""));
    let clients = 8;
    let together = Barrier::new(clients);
    let served = &*served;
    thread::scope(|scope| {
        for client in 0..clients {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                for round in 0..20 {
                    let body = format!("{client}/{round}");
                    let request = Request::post("/echo/x").header("x-request-id", "the-same");
                    let got = served.ask(request, body.as_bytes());
                    assert_eq!(got.text(), body);
                    assert_eq!(got.header("x-request-id"), "the-same");
                }
            });
        }
    });
}

#[test]
fn calls_that_overlap_are_answered_each_by_itself_though_their_ids_are_equal() {
    let served = Served::start(site(&["echo"], ""));
    let served = &*served;
    let ask = |key: &str| {
        let request = Request::get(format!("/echo/pending/{key}"));
        served.ask(request.header("x-request-id", "the-same"), b"")
    };
    thread::scope(|scope| {
        let one = scope.spawn(|| ask("one"));
        let two = scope.spawn(|| ask("two"));
        until("they do not wait", || {
            served.get("/echo/waiting").text() == "one\ntwo"
        });
        assert_eq!(served.post("/echo/complete/three", "no").text(), "0");
        assert_eq!(served.post("/echo/complete/two", "yes").text(), "1");
        let two = two.join().unwrap();
        assert_eq!(
            (two.text(), two.header("x-request-id")),
            ("yes", "the-same")
        );
        assert_eq!(served.get("/echo/waiting").text(), "one");
        assert_eq!(served.post("/echo/complete/one", "no").text(), "1");
        let one = one.join().unwrap();
        assert_eq!((one.text(), one.header("x-request-id")), ("no", "the-same"));
    });
}

#[test]
fn a_body_has_a_limit_which_a_plugin_may_have_of_its_own() {
    let more = "[http]\nmax_body = 1000\n[plugins.greeter]\nenabled = true\n";
    let site = site(&["echo"], &format!("max_body = 2000\n{more}"));
    site.add("greeter");
    let served = Served::start(site);
    assert_eq!(served.post("/echo/x", [7; 2000]).body, [7; 2000]);
    let long = served.post("/echo/x", [7; 2001]);
    assert_eq!(long.status, 413);
    assert_eq!(
        long.detail(),
        "the body is longer than 2000 bytes, which is the limit here: send less, or have \
         `max_body` raised"
    );
    assert_eq!(served.post("/greeter/greet/x", [7; 1001]).status, 413);
    // Of one whose length is not said, it is seen when it comes.
    let mut stream = served.connect();
    let head = "POST /echo/x HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    for _ in 0..3 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    assert!(super::rest(&mut stream).starts_with("HTTP/1.1 413 "));
    assert_eq!(served.post("/echo/x", "still there").text(), "still there");
}

#[test]
fn a_body_to_the_host_itself_has_a_limit_too() {
    let served = Served::start(site(&["echo"], ""));
    let configuration = || fs::read_to_string(served.site.root().join("jackfield.toml")).unwrap();
    let before = configuration();
    // It would be good, were it shorter.
    let mut body = b"{\"config\": {}}".to_vec();
    body.resize((1 << 20) + 1, b' ');
    for path in [
        "/api/plugins/echo/config",
        "/api/plugins/echo/disable",
        "/edge/list",
    ] {
        let long = served.post(path, &body);
        assert_eq!(long.status, 413, "{path}");
        assert!(long.detail().contains("1048576 bytes"), "{}", long.detail());
        let head = "HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let mut stream = served.connect();
        write!(stream, "POST {path} {head}{:x}\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
        stream.write_all(b"\r\n0\r\n\r\n").unwrap();
        assert!(
            super::rest(&mut stream).starts_with("HTTP/1.1 413 "),
            "{path}"
        );
    }
    assert_eq!(configuration(), before);
    assert_eq!(served.get("/echo/x").status, 200);
    body.pop();
    let fits = served.post("/api/plugins/echo/config", &body);
    assert_eq!(fits.status, 200, "{}", fits.text());
}

#[test]
fn a_call_has_a_deadline_which_a_plugin_may_have_of_its_own() {
    let more = "request_deadline = \"200ms\"\n";
    let served = Served::start(site(&["echo"], more));
    let late = served.get("/echo/pending/never");
    assert_eq!(late.status, 504);
    assert_eq!(late.detail(), "`echo` gave no answer within 0.2 s");
    assert_eq!(late.json()["plugin"], "echo");
    assert_eq!(served.get("/echo/waiting").text(), "", "it was cancelled");
}

#[test]
fn a_large_answer_is_whole() {
    let more = "max_body = 200000000\n";
    let served = Served::start(site(&["echo"], more));
    let body: Vec<u8> = (0..100_000_000u32).map(|n| n.to_le_bytes()[1]).collect();
    assert!(served.post("/echo/quick/x", &body).body == body);
}
