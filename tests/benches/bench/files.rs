//! Files looked at, listed again, and copied into the store.

use crate::report::{Bar, Bench, interleaved, interleaved_with};
use jackfield_loader::{Candidate, Index, Scan, Store, Trust, scan};
use jackfield_tests::made;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    hint::black_box,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

const FILES: usize = 1_000;
const ROUNDS: usize = 41;

/// Measures the rows of this file.
pub fn measure(bench: &mut Bench) {
    // First: ext4 takes a millisecond to make a file where many were removed a moment ago.
    if bench.wants("inspect.hash") {
        inspect_hash(bench);
    }
    if bench.wants("scan.cold") || bench.wants("list.warm") {
        let dir = directory();
        let paths = many(dir.path());
        if bench.wants("scan.cold") {
            scan_cold(bench, dir.path(), &paths);
        }
        if bench.wants("list.warm") {
            list_warm(bench, dir.path(), &paths);
        }
    }
}

/// Where cargo builds: less is made and removed there than among everybody's temporary files.
fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory")
}

/// One real library, and copies of it that differ in the id.
fn many(dir: &Path) -> Vec<PathBuf> {
    let first = made::plugin(dir, "first", "plugin-0000");
    let bytes = fs::read(&first).expect("just built");
    fs::remove_file(first).expect("just built");
    let places: Vec<usize> = (0..bytes.len() - 11)
        .filter(|&at| &bytes[at..at + 11] == b"plugin-0000")
        .collect();
    let files = (0..FILES).map(|number| {
        let mut bytes = bytes.clone();
        for &place in &places {
            bytes[place + 7..place + 11].copy_from_slice(format!("{number:04}").as_bytes());
        }
        let path = dir.join(format!("libplugin_{number:04}.so"));
        fs::write(&path, bytes).expect("the directory can be written");
        path
    });
    files.collect()
}

fn whole(scan: &Scan) {
    assert_eq!(scan.plugins.len(), FILES, "every file is a plugin");
}

fn scan_cold(bench: &mut Bench, dir: &Path, paths: &[PathBuf]) {
    let (subject, baseline) = interleaved(
        ROUNDS,
        || whole(&scan(&[dir], Trust::Lax, &mut Index::in_memory())),
        || {
            for path in paths {
                let mut page = [0; 4096];
                let file = File::open(path).expect("it is there");
                black_box(file.read_at(&mut page, 0).expect("it can be read"));
                black_box(&page);
            }
        },
    );
    bench.ratio(
        "scan.cold",
        "us/file",
        each(subject),
        each(baseline),
        Bar::Max(2.0),
    );
}

fn list_warm(bench: &mut Bench, dir: &Path, paths: &[PathBuf]) {
    let state = directory();
    loop {
        let mut index = Index::open(state.path(), "bench");
        whole(&scan(&[dir], Trust::Lax, &mut index));
        index.save().expect("the index can be written");
        // Files written a moment ago are not remembered yet.
        if index.len() == FILES {
            break;
        }
    }
    let (subject, baseline) = interleaved(
        ROUNDS,
        || {
            let mut index = Index::open(state.path(), "bench");
            let scan = scan(&[dir], Trust::Lax, &mut index);
            whole(&scan);
            for plugin in &scan.plugins {
                black_box(plugin.summary().expect("it has a manifest"));
            }
            index.save().expect("nothing changed");
        },
        || {
            for path in paths {
                black_box(fs::metadata(path).expect("it is there"));
            }
        },
    );
    bench.ratio(
        "list.warm",
        "us/file",
        each(subject),
        each(baseline),
        Bar::Max(2.0),
    );
}

fn each(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / FILES as f64
}

/// Sizes of libraries in bytes, how many there are of each in what is measured, and after how many
/// rounds a median is good enough.
const SIZES: [(usize, usize, usize); 2] = [(1_100_000, 200, 200), (10_000_000, 5, 25)];

/// Megabytes a second, of new libraries of the sizes that plugins have, each admitted once.
fn inspect_hash(bench: &mut Bench) {
    let dir = directory();
    let library = fs::read(made::plugin(dir.path(), "first", "plugin-0000")).expect("just built");
    let (mut bytes, mut subject, mut baseline) = (0, 0.0, 0.0);
    for (len, count, rounds) in SIZES {
        let times = admission(dir.path(), &library, len, rounds);
        bytes += len * count;
        subject += times.0.as_secs_f64() * count as f64;
        baseline += times.1.as_secs_f64() * count as f64;
    }
    let speed = |seconds: f64| bytes as f64 / seconds / 1e6;
    bench.ratio(
        "inspect.hash",
        "MB/s",
        speed(subject),
        speed(baseline),
        Bar::Min(0.7),
    );
}

/// How long one library of `len` bytes takes to be copied into the store, and its bytes in memory
/// to be hashed. Writing the original is not timed, and nothing is removed before the end.
fn admission(dir: &Path, library: &[u8], len: usize, rounds: usize) -> (Duration, Duration) {
    let mut bytes = library.to_vec();
    // Beyond everything that the headers name, where debug information may lie as well.
    let mut state = 1_u32;
    bytes.resize_with(len, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    let path = dir.join("libtypical.so");
    let store = Store::open(&dir.join("state")).expect("a store");
    let mut round = 0_u64;
    let prepare = || {
        let mut bytes = bytes.clone();
        bytes[len - 8..].copy_from_slice(&round.to_le_bytes());
        round += 1;
        fs::write(&path, bytes).expect("the directory can be written");
        Candidate::at(&path).expect("just written")
    };
    interleaved_with(
        rounds,
        prepare,
        |candidate| {
            black_box(store.admit(candidate).expect("a sound plugin"));
        },
        || {
            black_box(Sha256::digest(&bytes));
        },
    )
}
