//! Can one plugin be started, stopped and restarted while the others go on?

use jackfield_loader::{Change, ControlError, Loader, Options, State};
use jackfield_manifest::PluginId;
use jackfield_tests::Site;
use serde_json::json;
use std::{
    fs,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn id(number: usize) -> String {
    format!("pace-{number:04}")
}

fn ids(numbers: &[usize]) -> Vec<PluginId> {
    let ids = numbers.iter().map(|&number| PluginId::new(&id(number)));
    ids.collect::<Result<_, _>>().unwrap()
}

fn change(stop: &[usize], start: &[usize]) -> Change {
    Change {
        stop: ids(stop),
        start: ids(start),
    }
}

/// Plugins of the `pace` fixture, and a diary that all of them write.
struct Scene {
    site: Site,
    options: Options,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new();
        let options = Options::new(site.plugins(), site.state());
        Self { site, options }
    }

    /// A plugin that requires another.
    fn add(&mut self, number: usize, requires: Option<usize>) {
        let id = id(number);
        let mut texts = vec![("pace-0000".to_owned(), id.clone())];
        texts.extend(requires.map(|other| {
            let line = |id: &str, optional| {
                format!("plugin = \"{id}\", range = \"^1\", optional {optional}")
            };
            let other = format!("pace-{other:04}");
            (line("need-0000", "= true"), line(&other, "=false"))
        }));
        let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (&**a, &**b)).collect();
        self.site
            .add_patched("pace", &format!("lib{id}.so"), &texts);
        self.configure(number, json!({}));
    }

    fn configure(&mut self, number: usize, mut more: serde_json::Value) {
        more["diary"] = json!(self.site.root().join("diary"));
        let settings = self.options.settings.entry(id(number)).or_default();
        settings.config.extend(more.as_object().unwrap().clone());
    }

    /// 3 requires 2, which requires 1; 4 stands alone; all run.
    fn chain() -> (Self, Loader) {
        let mut scene = Self::new();
        scene.add(1, None);
        scene.add(2, Some(1));
        scene.add(3, Some(2));
        scene.add(4, None);
        let loader = scene.start();
        for number in 1..=4 {
            assert_eq!(state(&loader, number), State::Running);
        }
        (scene, loader)
    }

    fn start(&self) -> Loader {
        let loader = Loader::open(self.options.clone()).unwrap();
        loader.start();
        loader
    }

    /// How often a plugin wrote that word.
    fn noted(&self, number: usize, word: &str) -> usize {
        let text = fs::read_to_string(self.site.root().join("diary")).unwrap();
        let line = format!("{} {word}", id(number));
        text.lines().filter(|noted| *noted == line).count()
    }
}

fn state(loader: &Loader, number: usize) -> State {
    loader.status(&id(number)).unwrap().state
}

#[test]
fn stopping_one_stops_its_dependents_first_and_nobody_else() {
    let (scene, loader) = Scene::chain();
    let expected = change(&[3, 2], &[]);
    assert_eq!(loader.would_stop(&id(2)), Ok(expected.clone()));
    assert_eq!(loader.stop_plugin(&id(2), soon()), Ok(expected));
    let states = [1, 2, 3, 4].map(|number| state(&loader, number));
    let (up, down) = (State::Running, State::Stopped);
    assert_eq!(states, [up, down, down, up]);
    // Once is enough.
    assert_eq!(loader.stop_plugin(&id(2), soon()), Ok(Change::default()));
    assert_eq!([2, 3].map(|number| scene.noted(number, "stop")), [1, 1]);
    assert!(loader.plugin(&id(3)).is_none());
}

