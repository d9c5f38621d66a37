//! Does a plugin get another's service when the two fit, and else an error that says who could?

use jackfield_loader::{Loader, MAX_LEASES, Options, Request, State, StopReport, Unload};
use jackfield_manifest::OnPanic;
use jackfield_tests::Site;
use serde_json::json;
use std::time::Duration;

/// Texts of the same length that stand in the `teller` fixture.
const ID: &str = "teller-0000";

/// Another `teller`.
fn teller(site: &Site, id: &str) {
    site.add_patched("teller", &format!("lib{id}.so"), &[(ID, id)]);
}

fn options(site: &Site) -> Options {
    Options::new(site.plugins(), site.state())
}

fn start(options: Options) -> Loader {
    let loader = Loader::open(options).unwrap();
    loader.start();
    loader
}

/// With the plugins named, the patron among them.
fn with(plugins: &[&str]) -> (Site, Loader) {
    let site = Site::new();
    site.add("patron");
    for plugin in plugins {
        site.add(plugin);
    }
    let mut options = options(&site);
    // A method of the teller panics when it is called, as `guarded` ones may.
    let settings = options.settings.entry(ID.to_owned()).or_default();
    settings.on_panic = Some(OnPanic::Continue);
    let loader = start(options);
    (site, loader)
}

/// With a teller that does something wrong.
fn with_mode(mode: &str) -> (Site, Loader) {
    let site = Site::new();
    site.add("patron");
    site.add("teller");
    let mut options = options(&site);
    let settings = options.settings.entry(ID.to_owned()).or_default();
    settings.config = json!({"mode": mode}).as_object().unwrap().clone();
    let loader = start(options);
    (site, loader)
}

fn ask(loader: &Loader, method: &str, path: &str) -> (u16, String) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let patron = loader.plugin("patron").expect("the patron runs");
    let request = Request::new(method, path).with_query(query);
    let answer = pollster::block_on(patron.request(&request)).unwrap();
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), body)
}

