//! Are tokens kept without their secrets, whole, and for their owner alone?

use super::*;
use std::{collections::BTreeSet, fs, thread, time::Duration};

fn wanted(name: &str) -> Wanted {
    Wanted {
        name: name.to_owned(),
        role: Role::Use,
        expires: None,
        rate: None,
    }
}

#[test]
fn what_is_made_is_read_again_and_holds_no_secret() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().join("deep/state");
    assert_eq!(Tokens::read(&state).unwrap(), Tokens::default());
    let (secret, one) = make(
        &state,
        Wanted {
            expires: Some(SystemTime::now() + Duration::from_secs(60)),
            rate: NonZero::new(7),
            ..wanted("ci")
        },
    )
    .unwrap();
    let (_, two) = make(&state, wanted("")).unwrap();
    assert_eq!(
        Tokens::read(&state).unwrap().all(),
        [one.clone(), two.clone()]
    );
    assert!(one.sha256.is(&secret.digest()));
    let text = fs::read_to_string(Tokens::path(&state)).unwrap();
    assert!(!text.contains(&secret.text()[3..]), "{text}");
    assert_eq!(revoke(&state, &one.id).unwrap(), one);
    assert_eq!(Tokens::read(&state).unwrap().all(), [two]);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it_and_what_others_can_write_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let state = tempfile::tempdir().unwrap();
    make(state.path(), wanted("")).unwrap();
    let path = Tokens::path(state.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        (mode(&path), mode(&state.path().join(LOCK))),
        (0o600, 0o600)
    );
    for bad in [0o620, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(bad)).unwrap();
        let error = Tokens::read(state.path()).unwrap_err();
        let text = format!(
            "{} can be written by others (mode 0{bad:o}): see that no token was added, then \
             `chmod 600` it",
            path.display()
        );
        assert_eq!(error.to_string(), text);
        assert!(make(state.path(), wanted("")).is_err());
    }
}

#[test]
fn those_who_change_it_at_once_lose_nothing() {
    let state = tempfile::tempdir().unwrap();
    let made: BTreeSet<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| [0; 5].map(|_| make(state.path(), wanted("")).unwrap().1.id)))
            .collect();
        let ids = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        ids.collect()
    });
    let tokens = Tokens::read(state.path()).unwrap();
    let kept: BTreeSet<_> = tokens.all().iter().map(|token| token.id.clone()).collect();
    assert_eq!((made.len(), &made), (40, &kept));
}

#[test]
fn a_file_that_nobody_should_go_by_is_left_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    make(state.path(), wanted("x")).unwrap();
    let path = Tokens::path(state.path());
    let good = fs::read_to_string(&path).unwrap();
    let shown = path.display();
    let broken = format!(
        "{shown} is no list of tokens: put a copy back, or remove it, which revokes them all"
    );
    for (text, error) in [
        (String::new(), broken.clone()),
        (good[..good.len() / 2].to_owned(), broken.clone()),
        ("[]".to_owned(), broken.clone()),
        (
            good.replace("\"role\": \"use\"", "\"role\": \"root\""),
            broken.clone(),
        ),
        (good.replace("\"role\"", "\"only\": [], \"role\""), broken),
        (
            good.replace("\"version\": 1", "\"version\": 2"),
            format!(
                "{shown} is of version 2, this program knows 1: use the `jackfield` that wrote it"
            ),
        ),
    ] {
        assert_ne!(text, good);
        fs::write(&path, &text).unwrap();
        assert_eq!(Tokens::read(state.path()).unwrap_err().to_string(), error);
        assert!(make(state.path(), wanted("")).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn what_cannot_be_is_told() {
    let state = tempfile::tempdir().unwrap();
    let (_, token) = make(state.path(), wanted("")).unwrap();
    for name in ["a\nb".to_owned(), "x".repeat(101)] {
        let error = make(state.path(), wanted(&name)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "expected a name of at most 100 characters without control characters, found \
                 {name:?}"
            )
        );
    }
    let almost = &token.id[..7];
    assert_eq!(
        revoke(state.path(), almost).unwrap_err().to_string(),
        format!("there is no token {almost:?}, did you mean {}?", token.id)
    );
    assert_eq!(Tokens::read(state.path()).unwrap().all(), [token]);
}

#[test]
fn a_token_is_over_at_its_end() {
    let state = tempfile::tempdir().unwrap();
    let end = stamp::whole(SystemTime::now());
    let (_, token) = make(
        state.path(),
        Wanted {
            expires: Some(end),
            ..wanted("")
        },
    )
    .unwrap();
    assert!(token.has_expired(end));
    assert!(!token.has_expired(end - Duration::from_secs(1)));
}
