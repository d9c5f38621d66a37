//! Is at most one change of a plugin under way, and are others told by whom?

use super::*;
use std::{sync::mpsc, thread};

fn ids(names: &[&str]) -> Vec<PluginId> {
    names.iter().map(|id| PluginId::new(id).unwrap()).collect()
}

#[test]
fn all_or_none_are_claimed() {
    let claims = Claims::default();
    let first = claims
        .take(ids(&["a", "b"]), BTreeSet::new(), "stop")
        .unwrap();
    let busy = claims
        .take(ids(&["c", "b"]), BTreeSet::new(), "start")
        .err()
        .unwrap();
    assert_eq!((busy.id.as_str(), busy.what), ("b", "stop"));
    drop(claims.take(ids(&["c"]), BTreeSet::new(), "start").unwrap());
    drop(first);
    assert!(
        claims
            .take(ids(&["a", "b", "c"]), BTreeSet::new(), "start")
            .is_ok()
    );
}

#[test]
fn who_waits_goes_on_when_the_other_lets_go() {
    let claims = Claims::default();
    let first = claims.take(ids(&["a"]), BTreeSet::new(), "stop").unwrap();
    let busy = claims
        .take(ids(&["a"]), BTreeSet::new(), "start")
        .err()
        .unwrap();
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            sender.send(()).unwrap();
            claims
                .wait(&busy, Instant::now() + Duration::from_secs(60))
                .unwrap();
            drop(claims.take(ids(&["a"]), BTreeSet::new(), "start").unwrap());
        });
        receiver.recv().unwrap();
        drop(first);
    });
}

#[test]
fn who_waits_too_long_is_told_for_what() {
    let claims = Claims::default();
    let _first = claims
        .take(ids(&["a"]), BTreeSet::new(), "restart")
        .unwrap();
    let busy = claims
        .take(ids(&["a"]), BTreeSet::new(), "start")
        .err()
        .unwrap();
    let error = claims.wait(&busy, Instant::now()).unwrap_err();
    let held = error.held.as_millis();
    assert_eq!(
        error.to_string(),
        format!("`a` is in the middle of a restart, for {held} ms by now: try again later")
    );
}

#[test]
fn what_is_used_is_not_changed_meanwhile() {
    let claims = Claims::default();
    let uses: BTreeSet<_> = ids(&["a"]).into_iter().collect();
    let first = claims.take(ids(&["b"]), uses.clone(), "start").unwrap();
    // Two may use it.
    let second = claims.take(ids(&["c"]), uses.clone(), "start").unwrap();
    drop(first);
    let busy = claims
        .take(ids(&["a"]), BTreeSet::new(), "stop")
        .err()
        .unwrap();
    assert_eq!((busy.id.as_str(), busy.what), ("a", "start"));
    drop(second);
    let stop = claims.take(ids(&["a"]), BTreeSet::new(), "stop").unwrap();
    let busy = claims.take(ids(&["b"]), uses, "start").err().unwrap();
    assert_eq!((busy.id.as_str(), busy.what), ("a", "stop"));
    drop(stop);
}

#[test]
fn who_only_uses_it_does_not_wait_for_others_that_use_it() {
    let claims = Claims::default();
    let uses: BTreeSet<_> = ids(&["a"]).into_iter().collect();
    let restart = claims
        .take(ids(&["a"]), BTreeSet::new(), "restart")
        .unwrap();
    let busy = claims
        .take(ids(&["c"]), uses.clone(), "start")
        .err()
        .unwrap();
    drop(restart);
    let _other = claims.take(ids(&["b"]), uses.clone(), "start").unwrap();
    assert_eq!(claims.wait(&busy, Instant::now()), Ok(()));
    assert!(claims.take(ids(&["c"]), uses, "start").is_ok());
    // Who wants to change it does.
    let busy = claims
        .take(ids(&["a"]), BTreeSet::new(), "stop")
        .err()
        .unwrap();
    assert!(claims.wait(&busy, Instant::now()).is_err());
}

#[test]
fn only_a_start_and_a_restart_lead_to_running() {
    let claims = Claims::default();
    for (what, comes_up) in [
        ("start", true),
        ("restart", true),
        ("stop", false),
        // A plugin that is enabled, or whose failures are forgotten, is held for a moment.
        ("change", false),
    ] {
        let _first = claims.take(ids(&["a"]), BTreeSet::new(), what).unwrap();
        let second = claims.take(ids(&["a"]), BTreeSet::new(), "start");
        assert_eq!(second.err().unwrap().comes_up(), comes_up, "{what}");
    }
}

#[test]
fn who_lets_go_early_does_not_let_go_for_the_next() {
    let claims = Claims::default();
    let first = claims
        .take(ids(&["a", "b"]), BTreeSet::new(), "start")
        .unwrap();
    claims.release(first.term(), &ids(&["a"])[0]);
    let _second = claims.take(ids(&["a"]), BTreeSet::new(), "stop").unwrap();
    drop(first);
    let busy = claims
        .take(ids(&["a"]), BTreeSet::new(), "start")
        .err()
        .unwrap();
    assert_eq!(busy.what, "stop");
    assert!(claims.take(ids(&["b"]), BTreeSet::new(), "start").is_ok());
}

#[test]
fn who_seizes_everything_waits_for_what_is_held() {
    let claims = Claims::default();
    let first = claims.take(ids(&["a"]), BTreeSet::new(), "start").unwrap();
    let all = claims.seize("stop", Instant::now()).unwrap();
    let left: Vec<_> = all
        .wait(Instant::now())
        .into_iter()
        .map(|busy| busy.id)
        .collect();
    assert_eq!(left, ids(&["a"]));
    let busy = claims
        .take(ids(&["b"]), BTreeSet::new(), "start")
        .err()
        .unwrap();
    assert_eq!((busy.id.as_str(), busy.what), ("b", "stop"));
    assert!(claims.is_called_off(first.term()));
    drop(first);
    assert_eq!(all.wait(Instant::now()), []);
    let error = claims.seize("stop", Instant::now()).err().unwrap();
    let held = error.held.as_millis();
    assert_eq!(
        error.to_string(),
        format!(
            "everything is being stopped already, for {held} ms by now: wait until that is done"
        )
    );
    drop(all);
    assert!(claims.take(ids(&["b"]), BTreeSet::new(), "start").is_ok());
}
