//! Are files refused that others can write, by the rules and no further?

use super::Bad;
use jackfield_loader::{Code, Index, Listed, Scan, Trust, scan};
use jackfield_tests::made;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::Path,
};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn under(trust: Trust, dir: &Path) -> Scan {
    scan(&[dir], trust, &mut Index::in_memory())
}

#[track_caller]
fn refused(dir: &Path, messages: &[String]) {
    let strict = under(Trust::Strict, dir);
    let [listed] = &strict.rejected[..] else {
        panic!("expected one rejected file: {strict:?}");
    };
    let reasons = &listed.reasons;
    assert!(
        listed.manifest().is_some(),
        "what it says of itself is known all the same"
    );
    assert!(reasons.iter().all(|reason| reason.code == Code::Untrusted));
    let found: Vec<_> = reasons.iter().map(|reason| &reason.message).collect();
    assert_eq!(found, messages.iter().collect::<Vec<_>>());

    let lax = under(Trust::Lax, dir);
    let [Listed { warnings, .. }] = &lax.plugins[..] else {
        panic!("expected one plugin: {lax:?}");
    };
    assert_eq!(warnings, messages);
}

#[test]
fn what_only_the_owner_can_write_is_trusted() {
    let bad = Bad::new();
    chmod(&bad.plugin, 0o755);
    let strict = under(Trust::Strict, bad.dir.path());
    assert_eq!((strict.plugins.len(), strict.rejected.len()), (1, 0));
}

#[test]
fn a_file_that_others_can_write() {
    let bad = Bad::new();
    let plugin = bad.plugin.display();
    for (mode, who) in [
        (0o664, "group"),
        (0o646, "others"),
        (0o666, "group and others"),
    ] {
        chmod(&bad.plugin, mode);
        let message =
            format!("{plugin} is writable by {who} (mode {mode:04o}): run chmod go-w {plugin}");
        refused(bad.dir.path(), &[message]);
    }
}

#[test]
fn a_directory_that_others_can_write() {
    let bad = Bad::new();
    let dir = bad.dir.path();
    chmod(dir, 0o775);
    let shown = dir.display();
    let message = format!("{shown} is writable by group (mode 0775): run chmod go-w {shown}");
    refused(dir, &[message]);
}

#[test]
fn a_file_of_somebody_else() {
    let bad = Bad::new();
    // Only root can give files away; nobody else can have such a file in a directory of their own.
    if chown(&bad.plugin, Some(12_345), None).is_err() {
        return;
    }
    let plugin = bad.plugin.display();
    let message = format!("{plugin} belongs to user 12345, expected user 0 or root: chown it");
    refused(bad.dir.path(), &[message]);
}

#[test]
fn a_link_out_of_the_directory() {
    let bad = Bad::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = made::plugin(elsewhere.path(), "libfar.so", "far");
    let link = bad.dir.path().join("liblink.so");
    symlink(&target, &link).unwrap();
    fs::remove_file(&bad.plugin).unwrap();
    let strict = under(Trust::Strict, bad.dir.path());
    let [listed] = &strict.plugins[..] else {
        panic!("a link to a trusted file is followed: {strict:?}");
    };
    assert_eq!(listed.manifest().unwrap().id.as_str(), "far");
    let candidate = &listed.candidate;
    assert_eq!(candidate.path, link);
    assert_eq!(
        candidate.target.as_ref(),
        Some(&target.canonicalize().unwrap())
    );

    chmod(&target, 0o666);
    let target = target.canonicalize().unwrap();
    let shown = target.display();
    let file =
        format!("{shown} is writable by group and others (mode 0666): run chmod go-w {shown}");
    refused(bad.dir.path(), std::slice::from_ref(&file));

    chmod(elsewhere.path(), 0o777);
    let parent = target.parent().unwrap().display();
    let dir =
        format!("{parent} is writable by group and others (mode 0777): run chmod go-w {parent}");
    refused(bad.dir.path(), &[dir, file]);
}
