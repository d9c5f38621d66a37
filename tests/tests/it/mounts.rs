//! Runs a test of this binary in a namespace of users and mounts of its own, where it may mount
//! what it needs.

use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

fn unshare() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.arg("-rm").stdin(Stdio::null());
    unshare
}

/// The ignored test has to pass there, told by that variable that it is the child; where this system
/// gives no such namespace, that is said.
pub fn passes(test: &str, variable: &str, value: impl AsRef<OsStr>) {
    let is_given = unshare().arg("true").status();
    if !is_given.is_ok_and(|status| status.success()) {
        println!("not tested: this system gives no namespace of mounts to this user");
        return;
    }
    let mut child = unshare();
    child.arg(env::current_exe().unwrap());
    child.args(["--exact", test, "--ignored"]);
    child.args(["--nocapture", "--test-threads", "1"]);
    let output = child.env(variable, value).output().unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("test result: ok. 1 passed"), "{text}");
}

/// Mounts a tmpfs, in such a child.
pub fn mount(options: &str, dir: &Path) {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "none"]).arg(dir);
    assert!(mount.status().unwrap().success());
}
