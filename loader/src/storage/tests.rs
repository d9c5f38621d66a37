//! Is everything that was acknowledged there, and does a bad file stay as it is?

use super::*;
use jackfield_abi::{Failure, FailureCode};
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};
use tempfile::TempDir;

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::with_prefix("jackfield-").unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("storage/note.redb")
    }

    fn space(&self) -> Space {
        Space::new(self.path(), DEFAULT_STORAGE_LIMIT)
    }
}

fn item<'a>(key: &'a str, value: Option<&'a [u8]>) -> StorageItem<'a> {
    StorageItem {
        key: key.as_bytes().into(),
        value: value.map(Into::into).into(),
    }
}

fn put(space: &Space, key: &str, value: &[u8]) -> Result<bool, StorageError> {
    space.commit(&[], &[item(key, Some(value))])
}

fn all(space: &Space, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let after = all.last().map_or("", |(key, _)| key).to_owned();
        let page = space.scan(prefix.as_bytes(), after.as_bytes(), 2)?;
        if page.is_empty() {
            return Ok(all);
        }
        assert!(page.len() <= 2);
        let entries = page.iter();
        all.extend(entries.map(|entry| (text(&entry.key), entry.value.to_vec())));
    }
}

fn keys(space: &Space, prefix: &str) -> Vec<String> {
    let all = all(space, prefix).unwrap();
    all.into_iter().map(|(key, _)| key).collect()
}

#[cfg(unix)]
#[test]
fn a_new_file_and_the_directories_that_are_as_new_have_their_names_on_the_disk() {
    use crate::platform::calls::{Call, counted};
    let place = Place::new();
    let synced =
        |space: &Space| counted(|| put(space, "a", b"1").unwrap()).1[Call::SyncDir as usize];
    // `storage`, the state directory, and what that is in.
    assert_eq!(synced(&place.space()), 3);
    assert_eq!(synced(&place.space()), 0);
}

#[test]
fn what_was_written_is_read_also_by_the_next() {
    let place = Place::new();
    let space = place.space();
    assert_eq!(space.get(b"a").unwrap(), None);
    assert!(put(&space, "a", b"1").unwrap());
    assert!(put(&space, "a", b"2").unwrap());
    assert!(put(&space, "empty", b"").unwrap());
    assert!(put(&space, "gone", b"x").unwrap());
    assert!(space.commit(&[], &[item("gone", None)]).unwrap());
    space.close();
    let error = space.get(b"a").unwrap_err().to_string();
    assert_eq!(error, "the plugin has stopped, and its storage is closed");
    let next = place.space();
    assert_eq!(next.get(b"a").unwrap().unwrap(), b"2");
    assert_eq!(next.get(b"empty").unwrap().unwrap(), b"");
    assert_eq!(next.get(b"gone").unwrap(), None);
}

#[test]
#[cfg(unix)]
fn the_file_is_for_its_owner_and_made_at_first_use() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let space = place.space();
    assert!(!place.path().exists());
    assert_eq!(space.get(b"a").unwrap(), None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path()), 0o600);
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
}

#[test]
fn a_scan_goes_through_a_prefix_in_order_page_by_page() {
    let place = Place::new();
    let space = place.space();
    for key in ["b/2", "a", "b/1", "c", "b/3", "b", "b0"] {
        put(&space, key, b"").unwrap();
    }
    assert_eq!(keys(&space, "b/"), ["b/1", "b/2", "b/3"]);
    assert_eq!(keys(&space, ""), ["a", "b", "b/1", "b/2", "b/3", "b0", "c"]);
    assert_eq!(keys(&space, "x"), Vec::<String>::new());
    // A cursor before the prefix is as none, one behind it is the end.
    assert_eq!(
        space.scan(b"b/", b"a", 1).unwrap()[0].key.as_slice(),
        b"b/1"
    );
    assert_eq!(space.scan(b"b/", b"c", 1).unwrap(), []);
}

