use super::*;
use crate::scene::Scene;

fn refused<T: std::fmt::Debug>(result: Result<T, Fault>) -> (u16, String) {
    let fault = result.unwrap_err();
    (fault.status(), fault.to_string())
}

#[test]
fn a_path_is_absolute_or_begins_at_home() {
    let scene = Scene::new();
    let expand = |text| scene.roots.expand("filename", text);
    assert_eq!(expand("~").unwrap(), scene.at("home"));
    assert_eq!(expand("~/a b").unwrap(), scene.at("home/a b"));
    assert_eq!(expand("~//etc").unwrap(), scene.at("home/etc"));
    assert_eq!(expand("/x/../y").unwrap(), Path::new("/x/../y"));
    assert_eq!(refused(expand("")), (400, "Missing 'filename'".to_owned()));
    for text in ["a", "./a", "~ada/a", "/a\0b"] {
        let (status, said) = refused(expand(text));
        assert_eq!(status, 400);
        assert_eq!(
            said,
            format!("expected an absolute path, or one that begins with ~/, found `{text}`")
        );
    }
}

#[test]
fn what_lies_in_a_root_is_found_and_nothing_else() {
    let scene = Scene::new();
    for inside in ["home/a", "temp/a", "data/a"] {
        let path = scene.file(inside, "1234");
        let found = scene.roots.look(&path).unwrap();
        assert_eq!((&found.path, found.size()), (&path, 4));
    }
    scene.file("outside/a", "");
    for outside in ["outside/a", "home/../outside/a", "homes", "outside/none"] {
        let path = scene.at(outside);
        let said = format!(
            "{}: lies in none of the directories that files may be in",
            path.display()
        );
        assert_eq!(refused(scene.roots.look(&path)), (403, said), "{outside}");
    }
    let none = scene.at("home/none");
    let said = format!("File not found: {}", none.display());
    assert_eq!(refused(scene.roots.look(&none)), (404, said));
}

#[test]
fn a_link_counts_by_where_it_leads() {
    let scene = Scene::new();
    scene.file("outside/secret", "");
    let kept = scene.file("data/kept", "");
    scene.link("home/out", "outside");
    scene.link("home/over", "data");
    scene.link("home/up", "home/out");
    scene.link("outside/in", "data/kept");
    for escaping in [
        "home/out",
        "home/out/secret",
        "home/up/secret",
        "home/out/none",
    ] {
        let (status, _) = refused(scene.roots.look(&scene.at(escaping)));
        assert_eq!(status, 403, "{escaping}");
    }
    for leading_in in ["home/over/kept", "outside/in"] {
        let found = scene.roots.look(&scene.at(leading_in)).unwrap();
        assert_eq!(found.path, kept, "{leading_in}");
    }
    scene.link("home/round", "home/round");
    assert_eq!(refused(scene.roots.look(&scene.at("home/round"))).0, 404);
}

#[test]
fn magic_links_of_the_system_lead_nowhere() {
    let scene = Scene::new();
    let link = scene.at("home/proc");
    std::os::unix::fs::symlink("/proc/self/root/etc/passwd", &link).unwrap();
    assert_eq!(refused(scene.roots.look(&link)).0, 403);
    let opened = fs::File::open(scene.file("outside/a", "")).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&opened);
    let magic = PathBuf::from(format!("/proc/self/fd/{number}"));
    assert_eq!(refused(scene.roots.look(&magic)).0, 403);
}

#[test]
fn a_file_has_a_name_and_a_directory() {
    let scene = Scene::new();
    let place = |path: &str| {
        refused(
            scene
                .roots
                .place(Path::new(&format!("{}{path}", scene.at("").display()))),
        )
    };
    let at = |path: &str| scene.at(path).display().to_string();
    assert_eq!(
        place("home/none/a"),
        (404, format!("Directory not found: {}", at("home/none")))
    );
    assert_eq!(
        place("home/a/"),
        (
            400,
            format!("expected the path of a file, found {}/", at("home/a"))
        )
    );
    assert_eq!(
        place("home"),
        (400, format!("Not a regular file: {}", at("home")))
    );
    assert_eq!(
        place("home/.."),
        (
            403,
            format!(
                "{}: lies in none of the directories that files may be in",
                at("home/..")
            )
        )
    );
    scene.file("home/file", "");
    assert_eq!(place("home/file/a").0, 400);
    scene.pipe("home/pipe");
    assert_eq!(
        place("home/pipe"),
        (400, format!("Not a regular file: {}", at("home/pipe")))
    );
}

#[test]
fn a_home_that_is_everything_is_none() {
    let scene = Scene::new();
    let roots = Roots::new("/".into(), &scene.at("temp"), &[]).unwrap();
    assert_eq!(refused(roots.look(Path::new("/etc"))).0, 403);
    assert!(roots.look(&scene.at("temp")).is_ok());
    // Who says so, means it.
    let roots = Roots::new("/".into(), &scene.at("temp"), &["/".into()]).unwrap();
    assert!(roots.look(Path::new("/etc")).is_ok());
}

#[test]
fn a_configured_root_is_there_and_a_directory() {
    let scene = Scene::new();
    let new = |root| {
        refused(Roots::new(
            scene.at("home"),
            &scene.at("temp"),
            &[scene.at(root)],
        ))
    };
    let (_, said) = new("none");
    assert!(said.contains("none: No such file or directory"), "{said}");
    scene.file("file", "");
    let said = format!("Not a directory: {}", scene.at("file").display());
    assert_eq!(new("file"), (400, said));
}
