//! Is a plugin that fails started again, as often as it may be, with those that require it?

use super::scene::{LONG, Scene, ids, soon, state, status};
use jackfield_loader::{Change, ControlError, Loader, Recovery, State};
use jackfield_manifest::Restart;
use std::{fs, time::Duration};

const FAILS: &str = "start: it was not released";

/// Waits until it is known what becomes of `misbehave`.
fn recovery(loader: &Loader) -> Recovery {
    let found = loader.wait_for("misbehave", soon(), |status| status.restart.clone());
    found.expect("nothing becomes of it")
}

fn gives_up(loader: &Loader) -> Recovery {
    let given_up = |status: &jackfield_loader::Status| {
        let restart = status.restart.clone();
        restart.filter(|restart| matches!(restart, Recovery::GaveUp { .. }))
    };
    let found = loader.wait_for("misbehave", soon(), given_up);
    found.expect("it does not give up")
}

fn runs(loader: &Loader, id: &str) {
    let runs = loader.wait(id, soon(), |state| state == State::Running);
    assert!(runs.is_some(), "{:?}", loader.status(id));
}

/// It fails, and is not tried again before the test is over, if not by something else.
fn patient(mode: &str) -> Scene {
    let mut scene = Scene::new(mode);
    scene.options.timing.first_delay = LONG * 100;
    scene.options.timing.longest_delay = LONG * 100;
    scene
}

#[test]
fn one_that_failed_comes_back_with_those_that_require_it() {
    let mut scene = Scene::new("fails-until-released");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.longest_delay = Duration::from_millis(20);
    scene.options.timing.most_starts = usize::MAX;
    let loader = scene.start();
    let awaits = Recovery::Awaits {
        id: ids(&["misbehave"]).remove(0),
    };
    // Between two starts: during one it is on its way itself.
    let is_left_out = loader.wait_for("pace-0002", soon(), |status| {
        let is_it = status.state == State::Rejected && status.restart.as_ref() == Some(&awaits);
        is_it.then_some(())
    });
    assert!(is_left_out.is_some(), "{:?}", loader.status("pace-0002"));
    scene.release();
    runs(&loader, "pace-0002");
    let back = status(&loader, "misbehave");
    assert_eq!(
        (back.state, back.cause, back.restart),
        (State::Running, None, None)
    );
    assert!(back.restarts >= 1);
    let starts = scene
        .diary("misbehave")
        .iter()
        .filter(|step| *step == "start")
        .count();
    assert_eq!(u64::try_from(starts).unwrap(), back.restarts + 1);
    let dependent = status(&loader, "pace-0002");
    assert_eq!((dependent.reasons.len(), dependent.restart), (0, None));
    assert_eq!(scene.diary("pace-0002"), ["initialize", "start"]);
    assert_eq!(loader.stop(LONG).failed, []);
}

#[test]
fn a_crash_loop_ends_after_five_starts_until_it_is_reset() {
    for mode in ["error-in-start", "panic-in-initialize"] {
        let mut scene = Scene::new(mode);
        scene.options.timing.first_delay = Duration::from_millis(1);
        let loader = scene.start();
        let starts = || {
            let diary = scene.diary("misbehave");
            diary.iter().filter(|step| *step == "initialize").count()
        };
        let given_up = gives_up(&loader);
        let within = Duration::from_secs(60);
        assert_eq!(given_up, Recovery::GaveUp { starts: 5, within });
        assert_eq!(
            given_up.to_string(),
            "gave up after 5 starts within 60 s: it waits for reset-failed, or for another content \
             of its file"
        );
        let given_up = status(&loader, "misbehave");
        assert_eq!((given_up.state, given_up.restarts), (State::Failed, 4));
        assert_eq!(starts(), 5);

        assert_eq!(loader.reset_failed("misbehave"), Ok(true));
        loader.wait_for("misbehave", soon(), |status| {
            (status.restarts == 9).then_some(())
        });
        gives_up(&loader);
        assert_eq!(starts(), 10);
        // What was not given up is reset as well, and nothing follows.
        assert_eq!(loader.reset_failed("echo"), Ok(false));
        assert_eq!(
            loader.reset_failed("nobody"),
            Err(ControlError::Unknown("nobody".to_owned()))
        );
        assert_eq!(loader.stop(LONG).failed, []);
        assert_eq!(status(&loader, "misbehave").restart, None);
    }
}

