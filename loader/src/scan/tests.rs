//! How often is the system asked about each file, and does a file get its due where the directory
//! is wrong about it?

use super::*;
use crate::platform::calls::counted;
use std::{fs, os::unix::fs::symlink, time::Instant};

/// Fewer than are shared out between threads, since calls are counted by thread.
const FILES: usize = 2 * PER_THREAD - 1;

fn files() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        // A page and more, so that one read fills the buffer.
        fs::write(dir.path().join(format!("lib{number}.so")), [b'x'; 5000]).unwrap();
    }
    dir
}

/// An index on disk that knows every file.
fn warm(dir: &Path, state: &Path, files: usize) {
    let begin = Instant::now();
    loop {
        let mut index = Index::open(state, "test");
        if index.len() == files {
            return;
        }
        scan(&[dir], Trust::Lax, &mut index);
        index.save().unwrap();
        assert!(begin.elapsed().as_secs() < 10, "the index never fills");
    }
}

#[test]
fn a_new_file_is_opened_looked_at_and_read_once_and_nothing_else() {
    let dir = files();
    let mut index = Index::in_memory();
    let (scan, calls) = counted(|| scan(&[dir.path()], Trust::Lax, &mut index));
    assert_eq!(scan.others.len(), FILES);
    // stat by name, open, stat of the open file, read
    assert_eq!(calls, [0, FILES, FILES, FILES, 0]);
}

#[test]
fn a_known_file_is_looked_at_by_name_and_not_opened() {
    let (dir, state) = (files(), tempfile::tempdir().unwrap());
    warm(dir.path(), state.path(), FILES);
    let mut index = Index::open(state.path(), "test");
    let (scan, calls) = counted(|| scan(&[dir.path()], Trust::Lax, &mut index));
    assert_eq!(scan.others.len(), FILES);
    assert_eq!(calls, [FILES, 0, 0, 0, 0]);
}

#[test]
fn known_changed_and_new_files_come_out_in_the_order_of_their_names() {
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("b.so", "known");
    write("d.so", "to be changed");
    symlink("b.so", dir.path().join("c.so")).unwrap();
    warm(dir.path(), state.path(), 2);
    write("a.so", "new");
    write("d.so", "changed");
    write("e.so", "new");
    let mut index = Index::open(state.path(), "test");
    let (scan, calls) = counted(|| scan(&[dir.path()], Trust::Lax, &mut index));
    let names = scan.others.iter().map(|listed| &listed.candidate.path);
    let names: Vec<_> = names.map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["a.so", "b.so", "c.so", "d.so", "e.so"]);
    assert_eq!(calls[1], 3, "the new and the changed ones are opened");
    let keys = scan.others.iter().map(|listed| listed.candidate.key.size);
    assert_eq!(keys.collect::<Vec<_>>(), [3, 5, 5, 7, 3]);
}

#[test]
fn a_file_that_the_index_has_under_another_inode_keeps_what_is_known() {
    let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = dir.path().join("a.so");
    fs::write(&path, "known").unwrap();
    warm(dir.path(), state.path(), 1);
    let mut index = Index::open(state.path(), "test");
    let known = scan(&[dir.path()], Trust::Lax, &mut index).others.remove(0);
    // As where something is mounted on it: the directory has another inode than the file.
    let mut look = Look::at(known.candidate);
    look.inspection.warnings.push("from the look".to_owned());
    look.is_other = true;
    let listed = remember(look, Trust::Lax, &mut index);
    assert_eq!(listed.warnings, [""; 0], "what the index has counts");
}

#[test]
fn a_name_that_is_no_regular_file_any_more_is_rejected_with_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.so");
    fs::write(&path, "a file, when the directory is read").unwrap();
    let mut unseen = Vec::new();
    discover::discover_known(&[dir.path()], |_, _| false, &mut unseen);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let Err(rejected) = unseen.remove(0).look() else {
        panic!("a directory was taken for a file");
    };
    assert_eq!(
        rejected.reasons[0].message,
        "a directory, expected a regular file: remove it from the directory"
    );
}

#[test]
fn the_breaches_of_a_new_file_are_those_of_the_file_that_was_opened() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.so");
    fs::write(&path, "open to all").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let scan = scan(&[dir.path()], Trust::Lax, &mut Index::in_memory());
    let warned = format!(
        "{0} is writable by group and others (mode 0666): run chmod go-w {0}",
        path.display()
    );
    assert_eq!(scan.others[0].warnings, [warned]);
}
