//! Is a token known as long as it is in the file, and nobody let in by a broken one?

use super::*;
use crate::gateway::access::{
    Role,
    tokens::{Wanted, make, revoke},
};
use std::{fs, num::NonZero};

fn add(state: &Path, expires: Option<SystemTime>, rate: u32) -> (String, Token) {
    let wanted = Wanted {
        name: String::new(),
        role: Role::Read,
        expires,
        rate: NonZero::new(rate),
    };
    let (secret, token) = make(state, wanted).unwrap();
    (secret.text().to_owned(), token)
}

/// Looks as if it had not done so for long.
fn find(keyring: &Keyring, presented: &str) -> Found {
    keyring.look();
    keyring.find(presented)
}

#[test]
fn a_token_counts_from_when_it_is_made_until_it_is_revoked() {
    let state = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(state.path());
    assert!(matches!(keyring.find("jf_x"), Found::Unknown));
    let (one, token) = add(state.path(), None, 0);
    let (two, _) = add(state.path(), None, 0);
    assert!(matches!(find(&keyring, &one), Found::Good(found) if *found == token));
    revoke(state.path(), &token.id).unwrap();
    assert!(matches!(find(&keyring, &one), Found::Unknown));
    assert!(matches!(find(&keyring, &two), Found::Good(_)));
    assert!(matches!(keyring.find(&one.to_uppercase()), Found::Unknown));
}

#[test]
fn the_file_is_looked_at_when_a_second_has_passed() {
    let state = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(state.path());
    let (secret, _) = add(state.path(), None, 0);
    let entries = || match &**keyring.known.load() {
        Known::Entries(entries) => entries.len(),
        Known::Unreadable => panic!("it can be read"),
    };
    let now = Instant::now();
    keyring.refresh(now + LOOK);
    assert_eq!(entries(), 1);
    add(state.path(), None, 0);
    keyring.refresh(now + LOOK);
    assert_eq!(entries(), 1, "one look is enough for a second");
    keyring.refresh(now + 2 * LOOK);
    assert_eq!(entries(), 2);
    assert!(matches!(keyring.find(&secret), Found::Good(_)));
}

#[test]
fn a_broken_file_lets_nobody_in_until_it_is_repaired() {
    let state = tempfile::tempdir().unwrap();
    let (secret, _) = add(state.path(), None, 0);
    let keyring = Keyring::open(state.path());
    let path = Tokens::path(state.path());
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() - 20]).unwrap();
    assert!(matches!(find(&keyring, &secret), Found::Unreadable));
    assert!(matches!(keyring.find("none"), Found::Unreadable));
    fs::write(&path, &good).unwrap();
    assert!(matches!(find(&keyring, &secret), Found::Good(_)));
    // A directory cannot be read as a file, whoever one is.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(find(&keyring, &secret), Found::Unreadable));
    assert!(matches!(
        Keyring::open(state.path()).find(&secret),
        Found::Unreadable
    ));
    fs::remove_dir(&path).unwrap();
    assert!(matches!(find(&keyring, &secret), Found::Unknown));
}

#[test]
fn what_could_not_be_read_is_tried_again() {
    let state = tempfile::tempdir().unwrap();
    let (secret, _) = add(state.path(), None, 0);
    let path = Tokens::path(state.path());
    let good = fs::read(&path).unwrap();
    fs::write(&path, "half").unwrap();
    let keyring = Keyring::open(state.path());
    fs::write(&path, good).unwrap();
    // As if it had lain there all the time, and there had been no descriptor left.
    *keyring.seen.lock().unwrap() = Some(identity(&path).ok());
    assert!(matches!(find(&keyring, &secret), Found::Good(_)));
}

#[test]
fn one_that_is_over_is_told_from_one_that_never_was() {
    let state = tempfile::tempdir().unwrap();
    let past = SystemTime::now() - Duration::from_secs(5);
    let (secret, _) = add(state.path(), Some(past), 0);
    let keyring = Keyring::open(state.path());
    assert!(matches!(keyring.find(&secret), Found::Expired(_)));
}

#[test]
fn a_change_of_others_does_not_fill_a_bucket() {
    let state = tempfile::tempdir().unwrap();
    let (secret, token) = add(state.path(), None, 1);
    let keyring = Keyring::open(state.path());
    let bucket = || {
        let known = keyring.known.load();
        match &**known {
            Known::Entries(entries) => Arc::clone(&entries[&token.sha256.key()][0]),
            Known::Unreadable => panic!("it can be read"),
        }
    };
    let before = bucket();
    assert!(matches!(keyring.find(&secret), Found::Good(_)));
    add(state.path(), None, 0);
    keyring.look();
    assert!(Arc::ptr_eq(&before, &bucket()));
}