#[test]
fn starting_one_starts_what_it_requires_before_it() {
    let (scene, loader) = Scene::chain();
    loader.stop_plugin(&id(1), soon()).unwrap();
    let expected = change(&[], &[1, 2]);
    assert_eq!(loader.would_start(&id(2)), Ok(expected.clone()));
    assert_eq!(loader.start_plugin(&id(2), soon()), Ok(expected));
    let states = [1, 2, 3, 4].map(|number| state(&loader, number));
    let (up, down) = (State::Running, State::Stopped);
    assert_eq!(states, [up, up, down, up]);
    assert_eq!(loader.start_plugin(&id(2), soon()), Ok(Change::default()));
    assert_eq!(scene.noted(2, "initialize"), 2);
    // It came up through this way, and it is known all the same what requires it.
    loader.start_plugin(&id(3), soon()).unwrap();
    assert_eq!(loader.would_stop(&id(1)), Ok(change(&[3, 2, 1], &[])));
}

#[test]
fn restarting_one_brings_back_those_that_ran() {
    let (scene, loader) = Scene::chain();
    loader.stop_plugin(&id(3), soon()).unwrap();
    let expected = change(&[2, 1], &[1, 2]);
    assert_eq!(loader.would_restart(&id(1)), Ok(expected.clone()));
    assert_eq!(loader.restart_plugin(&id(1), soon()), Ok(expected));
    let states = [1, 2, 3, 4].map(|number| state(&loader, number));
    let (up, down) = (State::Running, State::Stopped);
    assert_eq!(states, [up, up, down, up]);
    let started = [1, 2, 3, 4].map(|number| scene.noted(number, "start"));
    assert_eq!(started, [2, 2, 1, 1]);
}

#[test]
fn what_cannot_start_any_more_is_not_stopped_by_a_restart() {
    let (scene, loader) = Scene::chain();
    let library = scene.site.plugins().join("libpace-0002.so");
    fs::write(&library, "half a file").unwrap();
    let error = loader.restart_plugin(&id(2), soon()).unwrap_err();
    assert!(matches!(error, ControlError::Unknown(_)), "{error}");
    assert_eq!(state(&loader, 2), State::Running);
    assert_eq!(scene.noted(2, "stop"), 0);
}

