use super::*;
use crate::scene::DEADLINE;
use plugin_api::serde_json::{Value, json};
use std::time::Instant;
use testkit::{Ask, Testkit};

fn kit(config: Value) -> Testkit<Jobs> {
    Testkit::builder().config(config).start().unwrap()
}

fn session(kit: &Testkit<Jobs>) -> String {
    let registered = kit.post("/register_session", &json!({})).unwrap();
    let registered: Value = registered.read_json().unwrap();
    registered["sid"].as_str().unwrap().to_owned()
}

fn post(kit: &Testkit<Jobs>, route: &str, sid: &str, body: &Value) -> (u16, Value) {
    let answer = kit.post(&format!("/{route}/{sid}"), body).unwrap();
    (answer.status(), answer.read_json().unwrap())
}

fn get(kit: &Testkit<Jobs>, route: &str, sid: &str, query: &str) -> (u16, Value) {
    let answer = kit
        .request(Ask::get(&format!("/{route}/{sid}?{query}")))
        .unwrap();
    (answer.status(), answer.read_json().unwrap())
}

/// The id of a job that was submitted.
fn submit(kit: &Testkit<Jobs>, sid: &str, body: &Value) -> String {
    let (status, submitted) = post(kit, "submit", sid, body);
    assert_eq!(status, 200, "{submitted}");
    submitted["job_id"].as_str().unwrap().to_owned()
}

/// How a job does once it is in that state.
fn wait_for(kit: &Testkit<Jobs>, sid: &str, id: &str, state: &str) -> Value {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let (_, status) = get(kit, "status", sid, &format!("job_id={id}"));
        if status["state"] == state {
            return status;
        }
        assert!(Instant::now() < deadline, "{status}");
        std::thread::yield_now();
    }
}

#[test]
fn a_job_runs_and_its_output_is_there() {
    let kit = kit(json!({ "directory": "/" }));
    let sid = session(&kit);
    let body = json!({ "command": ["sh", "-c", "pwd; echo $A >&2; exit 3"], "name": "n", "env": { "A": "b" } });
    let id = submit(&kit, &sid, &body);
    let status = wait_for(&kit, &sid, &id, "failed");
    assert_eq!(
        (
            &status["job_id"],
            &status["name"],
            &status["exit_code"],
            &status["signal"]
        ),
        (&json!(id), &json!("n"), &json!(3), &Value::Null)
    );
    let output = |query: &str| get(&kit, "output", &sid, &format!("job_id={id}{query}"));
    let told = |stream, output: &str| {
        let size = output.len();
        json!({ "job_id": id, "stream": stream, "output": output, "size": size, "dropped": 0 })
    };
    assert_eq!(output(""), (200, told("stdout", "/\n")));
    assert_eq!(output("&stream=stderr"), (200, told("stderr", "b\n")));
    assert_eq!(output("&stream=both").0, 400);
    let listed = get(&kit, "jobs", &sid, "");
    assert_eq!(listed, (200, json!({ "jobs": [status] })));
}

#[test]
fn each_change_is_a_notification() {
    let kit = kit(json!({}));
    let sid = session(&kit);
    let id = submit(&kit, &sid, &json!({ "script": "exit 0" }));
    let ended = wait_for(&kit, &sid, &id, "completed");
    // What is told may come a moment later than what is asked for.
    let deadline = Instant::now() + DEADLINE;
    let told = loop {
        let told: Vec<Value> = kit
            .published()
            .iter()
            .map(|event| event.json().unwrap())
            .collect();
        if told.len() == 2 {
            break told;
        }
        assert!(Instant::now() < deadline, "{told:?}");
        std::thread::yield_now();
    };
    assert!(
        kit.published()
            .iter()
            .all(|event| event.topic == "notifications")
    );
    assert_eq!(
        (&told[0]["topic"], &told[0]["data"]["state"]),
        (&json!("job_status"), &json!("running"))
    );
    assert_eq!(told[1]["data"], ended);
    // The session's id is a secret, and notifications go to everybody.
    assert!(!told.iter().any(|told| told.to_string().contains(&sid)));
}

#[test]
fn a_session_takes_its_jobs_with_it() {
    let kit = kit(json!({ "running": 1 }));
    let (one, other) = (session(&kit), session(&kit));
    let endless = json!({ "command": ["sleep", "3600"] });
    let runs = submit(&kit, &one, &endless);
    wait_for(&kit, &one, &runs, "running");
    let waits = submit(&kit, &other, &endless);
    assert_eq!(
        get(&kit, "status", &other, &format!("job_id={runs}")).0,
        404
    );
    let ended = kit
        .post(&format!("/unregister_session/{one}"), &json!({}))
        .unwrap();
    assert_eq!(ended.status(), 200);
    wait_for(&kit, &other, &waits, "running");
    let (status, _) = post(&kit, "cancel", &other, &json!({ "job_id": waits }));
    assert_eq!(status, 200);
    let status = wait_for(&kit, &other, &waits, "cancelled");
    assert_eq!(status["signal"], 15);
    let again = post(&kit, "cancel", &other, &json!({ "job_id": waits }));
    assert_eq!(
        again,
        (
            409,
            json!({ "detail": format!("job {waits} has ended: cancelled") })
        )
    );
}

#[test]
fn jobs_end_with_the_plugin() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let kit = kit(json!({ "cancel_on_close": false, "grace_ms": 50 }));
    let sid = session(&kit);
    // It does not end when it is asked to.
    let script = format!(
        "trap '' TERM; echo $$ > {0}.new; mv {0}.new {0}; while :; do sleep 0.01; done",
        path.display()
    );
    submit(&kit, &sid, &json!({ "script": script }));
    let deadline = Instant::now() + DEADLINE;
    while !path.exists() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let pid = std::fs::read_to_string(&path).unwrap();
    kit.stop().unwrap();
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn what_is_wrong_is_told() {
    let kit = kit(json!({ "jobs_per_session": 1, "wall_limit_s": 60 }));
    let sid = session(&kit);
    let (status, refused) = post(&kit, "submit", &sid, &json!({}));
    let said = "expected either `command` or `script`, found neither";
    assert_eq!((status, refused), (400, json!({ "detail": said })));
    let unknown = json!({ "command": ["true"], "shell": true });
    assert_eq!(post(&kit, "submit", &sid, &unknown).0, 400);
    submit(&kit, &sid, &json!({ "command": ["sleep", "3600"] }));
    let full = post(&kit, "submit", &sid, &json!({ "command": ["true"] }));
    let said = "the session has 1 jobs that have not ended, which is the most";
    assert_eq!(full, (429, json!({ "detail": said })));
    let (status, refused) = get(&kit, "status", &sid, "job_id=job-9");
    assert_eq!(
        (status, refused),
        (404, json!({ "detail": "unknown job id: job-9" }))
    );
    assert_eq!(get(&kit, "status", &sid, "").0, 400);
    assert_eq!(kit.health().unwrap().metadata()["active"], 1);
}
