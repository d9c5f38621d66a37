//! Is nobody started again while something is still inside?

use super::*;
use crate::supervise::record::Remains;
use std::sync::Weak;

fn id(id: &str) -> PluginId {
    PluginId::new(id).unwrap()
}

fn is_revived(state: &mut State, now: Instant, id: &PluginId) -> bool {
    let actions = state.take_due(now, &Timing::default());
    let revives = |action: &Action| matches!(action, Action::Revive(ids) if ids.contains(id));
    actions.iter().any(revives)
}

#[test]
fn one_that_waits_for_another_is_held_as_well() {
    let (timing, mut now) = (Timing::default(), Instant::now());
    let (store, report) = (id("store"), id("report"));
    let mut state = State::new(&timing, now);
    state.awaits(&report, &store);
    state.record(&report).abandoned = 1;
    // Neither together with the other, nor when that runs.
    state.schedule(&store, now, 1);
    assert!(!is_revived(&mut state, now, &report));
    state.revive_those_that_wait(now);
    for _ in 0..3 {
        assert!(!is_revived(&mut state, now, &report));
        now += timing.watch;
    }
    state.record(&report).abandoned = 0;
    assert!(is_revived(&mut state, now, &report));
}

#[test]
fn one_that_was_not_come_to_is_tried_again_later() {
    let (timing, now) = (Timing::default(), Instant::now());
    let store = id("store");
    let mut state = State::new(&timing, now);
    state.schedule(&store, now, 1);
    assert!(is_revived(&mut state, now, &store));
    state.revived(&BTreeSet::from([store.clone()]), now, timing.watch);
    assert!(!is_revived(&mut state, now, &store));
    assert!(is_revived(&mut state, now + timing.watch, &store));
}

#[test]
fn former_instances_that_are_empty_are_forgotten() {
    let mut state = State::new(&Timing::default(), Instant::now());
    for _ in 0..100 {
        let (slot, tasks) = (Weak::new(), Weak::new());
        state.record(&id("store")).leaves(Remains { slot, tasks });
    }
    assert_eq!(state.record(&id("store")).remains.len(), 1);
}

#[test]
fn files_are_looked_at_by_one_thread_at_a_time() {
    let (timing, mut now) = (Timing::default(), Instant::now());
    let mut state = State::new(&timing, now);
    let store = id("store");
    state.schedule(&store, now + timing.longest_delay, 1);
    state.record(&store).file = Some(Known {
        path: "libstore.so".into(),
        key: crate::FileKey::default(),
        hash: crate::ContentHash([0; 32]),
    });
    let mut looks = |state: &mut State| {
        now += timing.look_at_files;
        let due = state.take_due(now, &timing);
        due.iter()
            .filter(|action| matches!(action, Action::Look(_)))
            .count()
    };
    assert_eq!(looks(&mut state), 1);
    assert_eq!(looks(&mut state), 0);
    state.is_looking = false;
    assert_eq!(looks(&mut state), 1);
}
