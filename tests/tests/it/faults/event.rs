//! Does one plugin's trouble with an event keep it from the others?

use super::scene::{Scene, ask, pinned, send, until};
use jackfield_loader::Request;

impl Scene {
    /// Publishes to `misbehave` and `echo`; `echo` hears it.
    fn publish(&self) {
        let echo = self.plugin("echo");
        let subscribe = Request::new("POST", "/subscribe/misbehave.x");
        assert_eq!(send(&echo, &subscribe), Ok((204, String::new())));
        self.loader.publish("misbehave.x", b"{}").unwrap();
        until("echo does not hear it", || {
            let (_, heard) = ask(&echo, "/events").unwrap();
            heard.starts_with("misbehave.x ")
        });
    }
}

#[test]
fn error_in_event() {
    let scene = Scene::new("error-in-event");
    scene.publish();
    assert_eq!(scene.ask("/heard"), Ok((200, "1".to_owned())));
    scene.stops_well();
}

#[test]
fn panic_in_event() {
    let scene = Scene::new("panic-in-event");
    scene.publish();
    assert_eq!(scene.ask("/heard"), Ok((200, "1".to_owned())));
    scene.stops_well();
}

#[test]
fn hang_in_event() {
    let mut scene = Scene::new("hang-in-event");
    scene.publish();
    scene.hangs();
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    let cause = "1 calls into it have not returned";
    scene.stops_with(cause);
    assert_eq!(scene.unload("misbehave"), pinned(cause));
    scene.release();
}
