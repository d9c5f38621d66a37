//! Does the host, and every other plugin, go on when one misbehaves?
//!
//! One test for each mode of the fixture `misbehave`; `echo` is the other plugin, and has to answer
//! before and after. What ends a process by its nature is in `killers`.

use jackfield_loader::{
    Handle, HealthStatus, Loader, Options, Request, RequestError, State, StopReport, Unload,
};
use jackfield_tests::Site;
use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};

/// A host with `misbehave` in some mode, and `echo`.
struct Scene {
    site: Site,
    loader: Loader,
}

/// For what a test waits for in vain.
const SHORT: Duration = Duration::from_millis(300);
/// For what comes, on a busy machine as well.
const LONG: Duration = Duration::from_secs(30);

impl Scene {
    fn new(mode: &str) -> Self {
        let site = Site::new();
        site.add("echo");
        site.add("misbehave");
        let mut options = Options::new(site.plugins(), site.state());
        let settings = options.settings.entry("misbehave".to_owned()).or_default();
        let release = site.root().join("release");
        settings.config = json!({"mode": mode, "release": release})
            .as_object()
            .unwrap()
            .clone();
        let hangs = ["hang-", "task-blocks", "blocking-task"];
        let hangs = hangs.iter().any(|hang| mode.starts_with(hang));
        let deadline = Some(if hangs { SHORT } else { LONG });
        settings.initialize_deadline = deadline;
        settings.start_deadline = deadline;
        settings.stop_deadline = deadline;
        let mut loader = Loader::open(options).unwrap();
        loader.start();
        let scene = Self { site, loader };
        scene.echo_serves();
        scene
    }

    fn plugin(&self, id: &str) -> Handle {
        self.loader.plugin(id).unwrap_or_else(|| {
            panic!("{id} does not run: {:?}", self.loader.status(id));
        })
    }

    fn ask(&self, path: &str) -> Result<(u16, String), RequestError> {
        ask(&self.plugin("misbehave"), path)
    }

    fn echo_serves(&self) {
        let (status, _) = ask(&self.plugin("echo"), "/quick/x").unwrap();
        assert_eq!(status, 200);
    }

    fn failed(&self) -> String {
        let status = self.loader.status("misbehave").unwrap();
        assert_eq!(status.state, State::Failed);
        status.cause.unwrap()
    }

    /// Waits until a hang has begun.
    fn hangs(&self) {
        let begun = self.site.root().join("release.begun");
        let until = Instant::now() + LONG;
        while !begun.exists() {
            assert!(Instant::now() < until, "nothing hangs");
            std::thread::yield_now();
        }
    }

    /// Ends the hangs.
    fn release(&self) {
        fs::write(self.site.root().join("release"), "").unwrap();
    }

    fn stop(&mut self) -> StopReport {
        self.echo_serves();
        self.loader.stop(LONG)
    }

    /// Stops, and all went well.
    fn stops_well(mut self) {
        let report = self.stop();
        assert_eq!(report.failed, []);
        assert_eq!(unload(&report, "misbehave"), Some(Unload::Unmapped));
    }

    /// Stops, and `misbehave` did not, for this reason.
    fn stops_with(mut self, cause: &str) {
        let report = self.stop();
        let failed: Vec<(&str, &str)> = report
            .failed
            .iter()
            .map(|(id, cause)| (id.as_str(), &**cause))
            .collect();
        assert_eq!(failed, [("misbehave", cause)]);
        assert_eq!(unload(&report, "echo"), Some(Unload::Unmapped));
        self.release();
    }
}

fn unload(report: &StopReport, id: &str) -> Option<Unload> {
    let mut stopped = report.stopped.iter();
    stopped
        .find(|(stopped, _)| stopped.as_str() == id)
        .map(|(_, unload)| unload.clone())
}

fn ask(plugin: &Handle, path: &str) -> Result<(u16, String), RequestError> {
    let answer = pollster::block_on(plugin.request(&Request::new("GET", path)))?;
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    Ok((answer.status(), body))
}

fn panicked(message: &str) -> Result<(u16, String), RequestError> {
    Err(RequestError::Panicked {
        id: "misbehave".to_owned(),
        message: message.to_owned(),
    })
}

#[test]
fn none() {
    let scene = Scene::new("none");
    assert_eq!(scene.ask("/handle"), Ok((200, "handled".to_owned())));
    assert_eq!(scene.ask("/future"), Ok((200, "polled".to_owned())));
    scene.stops_well();
}