#[test]
fn a_page_is_bounded_in_bytes_and_never_empty_before_the_end() {
    let place = Place::new();
    let space = place.space();
    let large = vec![7; MAX_VALUE_LEN];
    for key in ["a", "b"] {
        put(&space, key, &large).unwrap();
    }
    let page = space.scan(b"", b"", 100).unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(space.scan(b"", b"a", 100).unwrap().len(), 1);
    // A limit of nothing would be an answer that looks like the end.
    assert_eq!(space.scan(b"", b"", 0).unwrap().len(), 1);
}

#[test]
fn a_commit_is_done_whole_or_not_at_all() {
    let place = Place::new();
    let space = place.space();
    put(&space, "from", b"10").unwrap();
    let writes = [item("from", Some(b"9")), item("to", Some(b"1"))];
    let absent = item("to", None);
    assert!(!space.commit(&[item("from", Some(b"11"))], &writes).unwrap());
    assert!(!space.commit(&[item("from", None)], &writes).unwrap());
    assert_eq!(space.get(b"to").unwrap(), None);
    assert!(
        space
            .commit(&[item("from", Some(b"10")), absent], &writes)
            .unwrap()
    );
    assert!(!space.commit(&[absent], &writes).unwrap());
    assert_eq!(space.get(b"from").unwrap().unwrap(), b"9");
    assert_eq!(space.get(b"to").unwrap().unwrap(), b"1");
    // Of two writes to one key the later counts.
    let twice = [item("to", Some(b"x")), item("to", None)];
    assert!(space.commit(&[], &twice).unwrap());
    assert_eq!(space.get(b"to").unwrap(), None);
    // Conditions alone are a question.
    assert!(space.commit(&[item("from", Some(b"9"))], &[]).unwrap());
    assert!(!space.commit(&[item("from", Some(b"8"))], &[]).unwrap());
}

#[test]
fn of_threads_that_race_for_a_value_one_wins_each_time() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 10;
    let place = Place::new();
    let space = place.space();
    put(&space, "count", b"0").unwrap();
    let lost = AtomicUsize::new(0);
    let count = |space: &Space| -> usize {
        let value = space.get(b"count").unwrap().unwrap();
        String::from_utf8(value).unwrap().parse().unwrap()
    };
    let add = || {
        let mut done = 0;
        while done < ROUNDS {
            let old = count(&space);
            let (old, new) = (old.to_string(), (old + 1).to_string());
            let expected = [item("count", Some(old.as_bytes()))];
            let writes = [item("count", Some(new.as_bytes()))];
            if space.commit(&expected, &writes).unwrap() {
                done += 1;
            } else {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(add);
        }
    });
    assert_eq!(count(&space), THREADS * ROUNDS);
}

#[test]
fn the_limit_is_checked_before_anything_is_written() {
    let place = Place::new();
    let space = Space::new(place.path(), 20);
    assert!(put(&space, "key", b"1234567").unwrap());
    assert!(put(&space, "two", b"1234567").unwrap());
    let error = put(&space, "x", b"").unwrap_err().to_string();
    assert_eq!(
        error,
        "expected keys and values of at most 20 bytes, found 21 with this write: delete what is \
         not needed, or set a larger `storage_limit` for this plugin; nothing was written"
    );
    assert_eq!(keys(&space, ""), ["key", "two"]);
    // What makes it no larger is done, also where the limit was lowered since.
    space.close();
    let space = Space::new(place.path(), 10);
    assert!(put(&space, "key", b"7654321").unwrap());
    assert!(put(&space, "key", b"1").unwrap());
    assert!(put(&space, "key", b"12").is_err());
    let swap = [item("two", None), item("six", Some(b"1"))];
    assert!(space.commit(&[], &swap).unwrap());
    assert!(put(&space, "b", b"1").unwrap());
    assert!(put(&space, "c", b"").is_err());
}