#[test]
fn another_content_of_its_file_begins_anew() {
    let mut scene = Scene::new("fails-until-released");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.look_at_files = Duration::from_millis(5);
    let loader = scene.start();
    gives_up(&loader);
    scene.release();
    let library = scene.site.plugins().join("libmisbehave.so");
    let mut bytes = fs::read(&library).unwrap();
    bytes.push(0);
    let new = library.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, library).unwrap();
    runs(&loader, "pace-0002");
    assert_eq!(status(&loader, "misbehave").restarts, 5);
}

#[test]
fn a_start_by_hand_cuts_the_wait_short() {
    let scene = patient("fails-until-released");
    let loader = scene.start();
    let pending = recovery(&loader);
    assert!(
        matches!(pending, Recovery::Pending { attempt: 1, .. }),
        "{pending:?}"
    );
    let failed = status(&loader, "misbehave");
    assert_eq!(
        (failed.state, failed.cause.as_deref()),
        (State::Failed, Some(FAILS))
    );
    scene.release();
    let change = Change {
        stop: Vec::new(),
        start: ids(&["misbehave"]),
    };
    assert_eq!(loader.start_plugin("misbehave", soon()), Ok(change));
    assert_eq!(status(&loader, "misbehave").restart, None);
    // Those that were left out because of it come by themselves.
    runs(&loader, "pace-0002");
    assert_eq!(status(&loader, "misbehave").restarts, 0);
}

#[test]
fn a_stop_by_hand_is_the_end_of_it() {
    let scene = patient("fails-until-released");
    let loader = scene.start();
    recovery(&loader);
    assert_eq!(
        loader.stop_plugin("misbehave", soon()),
        Ok(Change::default())
    );
    let stopped = status(&loader, "misbehave");
    assert_eq!((stopped.state, stopped.restart), (State::Failed, None));
}

#[test]
fn one_that_is_disabled_is_not_started_again() {
    let scene = patient("fails-until-released");
    let loader = scene.start();
    recovery(&loader);
    scene.release();
    loader.disable_plugin("misbehave", soon()).unwrap();
    assert_eq!(status(&loader, "misbehave").restart, None);
    let error = loader.start_plugin("misbehave", soon()).unwrap_err();
    assert!(matches!(error, ControlError::LeftOut { .. }), "{error}");
    loader.enable_plugin("misbehave").unwrap();
    loader.start_plugin("misbehave", soon()).unwrap();
    assert_eq!(state(&loader, "misbehave"), State::Running);
}

#[test]
fn never_is_never() {
    let mut scene = Scene::new("fails-until-released");
    scene.settings(|settings| settings.restart = Some(Restart::Never));
    let loader = scene.start();
    let failed = status(&loader, "misbehave");
    assert_eq!((failed.state, failed.restart), (State::Failed, None));
}

#[test]
fn one_that_always_runs_comes_back_after_what_it_requires() {
    for (policy, comes_back) in [(Restart::Always, true), (Restart::OnFailure, false)] {
        let mut scene = Scene::new("none");
        let settings = scene.options.settings.get_mut("pace-0002").unwrap();
        settings.restart = Some(policy);
        let loader = scene.start();
        loader.stop_plugin("misbehave", soon()).unwrap();
        let stopped = status(&loader, "pace-0002");
        assert_eq!(
            (stopped.state, stopped.restart.is_some()),
            (State::Stopped, comes_back)
        );
        loader.start_plugin("misbehave", soon()).unwrap();
        if comes_back {
            runs(&loader, "pace-0002");
        } else {
            assert_eq!(state(&loader, "pace-0002"), State::Stopped);
        }
        // Stopped by hand it stays so.
        loader.stop_plugin("pace-0002", soon()).unwrap();
        assert_eq!(status(&loader, "pace-0002").restart, None);
    }
}

#[test]
fn one_that_hangs_is_held_until_its_thread_is_back() {
    let mut scene = Scene::new("hang-in-start");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.watch = Duration::from_millis(5);
    scene.settings(|settings| settings.start_deadline = Some(Duration::from_millis(200)));
    let loader = scene.start();
    let held = |status: &jackfield_loader::Status| {
        (status.restart == Some(Recovery::Held { attempt: 1 })).then_some(())
    };
    loader
        .wait_for("misbehave", soon(), held)
        .expect("it is not held");
    assert_eq!(loader.abandoned_threads(), 1);
    scene.release();
    runs(&loader, "pace-0002");
    assert_eq!(loader.abandoned_threads(), 0);
    assert_eq!(status(&loader, "misbehave").restarts, 1);
}
