//! Does a backend that may not write its data directory say so, and keep nobody else from running?

use super::{Scene, get, no_config, plugin, stop};
use crate::mounts::{self, mount};
use jackfield_loader::{Loader, State};
use std::{env, fs};

const ID: &str = "sqlite-backend";
const CHILD: &str = "JACKFIELD_TEST_READONLY";

fn scene() -> Scene {
    Scene::new()
        .with(ID, no_config())
        .with("log-store", no_config())
}

/// Why the backend does not run, while the other plugin does and is well.
fn cause(loader: &Loader) -> String {
    let status = loader.status(ID).unwrap();
    assert_eq!(status.state, State::Failed);
    plugin(loader, "log-store");
    get(loader, "log-store", "/logs");
    stop(loader);
    status.cause.unwrap()
}

fn runs(scene: &Scene) {
    let loader = scene.start();
    plugin(&loader, ID);
    stop(&loader);
}

#[test]
fn a_file_in_the_place_of_the_data_directory_is_named_and_kept() {
    let scene = scene();
    let data = scene.site.state().join("data");
    fs::create_dir_all(&data).unwrap();
    let place = data.canonicalize().unwrap().join(ID);
    fs::write(&place, "a note").unwrap();
    assert_eq!(
        cause(&scene.start()),
        format!(
            "initialize: {}: expected a directory, or room for one, found neither: File exists \
             (os error 17): move away what is in its place, make it writable, or choose another \
             state directory",
            place.display()
        )
    );
    assert_eq!(fs::read_to_string(&place).unwrap(), "a note");
    fs::remove_file(&place).unwrap();
    runs(&scene);
}

#[test]
fn a_data_directory_that_is_read_only_is_named_and_kept() {
    mounts::passes("tracking::readonly::on_a_mount", CHILD, "1");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a child is told by its environment"
)]
fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

#[test]
#[ignore = "the child of a_data_directory_that_is_read_only_is_named_and_kept"]
fn on_a_mount() {
    if !is_child() {
        return;
    }
    let scene = scene();
    let dir = scene.site.state().join("data").join(ID);
    fs::create_dir_all(&dir).unwrap();
    let dir = dir.canonicalize().unwrap();
    let path = dir.join("experiments.db");
    let expected = |found: &str| {
        format!(
            "initialize: {}: cannot be opened: expected a file and a directory that this user may \
             write, found others ({found}): make them writable, or choose another state directory",
            path.display()
        )
    };
    mount("ro", &dir);
    let nothing = format!("unable to open database file: {}", path.display());
    assert_eq!(cause(&scene.start()), expected(&nothing));

    mount("remount,rw", &dir);
    runs(&scene);
    let before = fs::read(&path).unwrap();
    mount("remount,ro", &dir);
    assert_eq!(
        cause(&scene.start()),
        expected("unable to open database file")
    );
    assert_eq!(fs::read(&path).unwrap(), before);

    mount("remount,rw", &dir);
    runs(&scene);
}
