//! Is another configuration checked, given to the plugin and kept, or nothing changed?

use super::scene::{LONG, Scene};
use jackfield_loader::{ReconfigureError, Reconfigured, State, Unload};
use serde_json::{Map, Value, json};
use std::{fs, sync::mpsc, thread};

/// A configuration of `misbehave`, with another diary.
fn configuration(scene: &Scene, mode: &str) -> Map<String, Value> {
    let root = scene.site.root();
    let config = json!({
        "mode": mode, "release": root.join("release"), "diary": root.join("other"),
    });
    config.as_object().unwrap().clone()
}

fn reconfigure(scene: &Scene, mode: &str) -> Result<Reconfigured, ReconfigureError> {
    let config = configuration(scene, mode);
    scene.loader.reconfigure("misbehave", &config)
}

/// What the plugin noted in the diary that the new configuration names.
fn other_diary(scene: &Scene) -> String {
    fs::read_to_string(scene.site.root().join("other")).unwrap_or_default()
}

fn refused(outcome: Result<Reconfigured, ReconfigureError>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn it_is_given_to_the_plugin() {
    let scene = Scene::new("none");
    assert_eq!(reconfigure(&scene, "none").unwrap(), Reconfigured::Now);
    assert_eq!(other_diary(&scene), "misbehave reconfigure\n");
    scene.stops_well();
}

#[test]
fn a_plugin_is_started_with_it_again() {
    let scene = Scene::new("none");
    reconfigure(&scene, "none").unwrap();
    // This one is for after the next start: `echo` does not take any while it runs.
    let some = json!({"any": 1});
    let taken = scene.loader.reconfigure("echo", some.as_object().unwrap());
    assert_eq!(taken.unwrap(), Reconfigured::AtNextStart);
    scene.loader.stop(LONG);
    scene.loader.start();
    assert_eq!(
        other_diary(&scene),
        "misbehave reconfigure\nmisbehave initialize\nmisbehave start\n"
    );
}

#[test]
fn what_does_not_fit_never_reaches_the_plugin() {
    let scene = Scene::new("none");
    let mut config = configuration(&scene, "none");
    config.insert("release".to_owned(), json!(5));
    config.insert("mod".to_owned(), json!("hush"));
    let outcome = scene.loader.reconfigure("misbehave", &config);
    let Err(ReconfigureError::Config(error)) = outcome else {
        panic!("{outcome:?}")
    };
    let text = error.to_string();
    assert!(
        text.contains("release: expected a string, found 5"),
        "{text}"
    );
    let unknown = "mod: expected one of `mode`, `release`, `after`, `diary`, found an unknown key, \
                   did you mean `mode`?";
    assert!(text.contains(unknown), "{text}");
    assert_eq!(other_diary(&scene), "");
    scene.stops_well();
}

#[test]
fn who_does_not_run_is_told() {
    let scene = Scene::new("error-in-start");
    assert_eq!(
        refused(reconfigure(&scene, "none")),
        "`misbehave` is failed: start it, or wait until it runs"
    );
    let outcome = scene.loader.reconfigure("nobody", &Map::new());
    assert_eq!(
        refused(outcome),
        "there is no plugin `nobody`: install it, or name another"
    );
}

#[test]
fn error_in_reconfigure() {
    let scene = Scene::new("none");
    assert_eq!(
        refused(reconfigure(&scene, "error-in-reconfigure")),
        "the plugin refused the configuration: an error in Reconfigure, as configured"
    );
    assert_eq!(
        refused(reconfigure(&scene, "no such mode")),
        "the plugin refused the configuration: there is no mode `no such mode`"
    );
    // It goes on with the old one, and is started with that again.
    scene.loader.stop(LONG);
    scene.loader.start();
    assert_eq!(scene.status("misbehave").state, State::Running);
    assert_eq!(other_diary(&scene), "");
    let own = ["initialize", "start", "stop", "drop", "initialize", "start"];
    assert_eq!(scene.diary("misbehave"), own);
}

#[test]
fn panic_in_reconfigure() {
    let scene = Scene::new("none");
    assert_eq!(
        refused(reconfigure(&scene, "panic-in-reconfigure")),
        "the plugin panicked over the configuration: a panic in Reconfigure, as configured"
    );
    assert_eq!(reconfigure(&scene, "none").unwrap(), Reconfigured::Now);
    scene.stops_well();
}

#[test]
fn hang_in_reconfigure() {
    let mut scene = Scene::hasty("none");
    assert_eq!(
        refused(reconfigure(&scene, "hang-in-reconfigure")),
        "the plugin did not say within 1 s whether it takes the configuration"
    );
    assert_eq!(scene.loader.abandoned_threads(), 1);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    assert_eq!(
        refused(reconfigure(&scene, "none")),
        "the plugin was busy with another configuration for 1 s"
    );
    scene.release();
    // Taken late, it is taken all the same.
    super::scene::until("it does not come back", || {
        scene.loader.abandoned_threads() == 0
    });
    assert_eq!(other_diary(&scene), "misbehave reconfigure\n");
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.unload("misbehave"), Unload::Unmapped);
}

#[test]
fn those_for_one_plugin_wait_for_each_other() {
    let scene = Scene::new("none");
    let (one, other) = (
        configuration(&scene, "hang-in-reconfigure"),
        configuration(&scene, "none"),
    );
    let (loader, diary) = (&scene.loader, scene.site.root().join("other"));
    let (sender, begun) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        let first = scope.spawn(|| loader.reconfigure("misbehave", &one));
        scene.hangs();
        let second = scope.spawn(|| {
            sender.send(()).unwrap();
            let taken = loader.reconfigure("misbehave", &other);
            // The first came before: it has noted so too.
            let noted = fs::read_to_string(&diary).unwrap();
            assert_eq!(noted, "misbehave reconfigure\n".repeat(2));
            taken
        });
        begun.recv().unwrap();
        scene.release();
        assert_eq!(first.join().unwrap().unwrap(), Reconfigured::Now);
        assert_eq!(second.join().unwrap().unwrap(), Reconfigured::Now);
    });
    assert_eq!(other_diary(&scene), "misbehave reconfigure\n".repeat(2));
    scene.stops_well();
}
