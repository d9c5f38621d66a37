//! Does a sound plugin get from its directory into the store, with its manifest and hash?

use jackfield_loader::{Candidate, Depth, NoteState, Store, StoreError, discover, inspect};
use jackfield_tests::made;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

#[test]
fn discovered_inspected_and_stored() {
    let dir = tempfile::tempdir().unwrap();
    let plugins = dir.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    let path = made::plugin(&plugins, "libgreeter.so", "greeter");
    fs::write(plugins.join("readme.txt"), "not a library").unwrap();

    let discovery = discover(&[&plugins]);
    assert!(discovery.rejected.is_empty() && discovery.skipped.is_empty());
    let [candidate] = &discovery.candidates[..] else {
        panic!("expected one candidate: {discovery:?}");
    };
    assert_eq!(candidate.path, path);

    let (key, inspection) = inspect(candidate, Depth::Headers);
    assert_eq!(key, candidate.key);
    assert_eq!(inspection.reasons, []);
    assert_eq!(inspection.note, NoteState::Present);
    assert_eq!(inspection.manifest.unwrap().id.as_str(), "greeter");

    let store = Store::open(&dir.path().join("state")).unwrap();
    let stored = store.admit(candidate).unwrap();
    assert_eq!(stored.manifest.version.to_string(), "1.2.3");
    assert_eq!(fs::read(&stored.path).unwrap(), fs::read(&path).unwrap());
    assert!(
        stored
            .path
            .ends_with(format!("store/{}/libgreeter.so", stored.hash))
    );
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(stored.path.clone()), 0o400);
    assert_eq!(mode(stored.path.parent().unwrap().into()), 0o700);

    let again = store.admit(candidate).unwrap();
    assert_eq!(again.key, stored.key);
    let swept = store.sweep(|_| false).unwrap();
    assert_eq!((swept.removed, swept.bytes), (1, stored.size));
}

#[test]
fn one_content_under_two_names_lies_in_one_directory_and_nothing_else_is_left() {
    let bad = super::Bad::new();
    let other = bad.dir.path().join("libother.so");
    fs::copy(&bad.plugin, &other).unwrap();
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path()).unwrap();
    // The last one for a second time.
    for path in [&bad.plugin, &other, &other] {
        let stored = store.admit(&Candidate::at(path).unwrap()).unwrap();
        assert_eq!(fs::read(stored.path).unwrap(), fs::read(path).unwrap());
    }
    fs::write(&other, "no plugin").unwrap();
    let refused = store.admit(&Candidate::at(&other).unwrap());
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    let names = |dir: &Path| -> Vec<_> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    };
    let contents = names(&state.path().join("store"));
    let [content] = contents.as_slice() else {
        panic!("{contents:?}");
    };
    assert_eq!(
        names(content),
        [content.join("libgreeter.so"), content.join("libother.so")]
    );
}
