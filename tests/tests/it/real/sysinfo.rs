//! Does sysinfo tell a session of the machine, in the form that clients know?

use super::Scene;
use serde_json::{Value, json};

/// The keys of an object.
fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

#[test]
fn a_session_sees_the_machine_in_the_form_that_clients_know() {
    let scene = Scene::start("sysinfo", &json!({}));
    let sid = scene.register();
    let metrics = scene.get(&format!("/metrics/{sid}"));
    assert_eq!(
        keys(&metrics),
        ["system", "cpu", "memory", "disks", "network", "gpus"]
    );
    assert_eq!(
        keys(&metrics["system"]),
        ["hostname", "uptime", "kernel", "arch"]
    );
    assert_eq!(
        keys(&metrics["cpu"]),
        [
            "model",
            "vendor",
            "cores_physical",
            "cores_logical",
            "percent",
            "load_avg",
            "freq_mhz"
        ]
    );
    assert_eq!(metrics["cpu"]["load_avg"].as_array().unwrap().len(), 3);
    assert_eq!(
        keys(&metrics["memory"]),
        ["total", "available", "percent", "used"]
    );
    for disk in metrics["disks"].as_array().unwrap() {
        assert_eq!(
            keys(disk),
            [
                "mount", "device", "fstype", "type", "total", "used", "percent"
            ]
        );
    }
    for interface in metrics["network"].as_array().unwrap() {
        assert_eq!(
            keys(interface),
            [
                "interface",
                "ip",
                "mac",
                "rx_bytes",
                "tx_bytes",
                "speed_mbps"
            ]
        );
    }
    assert_eq!(metrics["gpus"], json!([]));

    assert_eq!(keys(&scene.get("/homedir")), ["homedir"]);
    let role = scene.get("/host_role");
    assert_eq!(keys(&role), ["role", "scheduler", "job_id"]);
    assert!(["compute", "login", "bridge"].contains(&role["role"].as_str().unwrap()));
    scene.stop();
}
