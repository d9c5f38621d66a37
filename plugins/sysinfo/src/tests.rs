use super::*;
use plugin_api::serde_json::{Value, json};
use testkit::{Ask, Testkit};

fn kit() -> Testkit<Sysinfo> {
    Testkit::builder().start().unwrap()
}

#[test]
fn a_session_sees_the_machine() {
    let kit = kit();
    let registered: Value = kit
        .post("/register_session", &json!({}))
        .unwrap()
        .read_json()
        .unwrap();
    let path = format!("/metrics/{}", registered["sid"].as_str().unwrap());
    for method in ["GET", "POST"] {
        let answer = kit.request(Ask::new(method, &path)).unwrap();
        assert_eq!(answer.status(), 200);
        let overview: Value = answer.read_json().unwrap();
        let keys: Vec<&String> = overview.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["system", "cpu", "memory", "disks", "network", "gpus"]
        );
        assert!(overview["cpu"]["cores_logical"].as_u64().unwrap() > 0);
    }
    assert_eq!(kit.get("/metrics/session.0").unwrap().status(), 404);
}

#[test]
fn where_it_runs_is_told() {
    let kit = kit();
    for method in ["GET", "POST"] {
        let answer = kit.request(Ask::new(method, "/homedir")).unwrap();
        let home: Value = answer.read_json().unwrap();
        let expected = std::env::home_dir().unwrap().to_string_lossy().into_owned();
        assert_eq!(home, json!({ "homedir": expected }));
        let role: Value = kit
            .request(Ask::new(method, "/host_role"))
            .unwrap()
            .read_json()
            .unwrap();
        let keys: Vec<&String> = role.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["role", "scheduler", "job_id"]);
    }
}