#[test]
fn error_in_initialize() {
    let scene = Scene::new("error-in-initialize");
    assert_eq!(
        scene.failed(),
        "initialize: an error in Initialize, as configured"
    );
    scene.echo_serves();
}

#[test]
fn panic_in_initialize() {
    let scene = Scene::new("panic-in-initialize");
    assert_eq!(
        scene.failed(),
        "initialize: panicked: a panic in Initialize, as configured"
    );
    scene.echo_serves();
}

#[test]
fn hang_in_initialize() {
    let scene = Scene::new("hang-in-initialize");
    assert_eq!(scene.failed(), "initialize did not return within 0.3 s");
    assert_eq!(scene.loader.abandoned_threads(), 1);
    scene.echo_serves();
    scene.release();
}

#[test]
fn error_in_start() {
    let scene = Scene::new("error-in-start");
    assert_eq!(scene.failed(), "start: an error in Start, as configured");
    scene.echo_serves();
}

#[test]
fn panic_in_start() {
    let scene = Scene::new("panic-in-start");
    assert_eq!(
        scene.failed(),
        "start: panicked: a panic in Start, as configured"
    );
    scene.echo_serves();
}

#[test]
fn hang_in_start() {
    let scene = Scene::new("hang-in-start");
    assert_eq!(scene.failed(), "start did not return within 0.3 s");
    assert_eq!(scene.loader.abandoned_threads(), 1);
    scene.echo_serves();
    scene.release();
}

#[test]
fn error_in_stop() {
    Scene::new("error-in-stop").stops_with("stop: an error in Stop, as configured");
}

#[test]
fn panic_in_stop() {
    Scene::new("panic-in-stop").stops_with("stop: panicked: a panic in Stop, as configured");
}

#[test]
fn hang_in_stop() {
    Scene::new("hang-in-stop").stops_with("stop did not return within 0.3 s");
}

