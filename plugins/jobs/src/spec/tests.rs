use super::*;
use plugin_api::serde_json::{Value, from_value, json};

fn defaults() -> Defaults {
    Defaults {
        directory: "/".into(),
        env: [("PATH".to_owned(), "/bin".to_owned())].into(),
        wall: Duration::from_secs(60),
    }
}

fn check(body: Value) -> Result<Spec, Fault> {
    from_value::<Submission>(body).unwrap().check(&defaults())
}

fn refused(body: Value) -> String {
    let fault = check(body).unwrap_err();
    assert_eq!(fault.status(), 400);
    fault.to_string()
}

#[test]
fn what_is_not_said_has_a_default() {
    let spec = check(json!({ "command": ["/usr/bin/true", "-x"] })).unwrap();
    assert_eq!(
        spec,
        Spec {
            work: Work::Command(vec!["/usr/bin/true".into(), "-x".into()]),
            name: "true".into(),
            directory: "/".into(),
            env: defaults().env,
            wall: Duration::from_secs(60),
        }
    );
    assert_eq!(check(json!({ "script": "true" })).unwrap().name, "script");
    assert_eq!(check(json!({ "command": ["-é"] })).unwrap().name, "command");
}

#[test]
fn what_is_said_holds() {
    let spec = check(json!({
        "script": "#!/bin/sh\n",
        "name": "a-1",
        "cwd": "/tmp",
        "env": { "PATH": "/x", "A_1": "b" },
        "limits": { "wall_s": 7 },
    }));
    let spec = spec.unwrap();
    assert_eq!(spec.work, Work::Script("#!/bin/sh\n".to_owned()));
    assert_eq!((&*spec.name, spec.directory), ("a-1", "/tmp".into()));
    let env = [("A_1", "b"), ("PATH", "/x")];
    assert!(spec.env.iter().map(|(k, v)| (&**k, &**v)).eq(env));
    assert_eq!(spec.wall, Duration::from_secs(7));
}

#[test]
fn what_is_wrong_is_named() {
    let command = |rest: Value| {
        let mut body = json!({ "command": ["true"] });
        let object = body.as_object_mut().unwrap();
        object.extend(rest.as_object().unwrap().clone());
        refused(body)
    };
    let name = "name: expected 1 to 64 letters, digits, `.`, `_` and `-`, the first no `-`, found ";
    for (said, expected) in [
        (
            refused(json!({})),
            "expected either `command` or `script`, found neither",
        ),
        (
            command(json!({ "script": "x" })),
            "expected either `command` or `script`, found both",
        ),
        (
            refused(json!({ "command": [] })),
            "command: expected a program, found none",
        ),
        (
            refused(json!({ "command": ["a", "b\0"] })),
            "command: expected no NUL, found one",
        ),
        (
            refused(json!({ "script": " \n" })),
            "script: expected lines, found none",
        ),
        (command(json!({ "name": "a b" })), &format!("{name}`a b`")),
        (
            command(json!({ "name": "--wrap" })),
            &format!("{name}`--wrap`"),
        ),
        (command(json!({ "name": "" })), &format!("{name}``")),
        (
            command(json!({ "cwd": "tmp" })),
            "cwd: expected an absolute path, found `tmp`",
        ),
        (
            command(json!({ "cwd": "/none" })),
            "cwd: /none: No such file or directory (os error 2)",
        ),
        (
            command(json!({ "env": { "A=B": "" } })),
            "env: expected names of letters, digits and `_`, the first no digit, found `A=B`",
        ),
        (
            command(json!({ "limits": { "wall_s": 61 } })),
            "limits.wall_s: expected 1 to 60 seconds, found 61",
        ),
        (
            command(json!({ "limits": { "wall_s": 0 } })),
            "limits.wall_s: expected 1 to 60 seconds, found 0",
        ),
    ] {
        assert_eq!(said, expected);
    }
    let long = refused(json!({ "script": "x".repeat(MOST_BYTES + 1) }));
    assert_eq!(
        long,
        "script: expected at most 1048576 bytes, found 1048577"
    );
}
