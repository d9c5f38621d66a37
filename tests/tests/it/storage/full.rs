//! Does a full disk cost a plugin nothing but the write that did not fit?
//!
//! The storage directory is a small tmpfs, in a namespace of users and mounts of its own.

use super::{ask, detail, echo_serves, keys, site, started};
use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

const SITE: &str = "JACKFIELD_TEST_FULL";

/// Mounts a tmpfs of 6 MiB in the first argument, then becomes what the others say.
const MOUNT: &str = "mount -t tmpfs -o size=6m none \"$1\" && shift && exec \"$@\"";

#[test]
fn on_a_small_disk() {
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.arg("-rm").stdin(Stdio::null());
        unshare
    };
    if !unshare()
        .arg("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("not tested: this system gives no namespace of mounts to this user");
        return;
    }
    let site = site();
    let dir = site.state().join("storage");
    fs::create_dir_all(&dir).unwrap();
    let mut child = unshare();
    child.args(["sh", "-c", MOUNT, "sh"]).arg(&dir);
    child.arg(env::current_exe().unwrap());
    child.args(["--exact", "storage::full::host", "--ignored"]);
    child.args(["--nocapture", "--test-threads", "1"]);
    let output = child.env(SITE, site.root()).output().unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("test result: ok. 1 passed"), "{text}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a child is told by its environment"
)]
fn root() -> Option<PathBuf> {
    env::var_os(SITE).map(PathBuf::from)
}

#[test]
#[ignore = "the child of the other"]
fn host() {
    let Some(root) = root() else { return };
    let dir = root.join("state/storage").canonicalize().unwrap();
    let ballast = dir.join("ballast");
    fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let loader = started(&root);
    let vault = loader.plugin("vault").unwrap();
    let mut acknowledged = BTreeMap::new();
    let value = vec![1; 100_000];
    let put = |number: usize| {
        let key = format!("{number:03}");
        (ask(&vault, "PUT", &format!("/keys/{key}"), &value), key)
    };
    let refused = (0..1000).find_map(|number| match put(number) {
        ((204, _), key) => {
            acknowledged.insert(key, value.len());
            None
        }
        (refused, _) => Some(refused),
    });
    let (status, body) = refused.expect("the disk is full");
    assert_eq!(status, 429, "{body}");
    assert!(acknowledged.len() > 5, "{acknowledged:?}");
    assert_eq!(
        detail(&body),
        format!(
            "{}: expected room on the disk, found none: No space left on device (os error 28): \
             make room, and write again; what was stored before is kept",
            dir.join("vault.redb").display()
        )
    );
    echo_serves(&loader);
    // Also while it is full.
    assert_eq!(keys(&vault), acknowledged);
    assert_eq!(put(990).0.0, 429);
    assert_eq!(keys(&vault), acknowledged);

    fs::remove_file(&ballast).unwrap();
    let (written, key) = put(991);
    assert_eq!(written.0, 204, "{}", written.1);
    acknowledged.insert(key, value.len());
    assert_eq!(keys(&vault), acknowledged);
    drop((vault, loader));

    let loader = started(&root);
    let vault = loader.plugin("vault").unwrap();
    assert_eq!(keys(&vault), acknowledged);
}
