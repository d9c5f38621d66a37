//! Does a plugin keep what it stored, and nobody else what it did not?

#[cfg(target_os = "linux")]
mod full;
#[cfg(unix)]
mod killed;

use jackfield_loader::{Handle, Loader, Options, Request};
use jackfield_tests::Site;
use std::{collections::BTreeMap, fs, path::Path, time::Duration};

const LONG: Duration = Duration::from_secs(30);

/// With the fixture `vault` and one that has nothing to do with it.
fn site() -> Site {
    let site = Site::new();
    site.add("vault");
    site.add("echo");
    site
}

fn started(root: &Path) -> Loader {
    let options = Options::new(root.join("plugins"), root.join("state"));
    let loader = Loader::open(options).unwrap();
    loader.start();
    loader
}

fn ask(plugin: &Handle, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let request = Request::new(method, path).with_body(body);
    let answer = pollster::block_on(plugin.request(&request)).unwrap();
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), text)
}

/// The text of an error.
fn detail(body: &str) -> String {
    let body: BTreeMap<String, String> = serde_json::from_str(body).unwrap();
    body["detail"].clone()
}

/// Every key, with the length of its value.
fn keys(vault: &Handle) -> BTreeMap<String, usize> {
    let (status, body) = ask(vault, "GET", "/keys", b"");
    assert_eq!(status, 200, "{body}");
    let keys: Vec<(String, usize)> = serde_json::from_str(&body).unwrap();
    keys.into_iter().collect()
}

fn echo_serves(loader: &Loader) {
    let echo = loader.plugin("echo").unwrap();
    assert_eq!(ask(&echo, "GET", "/quick/x", b""), (200, String::new()));
}

#[test]
fn it_is_there_at_the_next_start() {
    let site = site();
    let loader = started(site.root());
    let vault = loader.plugin("vault").unwrap();
    assert!(!site.state().join("storage").exists());
    for key in ["a", "b"] {
        assert_eq!(ask(&vault, "PUT", &format!("/keys/{key}"), b"1").0, 204);
    }
    assert_eq!(ask(&vault, "DELETE", "/keys/b", b"").0, 204);
    assert_eq!(ask(&vault, "GET", "/keys/b", b"").0, 404);
    assert!(site.state().join("storage/vault.redb").exists());
    drop(vault);
    assert_eq!(loader.stop(LONG).failed, []);
    drop(loader);
    let loader = started(site.root());
    let vault = loader.plugin("vault").unwrap();
    assert_eq!(ask(&vault, "GET", "/keys/a", b""), (200, "1".to_owned()));
    drop(vault);
    loader.stop(LONG);
}

#[test]
fn transactions_of_threads_leave_nothing_behind_and_make_nothing_up() {
    let site = site();
    let loader = started(site.root());
    let vault = loader.plugin("vault").unwrap();
    let raced = ask(&vault, "POST", "/race/6/10", b"");
    assert_eq!(raced, (200, "[0,60]".to_owned()));
}

#[test]
fn a_plugin_that_reached_its_limit_is_told() {
    let site = site();
    let mut options = Options::new(site.plugins(), site.state());
    let settings = options.settings.entry("vault".to_owned()).or_default();
    settings.storage_limit = Some(100);
    let loader = Loader::open(options).unwrap();
    loader.start();
    let vault = loader.plugin("vault").unwrap();
    assert_eq!(ask(&vault, "PUT", "/keys/a", &[0; 99]).0, 204);
    let (status, body) = ask(&vault, "PUT", "/keys/b", b"");
    assert_eq!(status, 429);
    assert_eq!(
        detail(&body),
        "expected keys and values of at most 100 bytes, found 101 with this write: delete what is \
         not needed, or set a larger `storage_limit` for this plugin; nothing was written"
    );
    assert_eq!(ask(&vault, "PUT", "/keys/a", b"").0, 204);
    assert_eq!(ask(&vault, "PUT", "/keys/b", b"").0, 204);
}

#[test]
fn a_truncated_file_concerns_its_plugin_alone_and_is_kept() {
    let site = site();
    let file = site.state().join("storage/vault.redb");
    let loader = started(site.root());
    let vault = loader.plugin("vault").unwrap();
    assert_eq!(ask(&vault, "PUT", "/keys/a", b"1").0, 204);
    drop(vault);
    loader.stop(LONG);
    drop(loader);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..5000]).unwrap();

    let loader = started(site.root());
    let vault = loader.plugin("vault").unwrap();
    for (method, path) in [("GET", "/keys/a"), ("PUT", "/keys/a"), ("GET", "/keys")] {
        let (status, body) = ask(&vault, method, path, b"2");
        assert_eq!(status, 500, "{method} {path}: {body}");
        let (text, file) = (detail(&body), file.canonicalize().unwrap());
        let begin = format!(
            "{}: expected a storage file, found a damaged one (",
            file.display()
        );
        assert!(text.starts_with(&begin), "{text}");
        let advice = "): put a copy of it back, or move it away to begin with an empty one; \
                      nothing of it was changed";
        assert!(text.ends_with(advice), "{text}");
    }
    echo_serves(&loader);
    assert!(fs::read(&file).unwrap() == whole[..5000]);
    // Put back, it is used by the plugin that runs.
    fs::write(&file, &whole).unwrap();
    assert_eq!(ask(&vault, "GET", "/keys/a", b""), (200, "1".to_owned()));
}