#[test]
fn keys_values_and_commits_have_their_bounds() {
    let place = Place::new();
    let space = place.space();
    let long = "k".repeat(MAX_KEY_LEN + 1);
    assert!(put(&space, &long[1..], b"").unwrap());
    for (key, length) in [("", 0), (&*long, 1025)] {
        let text =
            format!("expected a key of 1 to 1024 bytes, found one of {length}: give it another");
        assert_eq!(put(&space, key, b"").unwrap_err().to_string(), text);
        assert_eq!(space.get(key.as_bytes()).unwrap_err().to_string(), text);
    }
    let large = vec![0; MAX_VALUE_LEN + 1];
    assert!(put(&space, "a", &large[1..]).unwrap());
    assert_eq!(
        put(&space, "a", &large).unwrap_err().to_string(),
        "expected a value of at most 1048576 bytes, found one of 1048577: split it, or keep it as \
         a file in the data directory"
    );
    let items = vec![item("a", None); MAX_COMMIT_LEN + 1];
    assert!(space.commit(&[], &items[1..]).unwrap());
    assert_eq!(
        space.commit(&[], &items).unwrap_err().to_string(),
        "expected at most 10000 conditions and writes in one commit, found 10001: do it in several"
    );
}

/// A file with so many entries, closed, and its bytes.
fn written(place: &Place) -> Vec<u8> {
    let space = place.space();
    let keys: Vec<String> = (0..50).map(|number| format!("key-{number:02}")).collect();
    for keys in keys.chunks(10) {
        let writes: Vec<_> = keys.iter().map(|key| item(key, Some(&[5; 200]))).collect();
        space.commit(&[], &writes).unwrap();
    }
    space.close();
    fs::read(place.path()).unwrap()
}

/// That a file of these bytes is refused and stays as it is, or has everything.
fn is_noticed(place: &Place, bytes: &[u8], what: &str) -> bool {
    fs::write(place.path(), bytes).unwrap();
    let space = place.space();
    match all(&space, "") {
        Ok(entries) => {
            assert_eq!(entries.len(), 50, "{what}");
            assert!(
                entries.iter().all(|(_, value)| value == &[5; 200]),
                "{what}"
            );
            false
        }
        Err(error) => {
            let text = error.to_string();
            let begin = format!("{}: expected a storage file", place.path().display());
            assert!(text.starts_with(&begin), "{what}: {text}");
            assert!(fs::read(place.path()).unwrap() == bytes, "{what}: {text}");
            true
        }
    }
}

#[test]
fn a_truncated_file_is_refused_and_kept() {
    let place = Place::new();
    let bytes = written(&place);
    for length in [0, 1, 9, 100, 319, 320, 4095, 4096, 8192, bytes.len() / 2] {
        let noticed = is_noticed(&place, &bytes[..length], &format!("{length} bytes"));
        assert!(noticed, "{length}");
    }
    fs::write(place.path(), b"").unwrap();
    assert_eq!(
        place.space().get(b"a").unwrap_err().to_string(),
        format!(
            "{}: expected a storage file, found the beginning of one at most: put a copy of it \
             back, or move it away to begin with an empty one; nothing of it was changed",
            place.path().display()
        )
    );
}

#[test]
fn a_flipped_bit_is_noticed_or_does_not_matter() {
    let place = Place::new();
    let bytes = written(&place);
    let mut noticed = 0;
    // Both headers and then a byte in each part of a page.
    let places = (0..320).step_by(7).chain((320..bytes.len()).step_by(2049));
    for at in places.take(160) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        noticed += usize::from(is_noticed(&place, &bytes, &format!("byte {at}")));
    }
    assert!(noticed > 5, "{noticed}");
    assert!(!is_noticed(&place, &bytes, "as it was"));
}

