//! Does a full disk cost a plugin nothing but the write that did not fit?
//!
//! The storage directory is a small tmpfs, in a namespace of users and mounts of its own.

use super::{ask, detail, echo_serves, keys, site, started};
use crate::mounts::{self, mount};
use std::{collections::BTreeMap, env, fs, path::PathBuf};

const SITE: &str = "JACKFIELD_TEST_FULL";

#[test]
fn on_a_small_disk() {
    let site = site();
    let dir = site.state().join("storage");
    fs::create_dir_all(&dir).unwrap();
    mounts::passes("storage::full::host", SITE, site.root());
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
    mount("size=6m", &dir);
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
