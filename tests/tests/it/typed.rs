//! Do typed routes of a loaded library take and give what their types say?

use jackfield_loader::{Handle, Header, Loader, Options, Request};
use jackfield_tests::Site;

fn shelf() -> (Site, Loader, Handle) {
    let site = Site::new();
    site.add("shelf");
    let loader = Loader::open(Options::new(site.plugins(), site.state())).unwrap();
    loader.start();
    let handle = loader.plugin("shelf").expect("the fixture runs");
    (site, loader, handle)
}

fn ask(plugin: &Handle, request: &Request<'_>) -> (u16, String) {
    let answer = pollster::block_on(plugin.request(request)).unwrap();
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), body)
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

#[test]
fn every_kind_of_handler_takes_and_gives_types() {
    let (_site, _loader, shelf) = shelf();
    let get = |path| ask(&shelf, &Request::new("GET", path));
    let post = |path, body: &str| {
        ask(
            &shelf,
            &Request::new("POST", path).with_body(body.as_bytes()),
        )
    };
    let book = r#"{"title":"Moby","tags":["sea"]}"#;
    assert_eq!(post("/books", book), (201, book.to_owned()));
    assert_eq!(get("/books/0"), ok(book));
    assert_eq!(get("/notes/7/a%2Fb"), ok(r#"{"row":7,"name":"a/b"}"#));
    assert_eq!(post("/reversed", "abc"), ok("cba"));
    assert_eq!(post("/weigh", "abc"), ok("[3,1]"));
    assert_eq!(get("/motto"), ok("read more"));
    let (status, text) = get("/notes/x/y");
    assert_eq!(status, 400);
    assert!(
        text.starts_with(r#"{"detail":"`row` in the path: "#),
        "{text}"
    );
    assert_eq!(
        ask(&shelf, &Request::new("PUT", "/nothing")),
        (204, String::new())
    );
}

#[test]
fn a_query_and_headers_come_whole() {
    let (_site, _loader, shelf) = shelf();
    let book = Request::new("POST", "/books").with_body(br#"{"title":"A","tags":["x y","z"]}"#);
    assert_eq!(ask(&shelf, &book).0, 201);
    let found = Request::new("GET", "/books").with_query("tag=x%20y&tag=z&limit=1");
    assert_eq!(
        ask(&shelf, &found),
        ok(r#"[{"title":"A","tags":["x y","z"]}]"#)
    );
    let headers = [Header::new("user-agent", b"test")];
    let who = Request::new("GET", "/who").with_headers(&headers);
    assert_eq!(
        ask(&shelf, &who),
        ok(r#"{"caller":null,"request_id":null,"agent":"test"}"#)
    );
}
