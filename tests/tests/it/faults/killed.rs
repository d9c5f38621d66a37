//! Does the next start leave out the plugin that killed the host, and only that one?

use super::child::{Found, Host};
use jackfield_loader::{ContentHash, Quarantine};
use jackfield_tests::{Site, library, patched};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

fn scene() -> Site {
    let site = Site::new();
    site.add("echo");
    site.add("misbehave");
    site
}

pub(super) fn hash(path: &Path) -> ContentHash {
    ContentHash(Sha256::digest(fs::read(path).unwrap()).into())
}

impl Found {
    fn state(&self, id: &str) -> &str {
        &self.plugins[id].0
    }

    fn text(&self, id: &str) -> &str {
        &self.plugins[id].1
    }
}

/// Starts hosts until one comes to its end. That is the third at the latest: where several plugins
/// were inside when the first died, the second starts each of them alone.
pub(super) fn first_to_live(host: &Host, site: &Site) -> Found {
    assert!(host.run(site).is_none(), "the first host should have died");
    host.run(site)
        .or_else(|| host.run(site))
        .expect("the third host lives")
}

/// It is quarantined, that content with that evidence; the other plugin runs; a release and a
/// changed file lift it.
fn quarantines(mode: &str, step: &str) {
    let (site, host) = (scene(), Host::misbehaves(mode));
    let path = site
        .plugins()
        .join(library("misbehave").file_name().unwrap());
    let found = first_to_live(&host, &site);
    is_quarantined(&found, "misbehave", hash(&path), step);
    assert_eq!(found.state("echo"), "running");

    // It stays so, also where it would behave now.
    let fine = Host::misbehaves("none");
    let again = fine.run(&site).unwrap();
    is_quarantined(&again, "misbehave", hash(&path), step);

    // Another content is another plugin.
    let original = fs::read(&path).unwrap();
    let changed = patched(original.clone(), &[("as configured", "As Configured")]);
    fs::write(&path, changed).unwrap();
    assert_eq!(fine.run(&site).unwrap().state("misbehave"), "running");
    fs::write(&path, original).unwrap();
    assert_eq!(fine.run(&site).unwrap().state("misbehave"), "quarantined");

    let mut quarantine = Quarantine::open(&site.state()).unwrap();
    assert_eq!(quarantine.release("misbehave").unwrap(), 1);
    let released = fine.run(&site).unwrap();
    assert_eq!(released.state("misbehave"), "running");
    assert_eq!(released.quarantine, []);
}

pub(super) fn is_quarantined(found: &Found, id: &str, hash: ContentHash, step: &str) {
    let what = match step {
        "map" => "its constructors ran",
        "initialize" => "its initialize ran",
        _ => "its start ran",
    };
    let text = format!(
        "quarantined: the host ended while {what} on {id} {hash:.12}: replace the file, or release \
         it with `jackfield release {id}`"
    );
    assert_eq!(found.plugins[id], ("quarantined".to_owned(), text));
    let record = (id.to_owned(), hash, step.to_owned(), Vec::new());
    assert_eq!(found.quarantine, [record]);
    assert_eq!(found.abandoned, 0);
}

#[test]
fn exit_in_initialize() {
    quarantines("exit-in-initialize", "initialize");
}

#[test]
fn abort_in_initialize() {
    quarantines("abort-in-initialize", "initialize");
}

#[test]
fn exit_in_start() {
    quarantines("exit-in-start", "start");
}

#[test]
fn abort_in_start() {
    quarantines("abort-in-start", "start");
}

/// Two that are inside when the first host dies: nobody can tell who did it.
fn two_suspects() -> (Site, Host) {
    let site = scene();
    let own = ("pace-0000", "pace-0001");
    site.add_patched("pace", "libpace-0001.so", &[own]);
    let diary = site.root().join("diary");
    let diary = diary.to_str().unwrap();
    let mut host = Host::misbehaves("abort-in-initialize");
    // One waits until the other is inside; that one stays there.
    host.set("misbehave", "after", diary);
    host.set("pace-0001", "diary", diary);
    host.set("pace-0001", "initialize_ms", 60_000);
    assert!(host.run(&site).is_none());
    host.set("pace-0001", "initialize_ms", 0);
    (site, host)
}

#[test]
fn of_two_suspects_the_guilty_one_is_found_alone() {
    let (site, mut host) = two_suspects();
    // The guilty one first: the second host dies before the other is tried.
    host.priority.insert("misbehave".to_owned(), -1);
    assert!(host.run(&site).is_none());
    let found = host.run(&site).expect("the third host lives");
    let file = library("misbehave");
    is_quarantined(&found, "misbehave", hash(&file), "initialize");
    assert_eq!(found.state("pace-0001"), "running");
    assert_eq!(found.state("echo"), "running");
}

#[test]
fn of_two_suspects_the_other_is_acquitted() {
    let (site, mut host) = two_suspects();
    host.priority.insert("pace-0001".to_owned(), -1);
    assert!(host.run(&site).is_none());
    let quarantine = Quarantine::open(&site.state()).unwrap();
    let suspects: Vec<_> = quarantine.records().iter().map(|r| r.id.as_str()).collect();
    assert_eq!(suspects, ["misbehave"]);
    let found = host.run(&site).expect("the third host lives");
    let file = library("misbehave");
    is_quarantined(&found, "misbehave", hash(&file), "initialize");
    assert_eq!(found.state("pace-0001"), "running");
}

#[test]
fn two_suspects_that_behave_are_both_acquitted() {
    let (site, mut host) = two_suspects();
    host.set("misbehave", "mode", "error-in-start");
    let found = host.run(&site).unwrap();
    assert_eq!(found.state("misbehave"), "failed");
    assert_eq!(
        found.text("misbehave"),
        "start: an error in Start, as configured"
    );
    assert_eq!(found.state("pace-0001"), "running");
    assert_eq!(found.quarantine, []);
}

/// Nobody can tell who did it, and everything starts again.
fn kills_a_host_that_runs(mode: &str) {
    let site = scene();
    assert!(Host::misbehaves(mode).run(&site).is_none());
    let found = Host::misbehaves("none").run(&site).unwrap();
    assert_eq!(found.state("misbehave"), "running");
    assert_eq!(found.state("echo"), "running");
    assert_eq!(found.quarantine, []);
}

#[test]
fn exit_in_handle() {
    kills_a_host_that_runs("exit-in-handle");
}

#[test]
fn abort_in_handle() {
    kills_a_host_that_runs("abort-in-handle");
}

#[test]
fn exit_in_event() {
    kills_a_host_that_runs("exit-in-event");
}

#[test]
fn abort_in_event() {
    kills_a_host_that_runs("abort-in-event");
}

#[test]
fn exit_in_health() {
    kills_a_host_that_runs("exit-in-health");
}

#[test]
fn abort_in_health() {
    kills_a_host_that_runs("abort-in-health");
}

#[test]
fn exit_in_stop() {
    kills_a_host_that_runs("exit-in-stop");
}

#[test]
fn abort_in_stop() {
    kills_a_host_that_runs("abort-in-stop");
}

#[test]
fn exit_in_drop() {
    kills_a_host_that_runs("exit-in-drop");
}

#[test]
fn abort_in_drop() {
    kills_a_host_that_runs("abort-in-drop");
}
