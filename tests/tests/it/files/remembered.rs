//! Is a file that did not change answered from the index, and one that did looked at again?

use super::Bad;
use jackfield_loader::{Code, Index, Scan, Store, Trust, scan};
use jackfield_tests::made;
use std::{fs, path::Path, time::Instant};

const BUILD: &str = "host 1";

fn run(dir: &Path, state: &Path, build: &str) -> Scan {
    let mut index = Index::open(state, build);
    let scan = scan(&[dir], Trust::Lax, &mut index);
    index.save().unwrap();
    scan
}

/// Scans until all is remembered: what was written a moment ago is not, at first.
fn warm(dir: &Path, state: &Path, files: usize) {
    let begin = Instant::now();
    while Index::open(state, BUILD).len() != files {
        run(dir, state, BUILD);
        assert!(begin.elapsed().as_secs() < 10, "the index never fills");
    }
}

/// How many `read` calls this thread has made.
fn reads() -> u64 {
    let io = fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = io.lines().find(|line| line.starts_with("syscr")).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_second_scan_reads_the_index_and_no_file() {
    let bad = Bad::new();
    let state = tempfile::tempdir().unwrap();
    made::build(bad.dir.path(), "libplain.so", b"");
    made::build(bad.dir.path(), "libbroken.so", &made::note(99, b""));
    for number in 0..40 {
        let copy = bad.dir.path().join(format!("copy{number}.so"));
        fs::copy(&bad.plugin, copy).unwrap();
    }
    let cold = run(bad.dir.path(), state.path(), BUILD);
    warm(bad.dir.path(), state.path(), 43);
    let before = reads();
    let scan = run(bad.dir.path(), state.path(), BUILD);
    // Reading `io` itself, and the index: its bytes, and that there are no more.
    assert!(reads() - before <= 8, "{}", reads() - before);
    assert_eq!(scan.plugins.len(), 41);
    assert_eq!(scan.plugins[0].manifest(), cold.plugins[0].manifest());
    assert_eq!(scan.rejected[0].reasons, cold.rejected[0].reasons);
    assert_eq!(scan.others[0].reasons[0].code, Code::NotAPlugin);
}

#[test]
fn a_changed_file_is_looked_at_again() {
    let bad = Bad::new();
    let state = tempfile::tempdir().unwrap();
    warm(bad.dir.path(), state.path(), 1);
    let bytes = fs::read(&bad.plugin).unwrap();
    let times = fs::metadata(&bad.plugin).unwrap().modified().unwrap();
    let other = jackfield_tests::patched(bytes, &[("greeter", "gratter")]);
    fs::write(&bad.plugin, other).unwrap();
    // As `cp -p` and `rsync` leave it: same size, same time of modification.
    let file = fs::File::options().write(true).open(&bad.plugin).unwrap();
    file.set_modified(times).unwrap();
    let scan = run(bad.dir.path(), state.path(), BUILD);
    assert_eq!(scan.plugins[0].manifest().unwrap().id.as_str(), "gratter");
}

#[test]
fn an_index_that_is_damaged_or_of_another_build_is_made_again() {
    let bad = Bad::new();
    let state = tempfile::tempdir().unwrap();
    warm(bad.dir.path(), state.path(), 1);
    let path = state.path().join("index");
    let good = fs::read(&path).unwrap();
    assert_eq!(Index::open(state.path(), "host 2").len(), 0);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        assert_eq!(Index::open(state.path(), BUILD).len(), 0, "byte {at}");
    }
    for len in 0..good.len() {
        fs::write(&path, &good[..len]).unwrap();
        assert_eq!(Index::open(state.path(), BUILD).len(), 0, "cut at {len}");
    }
    let scan = run(bad.dir.path(), state.path(), BUILD);
    assert_eq!(scan.plugins.len(), 1);
    assert_eq!(Index::open(state.path(), BUILD).len(), 1);
}

#[test]
fn what_vanished_is_forgotten_and_what_lies_elsewhere_is_kept() {
    let (bad, other) = (Bad::new(), Bad::new());
    let state = tempfile::tempdir().unwrap();
    warm(bad.dir.path(), state.path(), 1);
    warm(other.dir.path(), state.path(), 2);
    fs::remove_file(&bad.plugin).unwrap();
    run(other.dir.path(), state.path(), BUILD);
    assert_eq!(Index::open(state.path(), BUILD).len(), 2);
    run(bad.dir.path(), state.path(), BUILD);
    assert_eq!(Index::open(state.path(), BUILD).len(), 1);
}

#[test]
fn a_stored_file_is_found_again_without_reading_it() {
    let bad = Bad::new();
    let state = tempfile::tempdir().unwrap();
    warm(bad.dir.path(), state.path(), 1);
    let store = Store::open(state.path()).unwrap();
    let mut index = Index::open(state.path(), BUILD);
    let found = scan(&[bad.dir.path()], Trust::Lax, &mut index)
        .plugins
        .remove(0);
    let stored = store.admit(&found.candidate).unwrap();
    index.set_stored(&bad.plugin, &stored);
    index.set_layout(&stored.source, true);
    index.save().unwrap();

    let mut index = Index::open(state.path(), BUILD);
    let found = scan(&[bad.dir.path()], Trust::Lax, &mut index)
        .plugins
        .remove(0);
    assert_eq!((found.hash, found.layout), (Some(stored.hash), Some(true)));
    let before = reads();
    let again = found.recall(&store).unwrap();
    assert!(reads() - before <= 4);
    assert_eq!((again.path, again.key), (stored.path.clone(), stored.key));
    assert_eq!(index.hashes().collect::<Vec<_>>(), [stored.hash]);

    // A copy that was touched is not believed.
    fs::remove_file(&stored.path).unwrap();
    assert!(found.recall(&store).is_none());
}
