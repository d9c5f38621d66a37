//! Does a plugin that waits come back, whatever it waits for?

use super::scene::{LONG, Scene, ids, soon, state, status};
use jackfield_loader::{Loader, Recovery, Request, State};
use jackfield_manifest::Restart;
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

fn shows(loader: &Loader, id: &str, what: &str, is_it: impl Fn(&Recovery) -> bool) -> Recovery {
    let found = loader.wait_for(id, soon(), |status| {
        status.restart.clone().filter(|restart| is_it(restart))
    });
    found.unwrap_or_else(|| panic!("{id} {what}: {:?}", loader.status(id)))
}

fn waits_for_misbehave(loader: &Loader) {
    let [id] = ids(&["misbehave"]).try_into().unwrap();
    let awaits = Recovery::Awaits { id };
    shows(loader, "pace-0002", "does not wait", |restart| {
        *restart == awaits
    });
}

fn runs(loader: &Loader, id: &str) {
    let runs = loader.wait(id, soon(), |state| state == State::Running);
    assert!(runs.is_some(), "{:?}", loader.status(id));
    assert_eq!(status(loader, id).restart, None);
}

fn panics(loader: &Loader) {
    let plugin = loader.plugin("misbehave").expect("it runs");
    pollster::block_on(plugin.request(&Request::new("GET", "/handle"))).unwrap_err();
}

#[test]
fn one_whose_delay_ends_while_what_it_requires_is_down_waits_for_that() {
    let mut scene = Scene::new("panic-in-handle");
    scene.options.timing.first_delay = Duration::from_millis(20);
    scene.options.timing.longest_delay = Duration::from_millis(20);
    scene.options.timing.most_starts = usize::MAX;
    scene.settings(|settings| settings.restart = Some(Restart::Never));
    let needs = scene.site.root().join("release");
    let settings = scene.options.settings.get_mut("pace-0002").unwrap();
    settings.config.insert("needs".to_owned(), json!(needs));
    let loader = scene.start();
    shows(&loader, "pace-0002", "is not started again", |restart| {
        matches!(restart, Recovery::Pending { .. })
    });
    panics(&loader);
    waits_for_misbehave(&loader);
    scene.release();
    loader.start_plugin("misbehave", soon()).unwrap();
    runs(&loader, "pace-0002");
}

#[test]
fn one_that_lacked_what_was_disabled_comes_back_with_it() {
    for is_reset in [false, true] {
        let mut scene = Scene::new("panic-in-handle");
        scene.options.timing.first_delay = LONG * 100;
        scene.options.timing.longest_delay = LONG * 100;
        let loader = scene.start();
        panics(&loader);
        waits_for_misbehave(&loader);
        loader.disable_plugin("misbehave", soon()).unwrap();
        // That another comes to run shows what is in the way now.
        loader.restart_plugin("echo", soon()).unwrap();
        let left_out = shows(&loader, "pace-0002", "is not left out", |restart| {
            matches!(restart, Recovery::LeftOut { .. })
        });
        assert_eq!(
            left_out.to_string(),
            "cannot be started again: requires misbehave, which is disabled"
        );
        loader.enable_plugin("misbehave").unwrap();
        if is_reset {
            assert_eq!(loader.reset_failed("pace-0002"), Ok(true));
            waits_for_misbehave(&loader);
        }
        loader.start_plugin("misbehave", soon()).unwrap();
        runs(&loader, "pace-0002");
    }
}

#[test]
fn one_that_was_not_trusted_comes_back_when_its_file_is() {
    let mut scene = Scene::new("fails-until-released");
    scene.options.timing.first_delay = Duration::from_millis(1);
    scene.options.timing.longest_delay = Duration::from_millis(20);
    scene.options.timing.most_starts = usize::MAX;
    scene.options.timing.look_at_files = Duration::from_millis(5);
    let loader = scene.start();
    let library = scene.site.plugins().join("libmisbehave.so");
    let chmod = |mode| fs::set_permissions(&library, fs::Permissions::from_mode(mode)).unwrap();
    chmod(0o666);
    shows(&loader, "misbehave", "is trusted", |restart| {
        matches!(restart, Recovery::LeftOut { .. })
    });
    scene.release();
    chmod(0o644);
    runs(&loader, "misbehave");
    runs(&loader, "pace-0002");
    assert_eq!(state(&loader, "echo"), State::Running);
}
