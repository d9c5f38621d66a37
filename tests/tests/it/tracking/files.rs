//! Is a file that a plugin cannot use left as it is, with a reason that says what to do?

use super::{Scene, get, no_config, plugin, stop};
use jackfield_loader::State;
use serde_json::json;
use std::{fs, path::PathBuf};

const FILES: [(&str, &str); 2] = [
    ("sqlite-backend", "experiments.db"),
    ("log-store", "logs.db"),
];

/// A site whose plugin has run once, and its file.
fn used(id: &str, file: &str) -> (Scene, PathBuf) {
    let scene = Scene::new().with(id, no_config());
    let loader = scene.start();
    plugin(&loader, id);
    stop(&loader);
    let path = scene.site.state().join("data").join(id).join(file);
    (scene, path.canonicalize().unwrap())
}

/// Why it does not start; what it needs is there, so another plugin would.
fn cause(scene: &Scene, id: &str) -> String {
    let loader = scene.start();
    let status = loader.status(id).unwrap();
    assert_eq!(status.state, State::Failed, "{id}");
    status.cause.unwrap()
}

#[test]
fn a_file_of_a_later_version_is_refused_and_kept() {
    for (id, file) in FILES {
        let (scene, path) = used(id, file);
        let mut bytes = fs::read(&path).unwrap();
        // `user_version` in the header of a SQLite file, big-endian.
        bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
        fs::write(&path, &bytes).unwrap();
        assert_eq!(
            cause(&scene, id),
            format!(
                "initialize: {}: has schema version 9, this {id} knows 1: use the {id} that wrote \
                 it, or move the file away",
                path.display()
            )
        );
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_damaged_file_is_refused_and_kept() {
    for (id, file) in FILES {
        let (scene, path) = used(id, file);
        let text = "no database at all, just some text of a certain length".repeat(20);
        fs::write(&path, &text).unwrap();
        assert_eq!(
            cause(&scene, id),
            format!(
                "initialize: {}: not a SQLite file, or a damaged one (file is not a database): \
                 move it away, and a new one is made",
                path.display()
            )
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn the_file_of_another_plugin_is_refused() {
    let (_scene, other) = used("log-store", "logs.db");
    let (scene, path) = used("sqlite-backend", "experiments.db");
    fs::copy(other, &path).unwrap();
    assert_eq!(
        cause(&scene, "sqlite-backend"),
        format!(
            "initialize: {}: a SQLite file of another program: move it away, and a new one is made",
            path.display()
        )
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    for (id, file) in FILES {
        let (scene, path) = used(id, file);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let cause = cause(&scene, id);
        let begin = format!("initialize: {}: cannot be opened: ", path.display());
        assert!(cause.starts_with(&begin), "{cause}");
    }
}

#[test]
fn a_full_database_takes_nothing_more_and_loses_nothing() {
    let scene = Scene::new()
        .with("sqlite-backend", json!({"limit_mb": 1}))
        .with("tracker", no_config());
    let loader = scene.start();
    let name = "x".repeat(400);
    for batch in 0..3 {
        let many: Vec<_> = (0..2000)
            .map(|at| json!({"name": format!("{name}{batch}-{at}"), "value": 1}))
            .collect();
        super::post(&loader, "tracker", "/metric", json!(many));
    }
    let entry = super::until("the refusal", || {
        super::entry(&loader, "backends", "sqlite-backend")
            .filter(|entry| !entry["fault"].is_null() && entry["written"] != 0)
    });
    assert_eq!(
        entry["fault"],
        "no room is left for it: delete experiments, raise `limit_mb`, or free the disk"
    );
    let one = get(&loader, "sqlite-backend", "/experiments/current");
    assert!(
        one["metrics"].as_u64() >= entry["written"].as_u64(),
        "{one} {entry}"
    );
    stop(&loader);
}
