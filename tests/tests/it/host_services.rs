//! Does a plugin find the services of its host as it finds those of other plugins, bound to itself?

use jackfield_loader::{Code, Loader, Options, Reconfigured, Request, State, Unload};
use jackfield_tests::{Site, made};
use serde_json::{Value, json};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn options(site: &Site) -> Options {
    let mut options = Options::new(site.plugins(), site.state());
    options.edge = "test-edge".to_owned();
    options
}

fn start(options: Options) -> Loader {
    let loader = Loader::open(options).unwrap();
    loader.start();
    loader
}

fn with(plugins: &[&str]) -> (Site, Loader) {
    let site = Site::new();
    for plugin in plugins {
        site.add(plugin);
    }
    let loader = start(options(&site));
    (site, loader)
}

fn ask(loader: &Loader, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let patron = loader.plugin("patron").expect("the patron runs");
    let request = Request::new(method, path).with_query(query).with_body(body);
    let answer = pollster::block_on(patron.request(&request)).unwrap();
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), body)
}

fn get(loader: &Loader, path: &str) -> String {
    let (status, body) = ask(loader, "GET", path, b"");
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn get_json(loader: &Loader, path: &str) -> Value {
    serde_json::from_str(&get(loader, path)).unwrap()
}

fn refused(loader: &Loader, path: &str) -> (u16, String) {
    let (status, body) = ask(loader, "GET", path, b"");
    let body: Value = serde_json::from_str(&body).expect(&body);
    (status, body["detail"].as_str().unwrap().to_owned())
}

fn post(loader: &Loader, path: &str) {
    assert_eq!(ask(loader, "POST", path, b"").0, 204, "{path}");
}

#[test]
fn the_clock_tells_the_time_and_waits() {
    let (_site, loader) = with(&["patron"]);
    let told = get_json(&loader, "/host/clock");
    assert_eq!(told["provider"], "", "the host itself");
    assert_eq!(told["version"], "1.0.0");
    let now = jiff::Timestamp::now().as_nanosecond();
    let told_now = i128::from(told["now_ns"].as_i64().unwrap());
    let apart = (now - told_now).unsigned_abs();
    assert!(apart < PATIENCE.as_nanos(), "{apart} ns apart");
    assert!(told["slept"].as_f64().unwrap() >= 0.005, "{told}");
    let zone = jiff::tz::TimeZone::system();
    assert_eq!(told["time_zone"].as_str(), zone.iana_name());
}

#[test]
fn the_configuration_is_the_plugins_own_as_it_is_now() {
    let site = Site::new();
    site.add("patron");
    site.add("teller");
    let mut options = options(&site);
    let teller = options
        .settings
        .entry("teller-0000".to_owned())
        .or_default();
    teller.config = json!({"mode": "silent"}).as_object().unwrap().clone();
    let loader = start(options);
    let at = |path: &str| get_json(&loader, &format!("/host/config?at={path}"));
    assert_eq!(
        at(""),
        json!({"value": {"most": 3, "odd/name": ""}, "revision": 1})
    );
    assert_eq!(at("/most"), json!({"value": 3, "revision": 1}));
    assert_eq!(at("/odd~1name"), json!({"value": "", "revision": 1}));
    // Another's key, and none at all.
    assert_eq!(at("/mode"), json!({"value": null, "revision": 1}));
    let pointer = "`most` is no JSON pointer: expected nothing, or `/` before each key, such as \
                   `/limits/most`";
    assert_eq!(
        refused(&loader, "/host/config?at=most"),
        (400, pointer.to_owned())
    );

    let other = json!({"most": 4}).as_object().unwrap().clone();
    let taken = loader.reconfigure("patron", &other).unwrap();
    assert_eq!(taken, Reconfigured::Now);
    assert_eq!(at("/most"), json!({"value": 4, "revision": 2}));
}

/// Writes a secret's file anew, as a tool that rotates secrets does.
#[cfg(unix)]
fn rotate(path: &std::path::Path, secret: &str) {
    use std::os::unix::fs::PermissionsExt;
    let new = path.with_extension("new");
    fs::write(&new, secret).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
#[cfg(unix)]
fn a_plugin_that_is_started_again_has_the_secret_that_is_in_the_file_then() {
    let site = Site::new();
    site.add("patron");
    let file = site.root().join("token");
    let mut options = options(&site);
    let config = json!({"token": format!("file:{}", file.display())});
    let config = config.as_object().unwrap().clone();
    let settings = options.settings.entry("patron".to_owned()).or_default();
    settings.config = config.clone();
    rotate(&file, "first\n");
    let loader = start(options);
    let end = Instant::now() + PATIENCE;
    let token = || get_json(&loader, "/host/config?at=/token")["value"].clone();
    assert_eq!(token(), "first");
    rotate(&file, "second\n");
    assert_eq!(token(), "first", "a running plugin keeps what it was given");
    loader.restart_plugin("patron", end).unwrap();
    assert_eq!(token(), "second");
    // Also after it took a configuration while it ran.
    loader.reconfigure("patron", &config).unwrap();
    rotate(&file, "third\n");
    loader.restart_plugin("patron", end).unwrap();
    assert_eq!(token(), "third");
    rotate(&file, "fourth\n");
    loader.reconfigure("patron", &config).unwrap();
    assert_eq!(token(), "fourth");
}

#[test]
fn what_is_told_of_the_host_is_true() {
    let (site, loader) = with(&["patron"]);
    assert_eq!(
        get_json(&loader, "/host/facts"),
        json!({
            "edge": "test-edge",
            "abi": jackfield_abi::ABI_VERSION,
            "plugins": [site.plugins()],
        })
    );
}

#[test]
fn the_storage_is_the_same_as_that_of_the_context() {
    let (_site, loader) = with(&["patron"]);
    let put = ask(&loader, "POST", "/host/put/key", b"value");
    assert_eq!(put, (200, "value".to_owned()));
}

#[test]
fn the_topology_has_every_plugin_and_each_change_is_an_event() {
    let (site, loader) = with(&["patron", "teller"]);
    let topology = |state: &str| {
        format!(
            "test-edge\n\
             test-edge: patron 1.0.0 running business: \n\
             test-edge: teller-0000 1.0.0 {state} business: counter bare plain"
        )
    };
    assert_eq!(get(&loader, "/host/topology"), topology("running"));
    post(&loader, "/host/subscribe/topology.changed");
    post(&loader, "/host/publish/topology.changed");
    let end = Instant::now() + PATIENCE;
    loader.stop_plugin("teller-0000", end).unwrap();
    assert_eq!(get(&loader, "/host/topology"), topology("stopped"));
    loader.start_plugin("teller-0000", end).unwrap();
    let expected = [
        // What is none of the host's is told apart.
        "topology.changed of \"patron\"",
        "test-edge: teller-0000 1.0.0: running -> stopping",
        "test-edge: teller-0000 1.0.0: stopping -> stopped",
        "test-edge: teller-0000 1.0.0: starting -> running",
    ]
    .join("\n");
    loop {
        let heard = get(&loader, "/host/changes");
        if heard == expected {
            break;
        }
        assert!(Instant::now() < end, "{heard}");
        thread::yield_now();
    }
    drop(site);
}

#[test]
fn what_the_host_does_not_have_is_refused_with_what_it_has() {
    let (_site, loader) = with(&["patron"]);
    assert_eq!(get(&loader, "/host/clock/again?range=%5E1"), "1.0.0 of 1");
    let newer = "`patron` asks for service `clock` ^1.1, and this host provides clock 1.0.0: ask for a \
                 range with that in it, or update the host";
    assert_eq!(
        refused(&loader, "/host/clock/again?range=%5E1.1"),
        (404, newer.to_owned())
    );
    let other = "`patron` asks for service `clock` of this host, whose type is laid out differently \
                 here: build the plugin with the SDK that belongs to this host";
    for _ in 0..2 {
        assert_eq!(
            refused(&loader, "/host/clock/other"),
            (501, other.to_owned())
        );
    }
    assert_eq!(get(&loader, "/host/clock/again?range=%5E1"), "1.0.0 of 1");
}

#[test]
fn what_a_manifest_does_not_require_is_refused_with_what_to_add() {
    let site = Site::new();
    site.add("teller");
    let mut options = options(&site);
    let teller = options
        .settings
        .entry("teller-0000".to_owned())
        .or_default();
    teller.config = json!({"mode": "clock"}).as_object().unwrap().clone();
    let loader = start(options);
    let status = loader.status("teller-0000").unwrap();
    let cause = "initialize: `teller-0000` asks for service `clock`, which its manifest does not \
                 have under `requires`: add { service = \"clock\", range = \"^1\" } there";
    assert_eq!(status.cause.as_deref(), Some(cause));
    assert_eq!(status.unload, Some(Unload::Unmapped));
}

#[test]
fn who_claims_to_provide_one_is_left_out() {
    let site = Site::new();
    let build = Site::new();
    let manifest = format!(
        "{}provides = [{{ service = \"clock\", version = \"1.0.0\" }}]\n",
        made::manifest("forger", "1.0.0")
    )
    .replace(
        "x86_64-unknown-linux-gnu",
        jackfield_loader::HostFacts::current().target,
    );
    // It would require what it says it provides.
    let manifest = manifest
        .lines()
        .map(|line| {
            if line.starts_with("requires") {
                ""
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    let note = made::note(1, manifest.as_bytes());
    let library = made::build(build.root(), "libforger.so", &note);
    fs::copy(library, site.plugins().join("libforger.so")).unwrap();
    let loader = start(options(&site));
    let status = loader.status("forger").unwrap();
    assert_eq!(status.state, State::Rejected);
    let reasons: Vec<_> = status
        .reasons
        .iter()
        .map(|reason| (reason.code, reason.message.as_str()))
        .collect();
    let text = "provides service `clock`, which is the host's own: give it another id";
    assert_eq!(reasons, [(Code::InvalidManifest, text)]);
}

#[test]
fn leases_on_them_keep_nobody_mapped() {
    let (_site, loader) = with(&["patron"]);
    let report = loader.stop(PATIENCE);
    assert_eq!(report.failed, []);
    assert_eq!(report.stopped[0].1, Unload::Unmapped);
}
