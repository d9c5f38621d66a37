//! Does a panic in a future end in an error, wherever it happens?

use super::scene::Scene;
use jackfield_loader::{Request, RequestError};
use std::thread;

fn panicked(message: &str) -> Result<(u16, String), RequestError> {
    Err(RequestError::Panicked {
        id: "misbehave".to_owned(),
        message: message.to_owned(),
    })
}

#[test]
fn future_panic() {
    let scene = Scene::new("future-panic");
    let panicked = panicked("a panic at the first poll, as configured");
    assert_eq!(scene.ask("/future"), panicked);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}

#[test]
fn future_blocks() {
    let scene = Scene::new("future-blocks");
    let plugin = scene.plugin("misbehave");
    let blocked = thread::spawn(move || {
        let answer = pollster::block_on(plugin.request(&Request::new("GET", "/future")));
        answer.unwrap().status()
    });
    scene.hangs();
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.echo_serves();
    scene.release();
    assert_eq!(blocked.join().unwrap(), 200);
    scene.stops_well();
}

#[test]
fn future_panic_after_wake() {
    let scene = Scene::new("future-panic-after-wake");
    let panicked = panicked("a panic after a wake, as configured");
    assert_eq!(scene.ask("/future"), panicked);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}