#[test]
fn error_in_handle() {
    let scene = Scene::new("error-in-handle");
    let text = r#"{"detail":"an error in Handle, as configured"}"#;
    assert_eq!(scene.ask("/handle"), Ok((500, text.to_owned())));
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn panic_in_handle() {
    let scene = Scene::new("panic-in-handle");
    let text = r#"{"detail":"`request` was cancelled or panicked"}"#;
    assert_eq!(scene.ask("/handle"), Ok((500, text.to_owned())));
    scene.stops_well();
}

#[test]
fn hang_in_handle() {
    let scene = Scene::new("hang-in-handle");
    let plugin = scene.plugin("misbehave");
    let request = Request::new("GET", "/handle");
    let mut call = Box::pin(plugin.request(&request));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    scene.hangs();
    drop(call);
    scene.stops_with("its tasks have not ended: request");
}

#[test]
fn error_in_event() {
    let scene = Scene::new("error-in-event");
    scene.loader.publish("misbehave.x", b"{}").unwrap();
    assert_eq!(scene.ask("/heard"), Ok((200, "1".to_owned())));
    scene.stops_well();
}

#[test]
fn panic_in_event() {
    let scene = Scene::new("panic-in-event");
    scene.loader.publish("misbehave.x", b"{}").unwrap();
    assert_eq!(scene.ask("/heard"), Ok((200, "1".to_owned())));
    scene.stops_well();
}

#[test]
fn hang_in_event() {
    let scene = Scene::new("hang-in-event");
    scene.loader.publish("misbehave.x", b"{}").unwrap();
    scene.hangs();
    scene.stops_with("1 calls into it have not returned");
}

#[test]
fn panic_in_drop() {
    Scene::new("panic-in-drop").stops_well();
}

#[test]
fn hang_in_drop() {
    Scene::new("hang-in-drop").stops_with("drop did not return within 0.3 s");
}

#[test]
fn error_in_health() {
    let scene = Scene::new("error-in-health");
    let health = scene.plugin("misbehave").health().unwrap();
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert_eq!(health.message, "an error in Health, as configured");
    scene.stops_well();
}

#[test]
fn panic_in_health() {
    let scene = Scene::new("panic-in-health");
    assert_eq!(
        scene.plugin("misbehave").health(),
        Err(RequestError::Panicked {
            id: "misbehave".to_owned(),
            message: "a panic in Health, as configured".to_owned(),
        })
    );
    scene.stops_well();
}

#[test]
fn health_lies() {
    let scene = Scene::new("health-lies");
    let health = scene.plugin("misbehave").health().unwrap();
    assert_eq!(health.status, HealthStatus::Healthy);
    let text = r#"{"detail":"nothing works here"}"#;
    assert_eq!(scene.ask("/fine"), Ok((500, text.to_owned())));
    scene.stops_well();
}

#[test]
fn future_panic() {
    let scene = Scene::new("future-panic");
    assert_eq!(
        scene.ask("/future"),
        panicked("a panic at the first poll, as configured")
    );
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn future_panic_after_wake() {
    let scene = Scene::new("future-panic-after-wake");
    assert_eq!(
        scene.ask("/future"),
        panicked("a panic after a wake, as configured")
    );
    scene.stops_well();
}

#[test]
fn payload_panic() {
    let scene = Scene::new("payload-panic");
    let (status, _) = scene.ask("/handle").unwrap();
    assert_eq!(status, 500);
    scene.stops_well();
}

#[test]
fn thread() {
    let mut scene = Scene::new("thread");
    let report = scene.stop();
    assert_eq!(report.failed, []);
    // The thread runs code of the library, so that must still be there when it goes on.
    let unload = unload(&report, "misbehave").unwrap();
    assert_ne!(unload, Unload::Unmapped);
    scene.release();
}

#[test]
fn thread_with_context() {
    let mut scene = Scene::new("thread-with-context");
    let report = scene.stop();
    assert_eq!(report.failed, []);
    assert_eq!(
        unload(&report, "misbehave"),
        Some(Unload::Pinned(
            "it kept its context beyond its own drop, so a thread of it may still run".to_owned()
        ))
    );
    scene.release();
}

#[test]
fn thread_local() {
    let mut scene = Scene::new("thread-local");
    assert_eq!(scene.ask("/future"), Ok((200, "polled".to_owned())));
    let report = scene.stop();
    assert_eq!(report.failed, []);
    let unload = unload(&report, "misbehave").unwrap();
    assert!(matches!(unload, Unload::Pinned(_)), "{unload}");
}

#[test]
fn task_blocks() {
    let scene = Scene::new("task-blocks");
    scene.hangs();
    scene.stops_with("its tasks have not ended: blocks");
}

#[test]
fn blocking_task() {
    let scene = Scene::new("blocking-task");
    scene.hangs();
    scene.stops_with("its tasks have not ended: does not end");
}

#[test]
fn spawn_flood() {
    let scene = Scene::new("spawn-flood");
    let (status, text) = scene.ask("/handle").unwrap();
    // The handler itself is a task as well.
    let expected = "9999: the plugin has 10000 tasks already";
    assert_eq!((status, &*text), (200, expected));
    scene.stops_well();
}

#[test]
fn subscribe_flood() {
    let scene = Scene::new("subscribe-flood");
    let (status, text) = scene.ask("/handle").unwrap();
    let expected = "1023: a plugin has at most 1024 subscriptions";
    assert_eq!((status, &*text), (200, expected));
    scene.stops_well();
}

#[test]
fn publish_flood() {
    let scene = Scene::new("publish-flood");
    assert_eq!(scene.ask("/handle"), Ok((204, String::new())));
    scene.stops_well();
}

#[test]
fn log_flood() {
    let scene = Scene::new("log-flood");
    assert_eq!(scene.ask("/handle"), Ok((204, String::new())));
    scene.stops_well();
}

#[test]
fn huge_response() {
    let scene = Scene::new("huge-response");
    let (status, body) = scene.ask("/handle").unwrap();
    assert_eq!((status, body.len()), (200, 64 << 20));
    scene.stops_well();
}

#[test]
fn invalid_headers() {
    // The SDK does not let it out: building the answer panics.
    let scene = Scene::new("invalid-headers");
    let text = r#"{"detail":"`request` was cancelled or panicked"}"#;
    assert_eq!(scene.ask("/handle"), Ok((500, text.to_owned())));
    scene.stops_well();
}

#[test]
fn invalid_status() {
    // The loader hands on what a plugin says; whoever speaks HTTP refuses it.
    let scene = Scene::new("invalid-status");
    let (status, _) = scene.ask("/handle").unwrap();
    assert_eq!(status, 7);
    scene.stops_well();
}
