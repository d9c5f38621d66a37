//! Is the manifest of a real library in its first page, and does it survive `strip`?
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use jackfield_manifest::{
    Manifest,
    note::{Order, read},
};
use jackfield_tests::library;
use std::{fs, path::Path, process::Command};

/// One page: what a host reads of a file that it has never seen.
const PAGE: usize = 4096;

/// The manifest in the first page, found by the owner's name.
fn manifest(path: &Path) -> Manifest {
    let bytes = fs::read(path).unwrap();
    let page = &bytes[..PAGE];
    let owner = page.windows(10).position(|owner| owner == b"Jackfield\0");
    let begin = owner.expect("the note is in the first page") - 12;
    let length = u32::from_le_bytes(page[begin + 4..begin + 8].try_into().unwrap());
    let end = begin + 24 + usize::try_from(length).unwrap();
    assert!(begin.is_multiple_of(4) && end <= PAGE);
    let note = &page[begin..end.next_multiple_of(4)];
    let text = read(note, Order::HOST, 4).unwrap().unwrap();
    let (manifest, warnings) = Manifest::parse(text).unwrap();
    assert_eq!(warnings, []);
    manifest
}

#[test]
fn it_is_found_without_running_the_library() {
    let manifest = manifest(&library("echo"));
    assert_eq!(manifest.id.as_str(), "echo");
    assert_eq!(manifest.version.to_string(), "1.0.0");
    let build = manifest.build;
    assert_eq!(build.abi, jackfield_abi::abi_version());
    assert!(build.rustc.starts_with("rustc 1."), "{}", build.rustc);
    assert!(build.target.contains("-linux-"), "{}", build.target);
    assert_eq!(build.panic, jackfield_manifest::Panic::Unwind);
}

#[test]
fn it_survives_strip() {
    let folder = tempfile::tempdir().unwrap();
    let stripped = folder.path().join("libecho.so");
    let strip = Command::new("strip")
        .args(["--strip-all", "-o"])
        .args([stripped.as_path(), &library("echo")])
        .status();
    // A machine that compiles Rust has a linker, but it may have no binutils.
    if let Ok(status) = strip {
        assert!(status.success());
        assert_eq!(manifest(&stripped), manifest(&library("echo")));
    }
}
