//! Does a plugin that runs stay what it is when its file changes, and is the new file taken at the
//! next start?

use jackfield_loader::{Loader, Options, Request};
use jackfield_tests::{Site, library, patched};
use serde_json::json;
use std::{fs, path::PathBuf, time::Duration};

const OLD: &str = "as configured";
const NEW: &str = "As Configured";

struct Scene {
    site: Site,
    path: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new();
        let path = site.add("misbehave");
        Self { site, path }
    }

    fn start(&self) -> Loader {
        self.start_in("state")
    }

    /// In a state directory of that name.
    fn start_in(&self, state: &str) -> Loader {
        let state = self.site.root().join(state);
        let mut options = Options::new(self.site.plugins(), state);
        let settings = options.settings.entry("misbehave".to_owned()).or_default();
        let mode = json!("error-in-handle");
        settings.config.insert("mode".to_owned(), mode);
        let loader = Loader::open(options).unwrap();
        loader.start();
        loader
    }

    /// Renames the same plugin with another text in its code over it.
    fn replace(&self) {
        let other = patched(fs::read(library("misbehave")).unwrap(), &[(OLD, NEW)]);
        let new = self.path.with_extension("new");
        fs::write(&new, other).unwrap();
        fs::rename(new, &self.path).unwrap();
    }
}

/// Asks what shows which code runs.
fn says(loader: &Loader, text: &str) {
    let plugin = loader.plugin("misbehave").expect("it runs");
    let answer = pollster::block_on(plugin.request(&Request::new("GET", "/handle"))).unwrap();
    let body = str::from_utf8(answer.body()).unwrap();
    let expected = format!(r#"{{"detail":"an error in Handle, {text}"}}"#);
    assert_eq!((answer.status(), body), (500, expected.as_str()));
}

fn stop(loader: Loader) {
    assert_eq!(loader.stop(Duration::from_secs(30)).failed, []);
}

#[test]
fn overwritten_in_place() {
    let scene = Scene::new();
    let loader = scene.start();
    let len = fs::metadata(&scene.path).unwrap().len();
    fs::write(&scene.path, vec![0xcc; usize::try_from(len).unwrap()]).unwrap();
    says(&loader, OLD);
    stop(loader);
}

#[test]
fn truncated() {
    let scene = Scene::new();
    let loader = scene.start();
    fs::write(&scene.path, "").unwrap();
    says(&loader, OLD);
    stop(loader);
}

#[test]
fn removed() {
    let scene = Scene::new();
    let loader = scene.start();
    fs::remove_file(&scene.path).unwrap();
    says(&loader, OLD);
    stop(loader);
}

#[test]
fn renamed_over() {
    let scene = Scene::new();
    let first = scene.start();
    scene.replace();
    says(&first, OLD);
    stop(first);
    let second = scene.start();
    says(&second, NEW);
    stop(second);
}

/// The system's loader goes by the path and hands out what it has mapped already; the store's paths
/// go by the content.
#[test]
fn renamed_over_while_the_old_one_is_mapped() {
    let scene = Scene::new();
    let first = scene.start();
    scene.replace();
    // Another host in this process.
    let second = scene.start_in("second");
    says(&second, NEW);
    says(&first, OLD);
    stop(second);
    stop(first);
}
