//! Does a request that goes wrong fail alone?

use super::scene::{LONG, Scene, pinned};
use jackfield_loader::{Request, RequestError, Unload};

fn panicked(message: &str) -> Result<(u16, String), RequestError> {
    Err(RequestError::Panicked {
        id: "misbehave".to_owned(),
        message: message.to_owned(),
    })
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
    let panicked = panicked("a panic in Handle, as configured");
    assert_eq!(scene.ask("/handle"), panicked);
    assert_eq!(scene.ask("/quick"), panicked);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn payload_panic() {
    let scene = Scene::new("payload-panic");
    let panicked = panicked("a panic whose payload is no text");
    assert_eq!(scene.ask("/handle"), panicked);
    assert_eq!(scene.ask("/quick"), panicked);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn hang_in_handle() {
    let mut scene = Scene::new("hang-in-handle");
    let plugin = scene.plugin("misbehave");
    let request = Request::new("GET", "/handle");
    let mut call = Box::pin(plugin.request(&request));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    scene.hangs();
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    drop(call);
    drop(plugin);
    let cause = "its tasks have not ended: request";
    scene.stops_with(cause);
    assert_eq!(scene.unload("misbehave"), pinned(cause));
    assert_eq!(
        scene.diary("misbehave")[..3],
        ["initialize", "start", "stop"]
    );
    scene.release();
}

#[test]
fn huge_response() {
    let scene = Scene::new("huge-response");
    let (status, body) = scene.ask("/handle").unwrap();
    assert_eq!((status, body.len()), (200, 64 << 20));
    assert!(body.bytes().all(|byte| byte == b'x'));
    scene.stops_well();
}

#[test]
fn invalid_headers() {
    // The SDK does not let it out: building the answer panics.
    let scene = Scene::new("invalid-headers");
    let panicked = panicked("the value of the header split holds a line break or NUL");
    assert_eq!(scene.ask("/handle"), panicked);
    assert_eq!(scene.ask("/quick"), panicked);
    scene.stops_well();
}

#[test]
fn invalid_status() {
    // The SDK does not let it out.
    let scene = Scene::new("invalid-status");
    let failed = Err(RequestError::Failed {
        id: "misbehave".to_owned(),
        message: "the handler answered with status 7: a status is 100 to 599".to_owned(),
    });
    assert_eq!(scene.ask("/handle"), failed);
    assert_eq!(scene.ask("/quick"), failed);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn an_answer_that_is_held_keeps_the_plugin_there() {
    let scene = Scene::impatient("none");
    let plugin = scene.plugin("misbehave");
    let request = Request::new("GET", "/fine");
    let answer = pollster::block_on(plugin.request(&request)).unwrap();
    let report = scene.loader.stop(LONG);
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].1, "1 calls into it have not returned");
    let unload = scene.unload("misbehave");
    assert_eq!(unload, pinned("1 calls into it have not returned"));
    assert_ne!(unload, Unload::Unmapped);
    assert_eq!(answer.body(), b"fine");
}
