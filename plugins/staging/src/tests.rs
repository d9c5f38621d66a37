use super::*;
use crate::scene::Scene;
use base64::{Engine, engine::general_purpose::STANDARD};
use plugin_api::serde_json::{Value, json};
use testkit::{Ask, Testkit};

/// The plugin with the directories of a scene, and a session.
struct Stage {
    scene: Scene,
    kit: Testkit<Staging>,
    sid: String,
}

impl Stage {
    fn new(more: Value) -> Self {
        let scene = Scene::new();
        let mut config = json!({
            "roots": [scene.at("data")],
            "home_dir": scene.at("home"),
            "temp_dir": scene.at("temp"),
        });
        let object = config.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        let kit = Testkit::builder().config(config).start().unwrap();
        let registered = kit.post("/register_session", &json!({})).unwrap();
        let registered: Value = registered.read_json().unwrap();
        let sid = registered["sid"].as_str().unwrap().to_owned();
        Self { scene, kit, sid }
    }

    fn post(&self, route: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .kit
            .post(&format!("/{route}/{}", self.sid), body)
            .unwrap();
        (answer.status(), answer.read_json().unwrap())
    }

    /// An answer in parts, and all of it.
    fn download(&self, path: &str, headers: &[(&str, &str)]) -> (Response, Vec<u8>) {
        let mut ask = Ask::get(&format!("/download/{}?path={path}", self.sid));
        for (name, value) in headers {
            ask = ask.header(name, value);
        }
        let sent = self.kit.send(ask);
        let answer = sent.answer().unwrap().unwrap();
        if let Some(ended) = sent.ended() {
            ended.unwrap();
        }
        (answer, sent.parts().concat())
    }

    fn upload(&self, query: &str, parts: &[&str]) -> (u16, Value) {
        let mut ask = Ask::new("PUT", &format!("/upload/{}?path=~/a&{query}", self.sid));
        for part in parts {
            ask = ask.part(*part);
        }
        let answer = self.kit.request(ask).unwrap();
        (answer.status(), answer.read_json().unwrap())
    }

    fn shown(&self, path: &str) -> String {
        self.scene.at(path).display().to_string()
    }
}

fn detail(text: impl Into<String>) -> Value {
    json!({ "detail": text.into() })
}

#[test]
fn a_file_goes_there_and_comes_back() {
    let stage = Stage::new(json!({}));
    let content = STANDARD.encode([0, 1, 254, 255]);
    let put = json!({ "filename": "~/a", "content": content });
    let path = stage.shown("home/a");
    assert_eq!(
        stage.post("put", &put),
        (200, json!({ "path": path, "size": 4 }))
    );
    let exists = detail(format!("Target already exists: {path}"));
    assert_eq!(stage.post("put", &put), (409, exists));
    let get = json!({ "filename": path });
    let got = json!({ "path": path, "size": 4, "content": content });
    assert_eq!(stage.post("get", &get), (200, got));
    let list = json!({ "path": "~", "entries": [{ "name": "a", "type": "file", "size": 4 }] });
    let (status, mut listed) = stage.post("list", &json!({ "path": "~" }));
    assert_eq!(listed["path"], stage.shown("home"));
    listed["path"] = json!("~");
    assert_eq!((status, listed), (200, list));
}

#[test]
fn what_is_wrong_is_told() {
    let stage = Stage::new(json!({ "get_limit_bytes": 3 }));
    stage.scene.file("home/large", "1234");
    let at = |path| stage.shown(path);
    let outside = |path| {
        let at = at(path);
        detail(format!(
            "{at}: lies in none of the directories that files may be in"
        ))
    };
    for (route, body, expected) in [
        (
            "put",
            json!({ "content": "" }),
            (400, detail("Missing 'filename'")),
        ),
        (
            "put",
            json!({ "filename": "" }),
            (400, detail("Missing 'filename'")),
        ),
        (
            "put",
            json!({ "filename": "~/a" }),
            (400, detail("Missing 'content'")),
        ),
        (
            "put",
            json!({ "filename": "~/a", "content": "?" }),
            (
                400,
                detail("content: expected base64: Invalid symbol 63, offset 0."),
            ),
        ),
        (
            "put",
            json!({ "filename": at("outside/a"), "content": "" }),
            (403, outside("outside/a")),
        ),
        (
            "put",
            json!({ "filename": "~/none/a", "content": "" }),
            (
                404,
                detail(format!("Directory not found: {}", at("home/none"))),
            ),
        ),
        ("get", json!({}), (400, detail("Missing 'filename'"))),
        (
            "get",
            json!({ "filename": "~/none" }),
            (404, detail(format!("File not found: {}", at("home/none")))),
        ),
        (
            "get",
            json!({ "filename": "~/large" }),
            (
                413,
                detail(format!(
                    "{}: has 4 bytes, and an answer holds 3: use GET download/{{sid}}",
                    at("home/large")
                )),
            ),
        ),
        ("list", json!({}), (400, detail("Missing 'path'"))),
        (
            "list",
            json!({ "path": "~/large" }),
            (
                400,
                detail(format!("Not a directory: {}", at("home/large"))),
            ),
        ),
        (
            "list",
            json!({ "path": "~/none" }),
            (404, detail(format!("File not found: {}", at("home/none")))),
        ),
        (
            "list",
            json!({ "path": "/etc" }),
            (
                403,
                detail("/etc: lies in none of the directories that files may be in"),
            ),
        ),
    ] {
        assert_eq!(stage.post(route, &body), expected, "{route} {body}");
    }
    assert_eq!(stage.scene.names("home"), ["large"]);
}