#[test]
fn a_file_of_a_later_version_is_refused_and_kept() {
    let place = Place::new();
    let mut bytes = written(&place);
    let text = |known: u64, found: u64| {
        format!(
            "{}: expected a storage file of version {known} or older, found version {found}: use \
             the host that wrote it or a later one, or move it away to begin with an empty one; \
             nothing of it was changed",
            place.path().display()
        )
    };
    let file = redb::Database::open(place.path()).unwrap();
    let transaction = file.begin_write().unwrap();
    let insert = |mut facts: redb::Table<'_, &str, u64>| drop(facts.insert("format", 2).unwrap());
    insert(transaction.open_table(open::FACTS).unwrap());
    transaction.commit().unwrap();
    drop(file);
    let before = fs::read(place.path()).unwrap();
    let error = place.space().get(b"a").unwrap_err().to_string();
    assert_eq!(error, text(1, 2));
    assert!(fs::read(place.path()).unwrap() == before);

    for slot in [64, 192] {
        bytes[slot] = 4;
    }
    fs::write(place.path(), &bytes).unwrap();
    let error = place.space().get(b"a").unwrap_err().to_string();
    assert_eq!(error, text(3, 4));
    assert!(fs::read(place.path()).unwrap() == bytes);
}

#[test]
fn a_file_of_something_else_or_no_file_is_refused_and_kept() {
    let place = Place::new();
    fs::create_dir_all(place.path()).unwrap();
    let error = place.space().get(b"a").unwrap_err().to_string();
    assert!(error.contains(": expected a storage file, found something that is no file: "));
    fs::remove_dir(place.path()).unwrap();
    let other = "[host]\n".repeat(100);
    fs::write(place.path(), &other).unwrap();
    let error = put(&place.space(), "a", b"").unwrap_err().to_string();
    assert!(error.contains(": expected a storage file, found something else: "));
    assert_eq!(fs::read_to_string(place.path()).unwrap(), other);
    // Made whole again, it is used, also by a plugin that was refused before.
    let space = place.space();
    assert!(put(&space, "a", b"").is_err());
    fs::remove_file(place.path()).unwrap();
    assert!(put(&space, "a", b"").unwrap());
}

#[test]
fn a_file_that_somebody_else_has_open_is_left_alone() {
    let place = Place::new();
    let first = place.space();
    put(&first, "a", b"1").unwrap();
    let error = put(&place.space(), "a", b"2").unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "{}: expected to be the only user, found it open: end the other process, or the \
             earlier run of this plugin, that uses it",
            place.path().display()
        )
    );
    assert!(put(&first, "a", b"3").unwrap());
}

#[test]
fn threads_that_write_at_once_are_all_counted() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 20;
    let place = Place::new();
    let space = Space::new(place.path(), (THREADS * 2) as u64);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (space, key) = (&space, char::from(b'a' + u8::try_from(thread).unwrap()));
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let value: &[u8] = if round % 2 == 0 { b"" } else { b"1" };
                    assert!(put(space, &key.to_string(), value).unwrap());
                }
            });
        }
    });
    // Every value has one byte now, so it is as full as it may be.
    assert!(put(&space, "a", b"2").unwrap());
    assert!(put(&space, "a", b"22").is_err());
    assert!(put(&space, "x", b"").is_err());
}

#[test]
fn who_comes_just_after_a_failure_is_told_that_nothing_is_known_and_the_next_goes_on() {
    let place = Place::new();
    let space = place.space();
    assert!(put(&space, "a", b"1").unwrap());
    // What `redb` says to an operation that finds another to have failed.
    let fail = || space.with(|_| Err::<(), _>(redb::Error::PreviousIo));
    let error = fail().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: an operation at the same time has failed, so whether this one is done is not \
             known: read, and do it again where it is not",
            place.path().display()
        )
    );
    assert_eq!(Failure::from(error).code, FailureCode::ERROR);
    // The file was given up, and is opened again.
    assert!(matches!(&*space.write(), State::Idle));
    assert_eq!(keys(&space, ""), ["a"]);

    // A read is done again, once.
    let tried = AtomicUsize::new(0);
    let read = space.reading(|database| {
        if tried.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(redb::Error::PreviousIo);
        }
        database.get(b"a")
    });
    assert_eq!(read.unwrap().as_deref(), Some(&b"1"[..]));
}
