//! Can a file that changes all the time ever get into the store as something else than inspected?

use super::Bad;
use jackfield_loader::{Candidate, Code, ContentHash, Store, StoreError};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

const SWAPS: usize = 10_000;

/// Two plugins that differ in their ids and in nothing else.
fn two(plugin: &Path) -> [Vec<u8>; 2] {
    let bytes = fs::read(plugin).unwrap();
    let other = jackfield_tests::patched(bytes.clone(), &[("greeter", "gratter")]);
    [bytes, other]
}

/// Admits a path while `swap` keeps changing it; says how often it got in.
fn race(swap: impl Fn(&Path, &[u8], usize) + Sync) -> usize {
    let bad = Bad::new();
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path()).unwrap();
    let files = two(&bad.plugin);
    let done = AtomicUsize::new(0);
    let mut admitted = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..SWAPS {
                swap(&bad.plugin, &files[round % 2], round);
                done.store(round + 1, Ordering::Release);
            }
        });
        while done.load(Ordering::Acquire) < SWAPS {
            // Between two names there may be no file at all.
            let Ok(candidate) = Candidate::at(&bad.plugin) else {
                continue;
            };
            match store.admit(&candidate) {
                Ok(stored) => {
                    let bytes = fs::read(&stored.path).unwrap();
                    let hash = ContentHash(Sha256::digest(&bytes).into());
                    assert_eq!(hash, stored.hash, "the bytes are what their name says");
                    let id = stored.manifest.id.as_str();
                    let is_its_own = memchr::memmem::find(&bytes, id.as_bytes()).is_some();
                    assert!(is_its_own, "the manifest is that of the bytes");
                    admitted += 1;
                }
                Err(StoreError::Refused(refused)) => {
                    let code = refused.inspection.reasons[0].code;
                    let expected = [Code::Truncated, Code::NotARegularFile];
                    assert!(expected.contains(&code), "{refused:?}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
    let left: Vec<_> = fs::read_dir(state.path().join("store"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.parse::<ContentHash>().is_err())
        .collect();
    assert!(left.is_empty(), "nothing half-written stays: {left:?}");
    admitted
}

#[test]
fn by_renaming_another_over_it() {
    let admitted = race(|path, bytes, _| {
        let new = path.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(new, path).unwrap();
    });
    assert!(admitted > 0);
}

#[test]
fn by_writing_over_it_in_place() {
    race(|path, bytes, round| {
        // Now and then longer, so that sizes differ as well.
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len() + round % 3, 0);
        fs::write(path, bytes).unwrap();
    });
}
