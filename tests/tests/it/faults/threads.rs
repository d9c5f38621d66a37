//! Does code that may still run stay mapped, and does the loader say so?

use super::scene::{Scene, pinned, until};
use jackfield_loader::{State, Unload};
use std::fs;

/// The reason where only the system's loader knows.
const KEPT: &str = "the system's loader keeps it, as it does after the library has registered a \
                    thread-local destructor or a thread of it still runs";

#[test]
fn thread() {
    let mut scene = Scene::new("thread");
    scene.hangs();
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.status("misbehave").state, State::Stopped);
    assert_eq!(scene.unload("misbehave"), pinned(KEPT));
    scene.release();
}

#[test]
fn thread_with_context() {
    let mut scene = Scene::new("thread-with-context");
    scene.hangs();
    assert_eq!(scene.stop().failed, []);
    assert_eq!(scene.status("misbehave").state, State::Stopped);
    let kept = "it kept its context beyond its own drop, so a thread of it may still run";
    assert_eq!(scene.unload("misbehave"), pinned(kept));
    scene.release();
    // In its name nothing is done any more.
    let told = scene.site.root().join("release.told");
    until("the thread tells nothing", || told.exists());
    let expected = "publish: 503\nsubscribe: 503\nlast: 503\nclear: 503\nrequest: 503\nspawn: 503\n\
                    data: 503\nstorage: 503\n";
    assert_eq!(fs::read_to_string(told).unwrap(), expected);
}

#[test]
fn thread_local() {
    let mut scene = Scene::new("thread-local");
    assert_eq!(scene.ask("/future"), Ok((200, "polled".to_owned())));
    assert_eq!(scene.stop().failed, []);
    let unload = scene.unload("misbehave");
    assert_ne!(unload, Unload::Unmapped);
    assert_eq!(unload, pinned(KEPT));
}

#[test]
fn task_blocks() {
    let mut scene = Scene::new("task-blocks");
    scene.hangs();
    let cause = "its tasks have not ended: blocks";
    scene.stops_with(cause);
    assert_eq!(scene.unload("misbehave"), pinned(cause));
    scene.release();
}

#[test]
fn blocking_task() {
    let mut scene = Scene::new("blocking-task");
    scene.hangs();
    let cause = "its tasks have not ended: does not end";
    scene.stops_with(cause);
    assert_eq!(scene.unload("misbehave"), pinned(cause));
    scene.release();
}
