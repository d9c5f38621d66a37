use super::*;
use crate::scene::Scene;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

#[test]
fn a_file_is_written_once_unless_it_may_be_replaced() {
    let scene = Scene::new();
    let path = put(&scene.place("home/a"), b"first", false).unwrap();
    assert_eq!(path, scene.at("home/a"));
    let fault = put(&scene.place("home/a"), b"second", false).unwrap_err();
    assert_eq!(
        (fault.status(), fault.to_string()),
        (409, format!("Target already exists: {}", path.display()))
    );
    assert_eq!(scene.read("home/a"), "first");
    put(&scene.place("home/a"), b"third", true).unwrap();
    assert_eq!(scene.read("home/a"), "third");
    assert_eq!(scene.names("home"), ["a"]);
}

#[test]
fn a_file_that_comes_in_between_is_not_replaced() {
    let scene = Scene::new();
    let place = scene.place("home/a");
    scene.file("home/a", "theirs");
    assert_eq!(put(&place, b"ours", false).unwrap_err().status(), 409);
    assert_eq!(scene.read("home/a"), "theirs");
    assert_eq!(scene.names("home"), ["a"]);
}

#[test]
fn a_directory_is_not_replaced() {
    let scene = Scene::new();
    let place = scene.place("home/a");
    fs::create_dir(scene.at("home/a")).unwrap();
    assert_eq!(put(&place, b"ours", true).unwrap_err().status(), 400);
    assert_eq!(scene.names("home"), ["a"]);
}

#[test]
fn the_rights_of_a_file_stay() {
    let scene = Scene::new();
    let path = scene.file("home/a", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    put(&scene.place("home/a"), b"1", true).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let scene = Scene::new();
    scene.file("data/a", "old");
    scene.link("home/a", "data/a");
    let path = put(&scene.place("home/a"), b"new", true).unwrap();
    assert_eq!(path, scene.at("data/a"));
    assert_eq!(scene.read("data/a"), "new");
    assert!(scene.at("home/a").is_symlink());
}

#[test]
fn a_link_that_is_planted_in_between_leads_nowhere() {
    let scene = Scene::new();
    fs::create_dir(scene.at("home/d")).unwrap();
    let place = scene.place("home/d/a");
    fs::rename(scene.at("home/d"), scene.at("home/moved")).unwrap();
    scene.link("home/d", "outside");
    put(&place, b"ours", true).unwrap();
    assert_eq!(scene.names("outside"), [""; 0]);
    assert_eq!(scene.read("home/moved/a"), "ours");

    // And one in the place of the file itself.
    scene.file("outside/secret", "secret");
    let place = scene.place("home/b");
    scene.link("home/b", "outside/secret");
    put(&place, b"ours", true).unwrap();
    assert_eq!(scene.read("outside/secret"), "secret");
    assert_eq!(scene.read("home/b"), "ours");
}

#[test]
fn whoever_swaps_a_directory_for_a_link_gets_nothing_out() {
    let scene = Scene::new();
    let (directory, aside) = (scene.at("home/d"), scene.at("home/aside"));
    fs::create_dir(&directory).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                fs::rename(&directory, &aside).unwrap();
                scene.link("home/d", "outside");
                fs::remove_file(&directory).unwrap();
                fs::rename(&aside, &directory).unwrap();
            }
        });
        for _ in 0..300 {
            if let Ok(place) = scene.roots.place(&scene.at("home/d/a")) {
                let _ = put(&place, b"ours", true);
            }
        }
        done.store(true, SeqCst);
    });
    assert_eq!(scene.names("outside"), [""; 0]);
}
