//! What becomes of a library that does harm as soon as it is mapped, or unmapped?
//!
//! A constructor has nobody to return an error to: the nearest is a library that the system's loader
//! refuses.

use super::{
    child::{self, Host},
    killed::{first_to_live, hash, is_quarantined},
    scene::{ask, pinned, until},
};
use jackfield_loader::{HostFacts, Loader, Options, State, Unload};
use jackfield_tests::{Site, broken};
use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    time::Duration,
};

/// `echo`, and a file of `tests/fixtures/broken`.
fn with_broken(name: &str) -> (Site, PathBuf) {
    let site = Site::new();
    site.add("echo");
    let facts = HostFacts::current();
    let path = broken(&site.plugins(), name, facts.target, &facts.abi.to_string());
    (site, path)
}

fn quarantines(name: &str) {
    let (site, path) = with_broken(name);
    let found = first_to_live(&Host::default(), &site);
    is_quarantined(&found, name, hash(&path), "map");
    assert_eq!(found.plugins["echo"].0, "running");
}

#[test]
fn a_constructor_that_dereferences_null() {
    quarantines("constructor-null");
}

#[test]
fn a_constructor_that_ends_the_process() {
    quarantines("constructor-exit");
}

#[test]
fn a_constructor_that_panics() {
    quarantines("constructor-panic");
}

#[test]
fn a_destructor_that_aborts() {
    // It is no plugin, so it is unmapped while it comes up: its own step, its own fault.
    quarantines("destructor-abort");
}

#[test]
fn a_note_without_the_code_that_it_promises() {
    let (site, _) = with_broken("no-symbol");
    let found = Host::default().run(&site).unwrap();
    let (state, text) = &found.plugins["no-symbol"];
    assert_eq!(state, "rejected");
    assert!(
        text.starts_with("it exports no root module: expected the symbol `_"),
        "{text}"
    );
    assert_eq!(found.plugins["echo"].0, "running");
}

#[test]
fn a_library_that_needs_what_nobody_has() {
    let (site, _) = with_broken("unresolved");
    let found = Host::default().run(&site).unwrap();
    let (state, text) = &found.plugins["unresolved"];
    assert_eq!(state, "failed");
    assert!(
        text.starts_with("the system's loader refuses it: "),
        "{text}"
    );
    assert!(text.contains("jackfield_nobody_has_this"), "{text}");
    assert_eq!(found.plugins["echo"].0, "running");
}

#[test]
fn a_constructor_that_hangs() {
    let (site, _) = with_broken("constructor-hang");
    for pace in BEFORE.into_iter().chain([AFTER]) {
        site.add_patched("pace", &format!("lib{pace}.so"), &[("pace-0000", pace)]);
    }
    child::passes("faults::constructors::hang", &site);
}

/// These run before a constructor hangs.
const BEFORE: [&str; 2] = ["pace-0001", "pace-0002"];
/// This one's turn comes while it does.
const AFTER: &str = "pace-0003";
const STUCK: &str = "the constructors or destructors of constructor-hang have not returned, and \
                     until they do the system's loader maps and unmaps nothing";

#[test]
#[ignore = "the child of another"]
fn hang() {
    let Some(root) = child::root() else { return };
    let loader = Loader::open(hanging(&root)).unwrap();
    loader.start();

    let status = loader.status("constructor-hang").unwrap();
    let cause = "constructors did not return within 0.3 s";
    assert_eq!(
        (status.state, status.cause.as_deref()),
        (State::Failed, Some(cause))
    );
    let inside = pinned("a thread is still inside its constructors");
    assert_eq!(status.unload, Some(inside));
    assert_eq!(loader.abandoned_threads(), 1);
    let status = loader.status(AFTER).unwrap();
    let cause = format!("not mapped: {STUCK}");
    assert_eq!((status.state, status.cause), (State::Failed, Some(cause)));
    assert_eq!(loader.quarantined(), []);
    let echo = loader.plugin("echo").unwrap();
    assert_eq!(ask(&echo, "/any").unwrap().0, 200);
    drop(echo);

    // New threads do not come up, and nothing is unmapped; but the others are stopped, each in time.
    let report = loader.stop(Duration::from_secs(30));
    let stays = ["pace-0002", "pace-0001", "echo"].map(|id| (id, pinned(STUCK)));
    let stopped = report.stopped.iter();
    let stopped: Vec<_> = stopped
        .map(|(id, left)| (id.as_str(), left.clone()))
        .collect();
    assert_eq!((&stopped[..], report.failed), (&stays[..], Vec::new()));
    let diary = fs::read_to_string(root.join("diary")).unwrap();
    let steps: Vec<_> = diary.lines().skip(4).collect();
    assert_eq!(
        steps,
        [
            "pace-0002 stop",
            "pace-0002 drop",
            "pace-0001 stop",
            "pace-0001 drop"
        ]
    );

    fs::write(root.join("release"), "").unwrap();
    until("constructors do not return", || {
        loader.abandoned_threads() == 0
    });
    let status = loader.status("constructor-hang").unwrap();
    assert_eq!(status.unload, Some(Unload::Unmapped));
}

fn hanging(root: &Path) -> Options {
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    options.threads = NonZero::new(1).unwrap();
    for (id, priority) in ["echo", BEFORE[0], BEFORE[1]].into_iter().zip(-3..) {
        options.settings.entry(id.to_owned()).or_default().priority = Some(priority);
    }
    for id in BEFORE {
        let diary = root.join("diary").to_str().unwrap().into();
        let settings = options.settings.entry(id.to_owned()).or_default();
        settings.config.insert("diary".to_owned(), diary);
    }
    let hangs = options.settings.entry("constructor-hang".to_owned());
    let hangs = hangs.or_default();
    hangs.priority = Some(0);
    hangs.initialize_deadline = Some(Duration::from_millis(300));
    options
}
