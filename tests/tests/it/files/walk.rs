//! Does a sound plugin get from its directory into the store, with its manifest and hash?

use jackfield_loader::{Depth, NoteState, Store, discover, inspect};
use jackfield_tests::made;
use std::{fs, os::unix::fs::PermissionsExt};

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