#[test]
fn two_that_start_it_at_once_initialize_it_once() {
    let (mut scene, loader) = Scene::chain();
    drop(loader);
    scene.configure(4, json!({ "initialize_ms": 100 }));
    let loader = scene.start();
    loader.stop_plugin(&id(4), soon()).unwrap();
    let before = scene.noted(4, "initialize");
    let barrier = Barrier::new(4);
    let started: Vec<_> = thread::scope(|scope| {
        let start = || {
            barrier.wait();
            loader.start_plugin(&id(4), soon())
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let did = |result: &&Result<Change, _>| **result == Ok(change(&[], &[4]));
    assert_eq!(started.iter().filter(did).count(), 1, "{started:?}");
    assert!(started.iter().all(Result::is_ok));
    assert_eq!(scene.noted(4, "initialize"), before + 1);
}

#[test]
fn who_waits_too_long_is_told_what_for() {
    let (mut scene, loader) = Scene::chain();
    drop(loader);
    scene.configure(4, json!({ "stop_ms": 1500 }));
    let loader = scene.start();
    let error = thread::scope(|scope| {
        let stopping = scope.spawn(|| loader.stop_plugin(&id(4), soon()));
        let stopping_now = |state| state == State::Stopping;
        loader.wait(&id(4), soon(), stopping_now).unwrap();
        let error = loader.stop_plugin(&id(4), Instant::now()).unwrap_err();
        assert_eq!(stopping.join().unwrap(), Ok(change(&[4], &[])));
        error
    });
    let ControlError::Busy(busy) = error else {
        panic!("{error}");
    };
    assert_eq!((busy.id.as_str(), busy.what), ("pace-0004", "stop"));
}

#[test]
fn who_has_no_time_left_to_wait_leaves_them_their_own_to_stop() {
    let (mut scene, loader) = Scene::chain();
    drop(loader);
    scene.configure(4, json!({ "stop_ms": 200 }));
    let loader = scene.start();
    let restarted = loader.restart_plugin(&id(4), Instant::now());
    assert_eq!(restarted, Ok(change(&[4], &[4])));
    let stopped = loader.stop_plugin(&id(4), Instant::now());
    assert_eq!(stopped, Ok(change(&[4], &[])));
    assert_eq!(state(&loader, 4), State::Stopped);
}

#[test]
fn a_start_during_a_stop_waits_and_ends_running() {
    let (mut scene, loader) = Scene::chain();
    drop(loader);
    scene.configure(4, json!({ "stop_ms": 200 }));
    let loader = scene.start();
    thread::scope(|scope| {
        let stopping = scope.spawn(|| loader.stop_plugin(&id(4), soon()));
        let stopping_now = |state| state == State::Stopping;
        loader.wait(&id(4), soon(), stopping_now).unwrap();
        let started = loader.start_plugin(&id(4), soon());
        assert_eq!(started, Ok(change(&[], &[4])));
        stopping.join().unwrap().unwrap();
    });
    assert_eq!(state(&loader, 4), State::Running);
}

#[test]
fn nobody_has_that_id() {
    let (_scene, loader) = Scene::chain();
    let unknown = ControlError::Unknown("nobody".to_owned());
    assert_eq!(unknown.to_string(), "there is no plugin `nobody`");
    for error in [
        loader.stop_plugin("nobody", soon()),
        loader.start_plugin("nobody", soon()),
        loader.restart_plugin("nobody", soon()),
    ] {
        assert_eq!(error, Err(unknown.clone()));
    }
}

#[test]
fn calls_are_counted_from_the_start_on() {
    let (_scene, loader) = Scene::chain();
    let calls = || loader.counters(&id(1)).unwrap().calls;
    assert_eq!(calls(), 1, "its start");
    let plugin = loader.plugin(&id(1)).unwrap();
    plugin.health().unwrap();
    assert_eq!(calls(), 2);
    assert_eq!(loader.counters(&id(1)).unwrap().inside, 0);
    loader.restart_plugin(&id(1), soon()).unwrap();
    assert_eq!(calls(), 1);
    loader.stop_plugin(&id(1), soon()).unwrap();
    assert!(loader.counters(&id(1)).is_none());
    assert!(plugin.health().is_err());
}

#[test]
fn what_is_disabled_stops_and_starts_again_only_when_it_is_enabled() {
    let (_scene, loader) = Scene::chain();
    let expected = change(&[3, 2], &[]);
    assert_eq!(loader.disable_plugin(&id(2), soon()), Ok(expected));
    let states = [1, 2, 3, 4].map(|number| state(&loader, number));
    let (up, down) = (State::Running, State::Stopped);
    assert_eq!(states, [up, State::Disabled, down, up]);
    let reason = &loader.status(&id(2)).unwrap().reasons[0];
    assert_eq!(
        reason.message,
        "not enabled: set enabled = true under [plugins.pace-0002]"
    );
    let error = loader.start_plugin(&id(3), soon()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`pace-0003` cannot be started: requires pace-0002, which is disabled"
    );
    assert_eq!(loader.would_enable(&id(2)), Ok(change(&[], &[2])));
    assert_eq!(state(&loader, 2), State::Disabled, "that changes nothing");
    assert!(loader.start_plugin(&id(2), soon()).is_err());
    loader.enable_plugin(&id(2)).unwrap();
    assert_eq!(
        loader.start_plugin(&id(3), soon()),
        Ok(change(&[], &[2, 3]))
    );
    let unknown = Err(ControlError::Unknown("nobody".to_owned()));
    assert_eq!(loader.enable_plugin("nobody"), unknown);
}

#[test]
fn what_a_later_start_leaves_out_has_changed_as_by_anything_else() {
    let (_scene, loader) = Scene::chain();
    loader.disable_plugin(&id(2), soon()).unwrap();
    assert_eq!(state(&loader, 3), State::Stopped);
    let events = loader.events();
    loader.start();
    let changes: Vec<_> = events.pending().collect();
    // What is disabled stays so, and that is no change.
    assert_eq!(changes.len(), 1, "{changes:?}");
    let (from, to) = (changes[0].from, changes[0].to);
    assert_eq!((from, to), (State::Stopped, State::Rejected));
    assert_eq!(changes[0].id.as_str(), id(3));
    let cause = changes[0].cause.as_deref();
    assert_eq!(cause, Some("requires pace-0002, which is disabled"));
}
