use super::*;
use crate::scene::Scene;
use std::{fs, os::unix::fs::PermissionsExt};

/// One part, begun and ended.
fn send(scene: &Scene, offset: u64, size: u64, bytes: &[u8]) -> Result<Progress, Fault> {
    let mut upload = Upload::begin(scene.place("home/a"), offset, size, false)?;
    upload.write(bytes)?;
    upload.finish()
}

fn refused(result: Result<Progress, Fault>) -> (u16, String) {
    let fault = result.unwrap_err();
    (fault.status(), fault.to_string())
}

#[test]
fn a_file_comes_in_parts() {
    let scene = Scene::new();
    let path = scene.at("home/a");
    let told = |offset, complete| Progress {
        path: path.display().to_string(),
        offset,
        complete,
    };
    assert_eq!(progress(&scene.place("home/a"), 6).unwrap(), told(0, false));
    assert_eq!(send(&scene, 0, 6, b"0123").unwrap(), told(4, false));
    assert_eq!(scene.names("home"), [".a.6.part"]);
    assert_eq!(progress(&scene.place("home/a"), 6).unwrap(), told(4, false));
    assert_eq!(send(&scene, 4, 6, b"45").unwrap(), told(6, true));
    assert_eq!(scene.names("home"), ["a"]);
    assert_eq!(scene.read("home/a"), "012345");
}

#[test]
fn a_part_goes_on_where_the_last_has_ended() {
    let scene = Scene::new();
    let path = scene.at("home/a");
    send(&scene, 0, 9, b"0123").unwrap();
    for wrong in [3, 5] {
        let said = format!(
            "{}: 4 bytes are there, expected the offset 4, found {wrong}",
            path.display()
        );
        assert_eq!(refused(send(&scene, wrong, 9, b"x")), (409, said));
    }
    // From the beginning again.
    assert_eq!(send(&scene, 0, 9, b"ab").unwrap().offset, 2);
    assert_eq!(scene.read("home/.a.9.part"), "ab");
}

#[test]
fn an_upload_that_breaks_off_keeps_what_came() {
    let scene = Scene::new();
    let mut upload = Upload::begin(scene.place("home/a"), 0, 9, false).unwrap();
    upload.write(b"012").unwrap();
    upload.write(b"34").unwrap();
    drop(upload);
    assert_eq!(progress(&scene.place("home/a"), 9).unwrap().offset, 5);
    assert!(send(&scene, 5, 9, b"5678").unwrap().complete);
}

#[test]
fn no_more_than_was_announced_is_taken() {
    let scene = Scene::new();
    let said = format!(
        "{}: expected 4 bytes in all, found more",
        scene.at("home/a").display()
    );
    assert_eq!(refused(send(&scene, 0, 4, b"01234")), (400, said.clone()));
    assert_eq!(refused(send(&scene, 5, 4, b"")), (400, said));
    assert!(send(&scene, 0, 0, b"").unwrap().complete);
}

#[test]
fn two_do_not_write_at_once() {
    let scene = Scene::new();
    let first = Upload::begin(scene.place("home/a"), 0, 4, false).unwrap();
    let said = format!(
        "{}: another upload of it is under way",
        scene.at("home/a").display()
    );
    assert_eq!(refused(send(&scene, 0, 4, b"x")), (409, said));
    drop(first);
    assert!(send(&scene, 0, 4, b"0123").unwrap().complete);
}

#[test]
fn what_is_there_is_replaced_only_where_that_is_said() {
    let scene = Scene::new();
    scene.file("home/a", "old");
    assert_eq!(refused(send(&scene, 0, 3, b"new")).0, 409);
    let mut upload = Upload::begin(scene.place("home/a"), 0, 3, true).unwrap();
    upload.write(b"new").unwrap();
    assert!(upload.finish().unwrap().complete);
    assert_eq!(scene.read("home/a"), "new");

    // It came while the last part was on its way.
    let mut upload = Upload::begin(scene.place("home/b"), 0, 3, false).unwrap();
    upload.write(b"new").unwrap();
    scene.file("home/b", "theirs");
    assert_eq!(refused(upload.finish()).0, 409);
    assert_eq!(scene.read("home/b"), "theirs");
}

#[test]
fn what_somebody_has_planted_is_not_written_to() {
    let scene = Scene::new();
    let refused = || {
        let (status, said) = refused(send(&scene, 0, 3, b"new"));
        let part = scene.at("home/.a.3.part");
        assert_eq!(
            (status, said),
            (400, format!("Not a regular file: {}", part.display()))
        );
        assert_eq!(
            progress(&scene.place("home/a"), 3).unwrap_err().status(),
            400
        );
        part
    };
    scene.file("outside/secret", "secret");
    scene.link("home/.a.3.part", "outside/secret");
    fs::remove_file(refused()).unwrap();
    scene.pipe("home/.a.3.part");
    fs::remove_file(refused()).unwrap();
    // A second name of a file that lies elsewhere.
    fs::hard_link(scene.at("outside/secret"), scene.at("home/.a.3.part")).unwrap();
    refused();
    assert_eq!(scene.read("outside/secret"), "secret");
}

#[test]
fn nobody_goes_on_with_the_part_of_another_file() {
    let scene = Scene::new();
    send(&scene, 0, 6, b"0123").unwrap();
    let (status, _) = refused(send(&scene, 4, 8, b"wxyz"));
    assert_eq!(status, 409);
    assert_eq!(scene.names("home"), [".a.6.part"]);
    assert!(send(&scene, 4, 6, b"45").unwrap().complete);
    assert_eq!(scene.read("home/a"), "012345");
}

#[test]
fn what_replaces_a_secret_file_is_as_secret() {
    let scene = Scene::new();
    let rights = |path: &str| fs::metadata(scene.at(path)).unwrap().permissions().mode() & 0o777;
    // It is older than the file.
    send(&scene, 0, 6, b"0123").unwrap();
    let path = scene.file("home/a", "old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut upload = Upload::begin(scene.place("home/a"), 4, 6, true).unwrap();
    assert_eq!(rights("home/.a.6.part"), 0o600);
    upload.write(b"45").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(upload.finish().unwrap().complete);
    assert_eq!(rights("home/a"), 0o600);
}

#[test]
fn an_upload_that_has_ended_is_not_locked_whoever_has_inherited_it() {
    let scene = Scene::new();
    let upload = Upload::begin(scene.place("home/a"), 0, 4, false).unwrap();
    let inherited = upload.file.0.try_clone().unwrap();
    drop(upload);
    assert!(send(&scene, 0, 4, b"0123").unwrap().complete);
    drop(inherited);
}
