//! Do plugins come up after what they need, go down in reverse, and leave nothing behind?

use jackfield_loader::{Loader, Options, State, Transition, Unload};
use jackfield_tests::Site;
use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// A plugin of the `pace` fixture: its number, and the numbers of those that it needs.
fn pace(site: &Site, number: usize, needs: &[usize]) {
    let id = format!("pace-{number:04}");
    let needs: Vec<(String, String)> = needs
        .iter()
        .enumerate()
        .map(|(place, need)| (format!("need-{place:04}"), format!("pace-{need:04}")))
        .collect();
    let mut texts: Vec<(&str, &str)> = vec![("pace-0000", &id)];
    texts.extend(needs.iter().map(|(old, new)| (old.as_str(), new.as_str())));
    site.add_patched("pace", &format!("lib{id}.so"), &texts);
}

fn reached(events: &[Transition], state: State) -> Vec<String> {
    events
        .iter()
        .filter(|event| event.to == state)
        .map(|event| event.id.to_string())
        .collect()
}

fn is_mapped(path: &str) -> bool {
    fs::read_to_string("/proc/self/maps")
        .unwrap()
        .contains(path)
}

#[test]
fn a_diamond_comes_up_in_order_and_goes_down_in_exactly_the_reverse() {
    let site = Site::new();
    pace(&site, 1, &[]);
    pace(&site, 2, &[1]);
    pace(&site, 3, &[1]);
    pace(&site, 4, &[2, 3]);
    let loader = Loader::open(Options::new(site.plugins(), site.state())).unwrap();
    let events = loader.events();
    let proposal = loader.start();
    assert_eq!(proposal.plan.rejected, []);
    let up = reached(&events.pending().collect::<Vec<_>>(), State::Running);
    assert_eq!((up[0].as_str(), up[3].as_str()), ("pace-0001", "pace-0004"));
    let store = site.state().join("store").to_string_lossy().into_owned();
    assert!(is_mapped(&store));

    let report = loader.stop(Duration::from_secs(30));
    assert_eq!(report.failed, []);
    let down: Vec<String> = report
        .stopped
        .iter()
        .map(|(id, _)| id.to_string())
        .collect();
    assert_eq!(down, up.iter().rev().cloned().collect::<Vec<_>>());
    assert!(
        report
            .stopped
            .iter()
            .all(|(_, unload)| *unload == Unload::Unmapped),
        "{report:?}"
    );
    assert!(!is_mapped(&store));
}

#[test]
fn a_plugin_past_its_deadline_fails_and_takes_only_its_dependents_along() {
    let site = Site::new();
    pace(&site, 1, &[]);
    pace(&site, 2, &[1]);
    pace(&site, 3, &[]);
    let mut options = Options::new(site.plugins(), site.state());
    let slow = options.settings.entry("pace-0001".to_owned()).or_default();
    slow.config = json!({"start_ms": 700}).as_object().unwrap().clone();
    slow.start_deadline = Some(Duration::from_millis(50));
    let loader = Loader::open(options).unwrap();
    loader.start();

    let status = loader.status("pace-0001").unwrap();
    assert_eq!(status.state, State::Failed);
    assert_eq!(
        status.cause.as_deref(),
        Some("start did not return within 0.05 s")
    );
    let pinned = Unload::Pinned("a thread is still inside its start".to_owned());
    assert_eq!(status.unload, Some(pinned));
    assert_eq!(loader.abandoned_threads(), 1);
    // The requirement is optional in this fixture, so the dependent runs, and says without what.
    let status = loader.status("pace-0002").unwrap();
    assert_eq!(status.state, State::Running);
    assert_eq!(
        status.degraded,
        ["runs without pace-0001: pace-0001: start did not return within 0.05 s"]
    );
    assert_eq!(loader.status("pace-0003").unwrap().state, State::Running);
    assert_eq!(
        loader.wait("pace-0001", soon(), |state| state == State::Failed),
        Some(State::Failed)
    );
}