#[test]
fn a_download_gives_a_file_or_a_range_of_it() {
    let stage = Stage::new(json!({}));
    let long: String = (0..100_000)
        .map(|number| format!("{number:06}\n"))
        .collect();
    stage.scene.file("home/a", &long);
    let (answer, bytes) = stage.download("~/a", &[]);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("content-length"), Some("700000"));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert!(bytes == long.as_bytes());
    let etag = answer.header("etag").unwrap().to_owned();

    let (answer, bytes) = stage.download("~/a", &[("range", "bytes=7-13"), ("if-range", &etag)]);
    assert_eq!((answer.status(), &*bytes), (206, "000001\n".as_bytes()));
    assert_eq!(answer.header("content-range"), Some("bytes 7-13/700000"));
    assert_eq!(answer.header("content-length"), Some("7"));
    let (answer, bytes) = stage.download("~/a", &[("range", "bytes=300000-")]);
    assert_eq!(answer.status(), 206);
    assert!(bytes == long.as_bytes()[300_000..]);

    let (answer, _) = stage.download("~/a", &[("range", "bytes=700000-")]);
    assert_eq!(answer.status(), 416);
    assert_eq!(answer.header("content-range"), Some("bytes */700000"));

    stage.scene.file("home/a", "other");
    let (answer, bytes) = stage.download("~/a", &[("range", "bytes=1-2"), ("if-range", &etag)]);
    assert_eq!((answer.status(), &*bytes), (200, "other".as_bytes()));
    stage.scene.file("home/a", "");
    let (answer, bytes) = stage.download("~/a", &[]);
    assert_eq!((answer.status(), &*bytes), (200, &b""[..]));
    assert_eq!(stage.download("~/none", &[]).0.status(), 404);
    assert_eq!(stage.download("/etc/passwd", &[]).0.status(), 403);
}

#[test]
fn an_upload_comes_in_parts_and_goes_on() {
    let stage = Stage::new(json!({}));
    let path = stage.shown("home/a");
    let told = |offset, complete| json!({ "path": path, "offset": offset, "complete": complete });
    let sent = stage.upload("size=10", &["012", "34"]);
    assert_eq!(sent, (200, told(5, false)));
    let how_far = || {
        let ask = Ask::get(&format!("/upload/{}?path=~/a&size=10", stage.sid));
        let answer = stage.kit.request(ask).unwrap();
        answer.header("upload-offset").unwrap().to_owned()
    };
    assert_eq!(how_far(), "5");
    let (status, refused) = stage.upload("size=10&offset=4", &["x"]);
    assert_eq!(status, 409, "{refused}");

    // The connection breaks off: what came stays.
    let ask = Ask::new(
        "PUT",
        &format!("/upload/{}?path=~/a&size=10&offset=5", stage.sid),
    );
    let cut = stage
        .kit
        .request(ask.part("56").cut("the client is gone"))
        .unwrap();
    assert!(cut.status() >= 400, "{}", cut.status());
    assert_eq!(how_far(), "7");
    assert_eq!(
        stage.upload("size=10&offset=7", &["789"]),
        (200, told(10, true))
    );
    assert_eq!(stage.scene.read("home/a"), "0123456789");
    assert_eq!(stage.upload("size=1", &["x"]).0, 409);
    assert_eq!(
        stage.upload("size=1&overwrite=true", &["x"]),
        (200, told(1, true))
    );
    assert_eq!(stage.upload("size=1&overwrite=true", &["xy"]).0, 400);
}

#[test]
fn an_upload_is_no_larger_than_it_may_be() {
    let stage = Stage::new(json!({ "max_upload_bytes": 4 }));
    let (status, said) = stage.upload("size=5", &["0"]);
    let path = stage.shown("home/a");
    let expected = detail(format!("{path}: expected 4 bytes at most, found 5"));
    assert_eq!((status, said), (413, expected));
    assert_eq!(stage.upload("size=4", &["0123"]).0, 200);
}

#[test]
fn without_a_session_nothing_is_moved() {
    let stage = Stage::new(json!({}));
    let unknown = stage.sid.replace(|digit: char| digit.is_ascii_digit(), "f");
    let put = json!({ "filename": "~/a", "content": "" });
    let answer = stage.kit.post(&format!("/put/{unknown}"), &put).unwrap();
    assert_eq!(answer.status(), 404);
    let ended = stage
        .kit
        .post(&format!("/unregister_session/{}", stage.sid), &json!({}));
    assert_eq!(ended.unwrap().status(), 200);
    assert_eq!(stage.post("put", &put).0, 404);
    assert_eq!(stage.scene.names("home"), [""; 0]);
}
