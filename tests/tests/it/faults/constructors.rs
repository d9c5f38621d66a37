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
    path::PathBuf,
    time::{Duration, Instant},
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
    let own = ("pace-0000", "pace-0001");
    site.add_patched("pace", "libpace-0001.so", &[own]);
    child::passes("faults::constructors::hang", &site);
}

/// `echo` runs before a constructor hangs, `pace-0001` comes after it.
#[test]
#[ignore = "the child of another"]
fn hang() {
    let Some(root) = child::root() else { return };
    let mut options = Options::new(root.join("plugins"), root.join("state"));
    options.threads = NonZero::new(1).unwrap();
    let settings = options.settings.entry("echo".to_owned()).or_default();
    settings.priority = Some(-1);
    let hangs = options.settings.entry("constructor-hang".to_owned());
    let hangs = hangs.or_default();
    hangs.priority = Some(0);
    hangs.initialize_deadline = Some(Duration::from_millis(300));
    let mut loader = Loader::open(options).unwrap();
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
    let status = loader.status("pace-0001").unwrap();
    let stuck = "the constructors or destructors of constructor-hang have not returned, and until \
                 they do the system's loader maps and unmaps nothing";
    let cause = format!("not mapped: {stuck}");
    assert_eq!((status.state, status.cause), (State::Failed, Some(cause)));
    assert_eq!(loader.quarantined(), []);
    let echo = loader.plugin("echo").unwrap();
    assert_eq!(ask(&echo, "/any").unwrap().0, 200);

    // No thread comes up, so nothing can be stopped with a deadline; that is told in time.
    let begun = Instant::now();
    let report = loader.stop(Duration::from_millis(100));
    assert!(begun.elapsed() < Duration::from_secs(20));
    let (id, cause) = &report.failed[0];
    assert_eq!(
        (id.as_str(), &**cause),
        ("echo", "not stopped: no thread came to it within 0.1 s")
    );

    fs::write(root.join("release"), "").unwrap();
    until("constructors do not return", || {
        loader.abandoned_threads() == 0
    });
    let status = loader.status("constructor-hang").unwrap();
    assert_eq!(status.unload, Some(Unload::Unmapped));
    assert_eq!(loader.stop(Duration::from_secs(30)).failed, []);
}
