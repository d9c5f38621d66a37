//! Can a file that changes all the time ever get into the store as something else than inspected?

use super::Bad;
use jackfield_loader::{
    Candidate, Code, ContentHash, HostFacts, Loader, Options, Store, StoreError,
};
use jackfield_tests::{Site, broken};
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

/// How many hosts have to start while the file is swapped, at least.
const STARTS: usize = 50;

/// Starts a host on a file that is one of two plugins, whose constructors tell which; says whether
/// it was mapped.
fn is_what_it_says(site: &Site, number: usize) -> bool {
    let state = site.root().join(format!("state{number}"));
    let loader = Loader::open(Options::new(site.plugins(), &state)).unwrap();
    loader.start();
    let known: Vec<String> = loader
        .plugins()
        .iter()
        .map(|plugin| format!("id={}\n", plugin.id))
        .collect();
    drop(loader);
    let told = fs::read_to_string(state.join("told")).unwrap_or_default();
    let bytes = fs::read_dir(state.join("store")).unwrap().count();
    fs::remove_dir_all(&state).unwrap();
    assert!(
        told.is_empty() || known == [told.as_str()],
        "{told} ran, inspected was {known:?}, {bytes} contents are stored"
    );
    !told.is_empty()
}

#[test]
fn what_runs_is_what_was_inspected() {
    let site = Site::new();
    let facts = HostFacts::current();
    let dir = site.root();
    let path = broken(dir, "tells-who", facts.target, &facts.abi.to_string());
    let bytes = fs::read(path).unwrap();
    let other = jackfield_tests::patched(bytes.clone(), &[("tells-who", "shows-who")]);
    let (files, path) = ([bytes, other], site.plugins().join("libwho.so"));
    fs::write(&path, &files[0]).unwrap();
    let (swaps, starts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut mapped = 0;
    let is_enough =
        || swaps.load(Ordering::Acquire) >= SWAPS && starts.load(Ordering::Acquire) >= STARTS;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_enough() {
                let round = swaps.fetch_add(1, Ordering::AcqRel);
                let new = path.with_extension("new");
                fs::write(&new, &files[round % 2]).unwrap();
                fs::rename(new, &path).unwrap();
            }
        });
        while !is_enough() {
            let number = starts.fetch_add(1, Ordering::AcqRel);
            mapped += usize::from(is_what_it_says(&site, number));
        }
    });
    assert!(
        mapped > 0,
        "none of {} starts got so far",
        starts.into_inner()
    );
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
