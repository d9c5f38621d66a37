use super::*;
use crate::scene::Scene;

fn refused<T: std::fmt::Debug>(result: Result<T, Fault>) -> (u16, String) {
    let fault = result.unwrap_err();
    (fault.status(), fault.to_string())
}

#[test]
fn a_file_is_read_whole_up_to_the_limit() {
    let scene = Scene::new();
    let path = scene.file("home/a", "12345");
    let whole = |limit| open(&scene.roots, &path).unwrap().whole(limit);
    assert_eq!(whole(5).unwrap(), (path.clone(), b"12345".to_vec()));
    let said = format!(
        "{}: has 5 bytes, and an answer holds 4: use GET download/{{sid}}",
        path.display()
    );
    assert_eq!(refused(whole(4)), (413, said));
}

#[test]
fn a_file_that_grows_is_held_to_the_limit() {
    let scene = Scene::new();
    let path = scene.file("home/a", "123");
    let opened = open(&scene.roots, &path).unwrap();
    scene.file("home/a", "123456789");
    assert_eq!(refused(opened.whole(4)).0, 413);
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let scene = Scene::new();
    // Opening a pipe that nobody writes to would wait for ever.
    let pipe = scene.pipe("home/pipe");
    let said = format!("Not a regular file: {}", pipe.display());
    assert_eq!(refused(open(&scene.roots, &pipe)), (400, said));
    assert_eq!(refused(open(&scene.roots, &scene.at("home"))).0, 400);
}

#[test]
fn what_was_looked_at_is_read_whatever_takes_its_place() {
    let scene = Scene::new();
    let path = scene.file("home/a", "kept");
    scene.file("outside/secret", "secret");
    let found = scene.roots.look(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    scene.link("home/a", "outside/secret");
    let mut text = String::new();
    let file = system::reopen(&found.fd).unwrap();
    File::from(file).read_to_string(&mut text).unwrap();
    assert_eq!(text, "kept");
}

#[test]
fn a_part_is_there_or_an_error() {
    let scene = Scene::new();
    let opened = open(&scene.roots, &scene.file("home/a", "0123456789")).unwrap();
    assert_eq!(opened.part(2, 10, 4).unwrap(), b"2345");
    assert_eq!(opened.part(8, 10, 4).unwrap(), b"89");
    assert_eq!(opened.part(10, 10, 4).unwrap(), b"");
    scene.file("home/a", "0");
    assert_eq!(
        opened.part(2, 10, 4).unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
}

#[test]
fn the_etag_changes_with_the_file() {
    let scene = Scene::new();
    let path = scene.file("home/a", "1");
    let etag = || open(&scene.roots, &path).unwrap().etag;
    let first = etag();
    assert_eq!(first, etag());
    scene.file("home/a", "12");
    let longer = etag();
    assert_ne!(first, longer);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_ne!(longer, etag());
}

#[test]
fn a_directory_is_listed_by_name() {
    let scene = Scene::new();
    std::fs::create_dir(scene.at("home/dir")).unwrap();
    scene.file("home/b", "12345");
    scene.file("home/.a", "1");
    scene.pipe("home/pipe");
    scene.file("outside/secret", "123456");
    scene.link("home/to-b", "home/b");
    scene.link("home/out", "outside/secret");
    scene.link("home/none", "home/gone");
    let (path, entries) = list(&scene.roots, &scene.at("home"), 7).unwrap();
    assert_eq!(path, scene.at("home"));
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (&*entry.name, entry.kind, entry.size))
        .collect();
    assert_eq!(
        told,
        [
            (".a", Kind::File, 1),
            ("b", Kind::File, 5),
            ("dir", Kind::Dir, 0),
            ("none", Kind::Unknown, 0),
            ("out", Kind::Unknown, 0),
            ("pipe", Kind::Unknown, 0),
            ("to-b", Kind::File, 5),
        ]
    );
    let said = format!("{}: has more than 6 entries", scene.at("home").display());
    assert_eq!(
        refused(list(&scene.roots, &scene.at("home"), 6)),
        (413, said)
    );
    let file = scene.at("home/b");
    let said = format!("Not a directory: {}", file.display());
    assert_eq!(refused(list(&scene.roots, &file, 6)), (400, said));
    let none = scene.at("home/no");
    let said = format!("File not found: {}", none.display());
    assert_eq!(refused(list(&scene.roots, &none, 6)), (404, said));
}
