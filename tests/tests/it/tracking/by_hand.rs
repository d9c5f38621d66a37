//! Can metrics, parameters and artifacts be logged by hand and over the bus, and is what is no good
//! refused with what is wrong?

use super::{Scene, ask, get, kept, no_config, post, refused, stop, until};
use jackfield_loader::Loader;
use serde_json::{Value, json};
use std::fs;

fn started(config: Value) -> (Scene, Loader) {
    let scene = Scene::new()
        .tracked(1, json!({"backend": "keeps"}))
        .with("tracker", config);
    let loader = scene.start();
    (scene, loader)
}

#[test]
fn what_is_logged_by_hand_arrives() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("model.bin");
    fs::write(&file, "weights").unwrap();
    let (_scene, loader) = started(json!({"artifact_roots": [place.path()]}));
    let queued = |path: &str, body: Value| {
        let (status, body) = post(&loader, "tracker", path, body);
        assert_eq!(status, 202, "{body}");
        assert_eq!(body["targets"], json!(["tracked-0001"]));
    };
    queued("/metric", json!({"name": "loss", "value": 0.5}));
    queued(
        "/metric",
        json!([{"name": "acc", "value": 1, "step": 3, "source": "train"}]),
    );
    queued(
        "/params",
        json!({"params": {"lr": 0.1, "deep": {"a": [1]}}}),
    );
    queued("/artifact", json!({"path": file}));
    queued(
        "/artifact",
        json!({"path": file, "artifact_path": "models/best.bin"}),
    );
    let some = until("the artifacts", || {
        let kept = kept(&loader, 1, 2);
        (kept["artifacts"].as_array().unwrap().len() == 2).then_some(kept)
    });
    let file = file.canonicalize().unwrap();
    assert_eq!(
        some,
        json!({
            "metrics": [
                {"name": "loss", "value": 0.5, "step": null},
                {"name": "acc", "value": 1.0, "step": 3},
            ],
            "params": {"lr": 0.1, "deep": {"a": [1]}},
            "artifacts": [[file, "model.bin"], [file, "models/best.bin"]],
        })
    );
    stop(&loader);
}

#[test]
fn what_is_no_good_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (_scene, loader) = started(json!({"artifact_roots": [place.path()]}));
    let refused =
        |path: &str, body: Value| refused(&loader, "tracker", "POST", path, &body.to_string());
    let name = "expected a name of 1 to 512 bytes without control characters, found an empty one";
    assert_eq!(
        refused("/metric", json!({"name": "", "value": 1})),
        (400, name.to_owned())
    );
    assert_eq!(
        refused("/params", json!({"params": {"": 1}})),
        (400, name.to_owned())
    );
    assert_eq!(refused("/metric", json!({"name": "a"})).0, 400);
    // One keeps all out: at the end there is nothing that was queued.
    let one = json!([{"name": "a", "value": 1}, {"name": "a", "value": 1, "source": ""}]);
    assert_eq!(refused("/metric", one), (400, name.to_owned()));
    let many = vec![json!({"name": "a", "value": 1}); 10_001];
    assert_eq!(
        refused("/metric", json!(many)),
        (
            400,
            "expected at most 10000 metrics, found 10001".to_owned()
        )
    );
    let outside = tempfile::NamedTempFile::new().unwrap();
    let shown = outside.path().display();
    assert_eq!(
        refused("/artifact", json!({"path": outside.path()})),
        (
            403,
            format!("{shown}: lies in none of the directories of `artifact_roots`")
        )
    );
    // A link inside that leads outside is where it leads.
    let link = place.path().join("link");
    std::os::unix::fs::symlink(outside.path(), &link).unwrap();
    assert_eq!(refused("/artifact", json!({"path": link})).0, 403);
    let inside = place.path().join("a");
    fs::write(&inside, "a").unwrap();
    assert_eq!(
        refused(
            "/artifact",
            json!({"path": inside, "artifact_path": "../a"})
        ),
        (
            400,
            "expected a relative path of at most 512 bytes, such as \"models/best.bin\", found \
             \"../a\""
                .to_owned()
        )
    );
    let (status, _) = ask(&loader, "tracker", "POST", "/metric", "no JSON");
    assert_eq!(status, 400);
    assert_eq!(
        refused("/collect?source=nobody", Value::Null),
        (404, "no collector of `nobody` runs".to_owned())
    );
    assert_eq!(
        super::refused(
            &loader,
            "tracker",
            "GET",
            "/rules?source=a&metric=b&type=c",
            ""
        ),
        (
            400,
            "type: expected `metric`, `params` or `artifact`, found `c`".to_owned()
        )
    );
    post(
        &loader,
        "tracker",
        "/metric",
        json!({"name": "b", "value": 1}),
    );
    assert_eq!(kept(&loader, 1, 1)["metrics"][0]["name"], "b");
    stop(&loader);
}

#[test]
fn what_fits_in_no_queue_is_refused_and_costs_nobody_else() {
    let (_scene, loader) = started(json!({"queue_bytes": 1024}));
    let params = json!({"params": {"text": "x".repeat(300)}}).to_string();
    assert_eq!(
        refused(&loader, "tracker", "POST", "/params", &params),
        (
            413,
            "expected what takes at most 1024 bytes in memory (`queue_bytes`), found 1340: give \
             less at a time, or raise it"
                .to_owned()
        )
    );
    post(
        &loader,
        "tracker",
        "/metric",
        json!({"name": "b", "value": 1}),
    );
    assert_eq!(kept(&loader, 1, 1)["params"], json!({}));
    stop(&loader);
}

#[test]
fn without_roots_no_file_can_be_named() {
    let (_scene, loader) = started(no_config());
    let body = json!({"path": "/etc/hostname"}).to_string();
    assert_eq!(
        refused(&loader, "tracker", "POST", "/artifact", &body),
        (
            403,
            "/etc/hostname: lies in none of the directories of `artifact_roots`".to_owned()
        )
    );
    stop(&loader);
}

#[test]
fn what_plugins_publish_is_a_metric_of_theirs() {
    let (_scene, loader) = started(no_config());
    let publish = |topic: &str, payload: Value| {
        let path = format!("/publish/{topic}");
        let (status, _) = post(&loader, "tracked-0001", &path, payload);
        assert_eq!(status, 204);
    };
    publish("metrics.loss", json!(0.5));
    publish("metrics.tracked-0001.acc", json!({"value": 1, "step": 4}));
    publish("metrics", json!({"loss": 3}));
    publish("metrics.gpu", json!({"load": 2, "name": "x"}));
    publish("metrics.both", json!({"value": 1, "loss": 2}));
    let some = kept(&loader, 1, 5);
    assert_eq!(
        some["metrics"],
        json!([
            {"name": "tracked-0001.loss", "value": 0.5, "step": null},
            {"name": "tracked-0001.acc", "value": 1.0, "step": 4},
            {"name": "tracked-0001.gpu.load", "value": 2.0, "step": null},
            {"name": "tracked-0001.both.value", "value": 1.0, "step": null},
            {"name": "tracked-0001.both.loss", "value": 2.0, "step": null},
        ])
    );
    assert_eq!(get(&loader, "tracker", "/status")["skipped"], 1);
    stop(&loader);
}
