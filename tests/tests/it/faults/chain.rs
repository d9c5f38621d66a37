//! Does a plugin that asks itself without end get an error, and everything else go on?

use super::scene::{Scene, ask};

/// As `loader/src/chain.rs` has it.
const MAX_CHAIN: usize = 32;

fn refused(id: &str, plugin: &str) -> String {
    let text = format!(
        "`{id}` asks `{plugin}` at the end of a chain of {MAX_CHAIN} requests that wait for each \
         other, and there may be no more: do not ask in a ring, or let a task ask"
    );
    serde_json::json!({ "detail": text }).to_string()
}

#[test]
fn a_plugin_that_asks_itself() {
    let scene = Scene::new("none");
    let refused = refused("misbehave", "misbehave");
    for _ in 0..3 {
        assert_eq!(scene.ask("/itself"), Ok((429, refused.clone())));
    }
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.echo_serves();
    scene.stops_well();
}

#[test]
fn two_plugins_in_a_ring() {
    let scene = Scene::new("none");
    // The first asks, the second asks, …: the 32nd request is `echo`'s, so `misbehave` is refused.
    let refused = refused("misbehave", "echo");
    assert_eq!(scene.ask("/ring"), Ok((429, refused)));
    assert_eq!(scene.ask("/fine"), Ok((200, "fine".to_owned())));
    scene.echo_serves();
    scene.stops_well();
}

#[test]
fn a_chain_may_be_long_and_not_longer() {
    let scene = Scene::new("none");
    let echo = scene.plugin("echo");
    let chain = |length: usize| format!("{}/quick/x", "/ask/echo".repeat(length));
    assert_eq!(ask(&echo, &chain(MAX_CHAIN)), Ok((200, String::new())));
    assert_eq!(
        ask(&echo, &chain(MAX_CHAIN + 1)),
        Ok((429, refused("echo", "echo")))
    );
    drop(echo);
    scene.stops_well();
}
