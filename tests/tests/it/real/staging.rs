//! Does staging move files within its roots, as a library in a host?

use super::Scene;
use serde_json::{Value, json};
use std::{fs, os::unix::fs::symlink};
use tempfile::TempDir;

#[test]
fn files_are_moved_within_the_roots() {
    let dir = TempDir::with_prefix("staging-").unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["home", "temp", "outside"] {
        fs::create_dir(at(name)).unwrap();
    }
    symlink(at("outside"), at("home/out")).unwrap();
    let config = json!({ "home_dir": at("home"), "temp_dir": at("temp") });
    let scene = Scene::start("staging", &config);
    let sid = scene.register();
    let post = |route: &str, body: Value| scene.json("POST", &format!("/{route}/{sid}"), &body);

    let put = json!({ "filename": "~/a", "content": "aGVsbG8=", "overwrite": false });
    let path = at("home/a").display().to_string();
    assert_eq!(
        post("put", put.clone()),
        (200, json!({ "path": path, "size": 5 }))
    );
    let exists = json!({ "detail": format!("Target already exists: {path}") });
    assert_eq!(post("put", put), (409, exists));
    let got = json!({ "path": path, "size": 5, "content": "aGVsbG8=" });
    assert_eq!(post("get", json!({ "filename": "~/a" })), (200, got));
    let (status, listed) = post("list", json!({ "path": "~" }));
    let entries = json!([
        { "name": "a", "type": "file", "size": 5 },
        { "name": "out", "type": "unknown", "size": 0 },
    ]);
    assert_eq!((status, &listed["entries"]), (200, &entries));

    for escaping in ["~/out/a", "~/../outside/a", "/etc/a"] {
        let put = json!({ "filename": escaping, "content": "" });
        assert_eq!(post("put", put).0, 403, "{escaping}");
    }
    assert_eq!(fs::read_dir(at("outside")).unwrap().count(), 0);

    let upload = format!("/upload/{sid}?path=~/b&size=5");
    let first = scene.ask("PUT", &upload, b"hel");
    assert_eq!(
        first.status,
        200,
        "{}",
        String::from_utf8_lossy(&first.body)
    );
    let (status, progress) = scene.json("GET", &upload, &Value::Null);
    assert_eq!((status, &progress["offset"]), (200, &json!(3)));
    assert_eq!(
        scene
            .ask("PUT", &format!("{upload}&offset=3"), b"lo")
            .status,
        200
    );
    assert_eq!(fs::read(at("home/b")).unwrap(), b"hello");
    let (status, _) = scene.json("GET", &format!("/download/{sid}?path=~/none"), &Value::Null);
    assert_eq!(status, 404);
    scene.stop();
}
