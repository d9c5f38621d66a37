//! Do jobs run, and end with the plugin, as a library in a host?

use super::Scene;
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} in time");
        thread::yield_now();
    }
}

#[test]
fn a_job_runs_is_told_and_cancelled() {
    let scene = Scene::start("jobs", &json!({ "directory": "/" }));
    let sid = scene.register();
    let submit = |body: Value| {
        let (status, submitted) = scene.json("POST", &format!("/submit/{sid}"), &body);
        assert_eq!(status, 200, "{submitted}");
        submitted["job_id"].as_str().unwrap().to_owned()
    };
    let ended = |id: &str| {
        wait_for("the end", || {
            let status = scene.get(&format!("/status/{sid}?job_id={id}"));
            let state = status["state"].as_str().unwrap();
            (!matches!(state, "queued" | "running")).then_some(status)
        })
    };
    let id = submit(json!({ "command": ["echo", "a  b", "$HOME"] }));
    assert_eq!(ended(&id)["exit_code"], 0);
    let output = scene.get(&format!("/output/{sid}?job_id={id}&stream=stdout"));
    assert_eq!(output["output"], "a  b $HOME\n");

    let id = submit(json!({ "command": ["sleep", "3600"] }));
    let cancel = format!("/cancel/{sid}");
    let (status, _) = scene.json("POST", &cancel, &json!({ "job_id": id }));
    assert_eq!(status, 200);
    assert_eq!(ended(&id)["state"], "cancelled");
    assert_eq!(
        scene.get(&format!("/jobs/{sid}"))["jobs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    scene.stop();
}

#[test]
fn nothing_of_a_job_outlives_the_plugin() {
    let dir = TempDir::with_prefix("jobs-").unwrap();
    let path = dir.path().join("pids");
    let scene = Scene::start("jobs", &json!({ "grace_ms": 50, "cancel_on_close": false }));
    let sid = scene.register();
    // Neither the job nor what it starts ends when it is asked to.
    let stubborn = "trap '' TERM; while :; do sleep 0.01; done";
    let script = format!(
        "trap '' TERM; sh -c \"{stubborn}\" & echo $$ $! > {0}.new; mv {0}.new {0}; wait",
        path.display()
    );
    let (status, _) = scene.json(
        "POST",
        &format!("/submit/{sid}"),
        &json!({ "script": script }),
    );
    assert_eq!(status, 200);
    let pids = wait_for("the job", || fs::read_to_string(&path).ok());
    scene.stop();
    for pid in pids.split_whitespace() {
        let stat = Path::new("/proc").join(pid).join("stat");
        // A killed process that nobody waits for takes a moment to go.
        wait_for("its end", || match fs::read_to_string(&stat) {
            Ok(stat) => stat.contains(") Z ").then_some(()),
            Err(_) => Some(()),
        });
    }
}
