//! Does a new plugin build, test and load as `new` writes it?

use super::jackfield;
use jackfield_tests::Site;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Cargo, with what it builds kept between runs of the tests.
fn cargo(directory: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments.split(' '))
        .arg("--offline")
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", scratch())
        .output()
        .unwrap()
}

fn scratch() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold")
}

#[test]
fn it_builds_tests_and_loads_at_the_first_try() {
    let site = Site::new();
    let said = jackfield(&site, "new my-plugin");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out
            .starts_with("created my-plugin\n\n  cd my-plugin\n  cargo test\n")
    );
    let directory = site.root().join("my-plugin");
    for arguments in ["test", "build"] {
        let output = cargo(&directory, arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {text}");
        assert!(!text.contains("warning"), "{arguments}: {text}");
    }
    let built = scratch().join("debug/libmy_plugin.so");
    fs::copy(built, site.plugins().join("libmy_plugin.so")).unwrap();
    let plan = jackfield(&site, "plan --format json").json();
    assert_eq!(plan["start"][0]["id"], "my-plugin");
    let loader = jackfield_loader::Loader::open(jackfield_loader::Options::new(
        site.plugins(),
        site.state(),
    ))
    .unwrap();
    loader.start();
    let plugin = loader.plugin("my-plugin").expect("it runs");
    let request = jackfield_loader::Request::new("GET", "/greet/Ada");
    let answer = pollster::block_on(plugin.request(&request)).unwrap();
    assert_eq!((answer.status(), answer.body()), (200, &b"Hello, Ada!"[..]));
}

#[test]
fn what_is_there_is_not_written_over() {
    let site = Site::new();
    fs::create_dir(site.root().join("taken")).unwrap();
    fs::write(site.root().join("taken/notes"), "mine").unwrap();
    let said = jackfield(&site, "new taken");
    assert_eq!(
        said.err,
        "error: taken is there already and not empty: choose another name, or another --path\n"
    );
    assert_eq!(said.code, Some(2));
    assert_eq!(fs::read_dir(site.root().join("taken")).unwrap().count(), 1);
    let said = jackfield(&site, "new taken --path elsewhere --sdk plugins");
    assert!(
        said.err
            .ends_with("plugins holds no jackfield-plugin-api: name its directory with --sdk\n")
    );
    assert_eq!(said.code, Some(2));
    assert!(!site.root().join("elsewhere").exists());
}