fn get(loader: &Loader, path: &str) -> String {
    let (status, body) = ask(loader, "GET", path);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// The status and the message of an answer that is an error.
fn error(loader: &Loader, path: &str) -> (u16, String) {
    let (status, body) = ask(loader, "GET", path);
    let body: serde_json::Value = serde_json::from_str(&body).expect(&body);
    (status, body["detail"].as_str().unwrap().to_owned())
}

fn stop(loader: &Loader) -> StopReport {
    let report = loader.stop(Duration::from_secs(30));
    assert_eq!(report.failed, []);
    report
}

fn unloads(report: &StopReport) -> Vec<String> {
    let line = |(id, unload)| format!("{id}: {unload}");
    report.stopped.iter().cloned().map(line).collect()
}

#[test]
fn old_and_new_work_together_both_ways() {
    let (_site, loader) = with(&["teller"]);
    assert_eq!(get(&loader, "/old"), "teller-0000 1.0.0: 6 true");
    let default = "teller-0000 1.0.0: 12 0";
    assert_eq!(get(&loader, "/new"), default, "the default body");
    assert_eq!(
        unloads(&stop(&loader)),
        ["patron: unmapped", "teller-0000: unmapped"]
    );

    let (_site, loader) = with(&["teller_1_1"]);
    assert_eq!(get(&loader, "/old"), "teller-new 1.1.0: 6 false");
    assert_eq!(get(&loader, "/new"), "teller-new 1.1.0: 12 2");
    assert_eq!(
        unloads(&stop(&loader)),
        ["patron: unmapped", "teller-new: unmapped"]
    );
}

#[test]
fn a_type_that_is_laid_out_differently_is_refused_and_both_are_named() {
    let (_site, loader) = with(&["teller"]);
    let expected = "`patron` asks for service `counter` ^1, which nobody provides now: `teller-0000` \
                    (1.0.0) has a type that is laid out differently: rebuild both plugins with one \
                    version of the crate that defines it";
    for _ in 0..2 {
        assert_eq!(error(&loader, "/changed"), (501, expected.to_owned()));
    }
    assert_eq!(get(&loader, "/old"), "teller-0000 1.0.0: 6 true");
}

#[test]
fn what_nobody_has_is_told_apart_from_what_is_out_of_range() {
    let (_site, loader) = with(&[]);
    let nobody = "`patron` asks for service `counter` ^1, which no installed plugin provides";
    assert_eq!(error(&loader, "/old"), (404, nobody.to_owned()));

    let (_site, loader) = with(&["teller", "teller_1_1"]);
    let asked = "`patron` asks for service `counter`";
    let newer = format!(
        "{asked} ^1.2, which nobody provides now: `teller-0000` (1.0.0) is not in that range; \
         `teller-new` (1.1.0) is not in that range"
    );
    assert_eq!(error(&loader, "/old?range=%5E1.2"), (404, newer));
    assert_eq!(
        get(&loader, "/old?range=%5E1.1"),
        "teller-new 1.1.0: 6 false"
    );
    let none = format!("{asked} in `newest`: expected a version range such as `^1.2`");
    assert_eq!(error(&loader, "/old?range=newest"), (400, none));
}

#[test]
fn what_a_manifest_does_not_have_is_refused() {
    let (_site, loader) = with(&["teller"]);
    let undeclared = "`patron` asks for service `undeclared`, which its manifest does not have under \
                      `requires`: add { service = \"undeclared\", range = \"^1\" } there";
    assert_eq!(error(&loader, "/undeclared"), (400, undeclared.to_owned()));

    let (_site, loader) = with_mode("undeclared");
    let cause = "initialize: `teller-0000` offers service `undeclared`, which its manifest does not \
                 have under `provides`: add { service = \"undeclared\", version = \"1.0.0\" } there";
    let status = loader.status(ID).unwrap();
    assert_eq!(status.cause.as_deref(), Some(cause));
    assert_eq!(status.unload, Some(Unload::Unmapped));
}

#[test]
fn what_is_offered_twice_is_refused() {
    let (_site, loader) = with_mode("twice");
    let cause = "initialize: `teller-0000` offers service `counter` a second time: a plugin has one \
                 object for each";
    let status = loader.status(ID).unwrap();
    assert_eq!(status.cause.as_deref(), Some(cause));
    assert_eq!(status.unload, Some(Unload::Unmapped));
}

#[test]
fn what_is_offered_while_stopping_is_refused() {
    let (_site, loader) = with_mode("late");
    let report = loader.stop(Duration::from_secs(30));
    let (id, cause) = &report.failed[0];
    assert_eq!(id.as_str(), ID);
    assert_eq!(
        cause,
        "stop: `teller-0000` offers service `counter` while it is stopping"
    );
}

#[test]
fn a_provider_that_did_not_come_up_leaves_no_service() {
    for mode in ["initialize", "start"] {
        let (_site, loader) = with_mode(mode);
        assert_eq!(loader.status(ID).unwrap().unload, Some(Unload::Unmapped));
        let expected = format!(
            "`patron` asks for service `counter` ^1, which nobody provides now: `teller-0000` \
             (1.0.0) failed: {mode}: as told"
        );
        assert_eq!(error(&loader, "/old"), (503, expected));
    }
}

#[test]
fn a_provider_that_offers_nothing_and_one_that_is_disabled_are_named() {
    let site = Site::new();
    site.add("patron");
    site.add("teller");
    teller(&site, "teller-0001");
    let mut options = options(&site);
    options
        .settings
        .entry("teller-0001".to_owned())
        .or_default()
        .enabled = Some(false);
    let settings = options.settings.entry(ID.to_owned()).or_default();
    settings.config = json!({"mode": "silent"}).as_object().unwrap().clone();
    let loader = start(options);
    let expected = "`patron` asks for service `counter` ^1, which nobody provides now: `teller-0000` \
                    (1.0.0) runs, and has not offered it; `teller-0001` (1.0.0) is disabled";
    assert_eq!(error(&loader, "/old"), (503, expected.to_owned()));
}

#[test]
fn of_several_the_preferred_comes_first() {
    let site = Site::new();
    site.add("patron");
    for id in ["teller-0002", "teller-0001", "teller-0003"] {
        teller(&site, id);
    }
    site.add("teller_1_1");
    let mut options = options(&site);
    options
        .settings
        .entry("teller-0003".to_owned())
        .or_default()
        .priority = Some(7);
    let loader = start(options);
    // Priority, then version, then id.
    assert_eq!(
        get(&loader, "/all"),
        "teller-0003 teller-new teller-0001 teller-0002"
    );
    assert_eq!(get(&loader, "/old"), "teller-0003 1.0.0: 6 true");
    assert_eq!(get(&loader, "/all?range=%5E2"), "");
}

#[test]
fn what_is_held_until_its_user_stops_keeps_nobody() {
    let (_site, loader) = with(&["teller"]);
    assert_eq!(ask(&loader, "POST", "/hold"), (200, "1".to_owned()));
    assert_eq!(ask(&loader, "POST", "/hold"), (200, "2".to_owned()));
    assert_eq!(get(&loader, "/held"), "1 2");
    assert_eq!(
        unloads(&stop(&loader)),
        ["patron: unmapped", "teller-0000: unmapped"]
    );
}

#[test]
fn what_is_held_longer_keeps_its_provider_mapped_and_the_report_says_who_holds_it() {
    let (_site, loader) = with(&["teller"]);
    assert_eq!(
        ask(&loader, "POST", "/leak"),
        (200, "teller-0000 1.0.0: leaked".to_owned())
    );
    assert_eq!(
        unloads(&stop(&loader)),
        [
            "patron: unmapped",
            "teller-0000: pinned: service counter is held by patron"
        ]
    );
    assert_eq!(loader.status(ID).unwrap().state, State::Stopped);
}

#[test]
fn leases_have_a_bound_and_are_given_back() {
    let (_site, loader) = with(&["teller"]);
    let expected = format!(
        "{}, then `patron` asks for service `counter` and holds {MAX_LEASES} leases on \
         services already: keep one, rather than ask for each call",
        // It holds two others from when it was initialized, and five of the host's own.
        MAX_LEASES - 7
    );
    for _ in 0..2 {
        assert_eq!(get(&loader, "/many"), expected);
    }
    let unmapped = ["patron: unmapped", "teller-0000: unmapped"];
    assert_eq!(unloads(&stop(&loader)), unmapped);
}

#[test]
fn a_service_need_not_be_an_object() {
    let (_site, loader) = with(&["teller"]);
    assert_eq!(get(&loader, "/bare?calls=4"), "10");
    assert_eq!(get(&loader, "/plain?calls=4"), "10");
    stop(&loader);
}
