//! Does a panic in a future end in an error, wherever it happens?

use super::scene::Scene;
use jackfield_loader::RequestError;

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
fn future_panic_after_wake() {
    let scene = Scene::new("future-panic-after-wake");
    let panicked = panicked("a panic after a wake, as configured");
    assert_eq!(scene.ask("/future"), panicked);
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.stops_well();
}
