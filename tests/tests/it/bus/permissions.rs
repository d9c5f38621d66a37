//! May a plugin use only the topics that its manifest asks for and the configuration grants, where
//! that is switched on, and is it told what to do?

use super::{CRIER, FIRST, Scene};
use jackfield_loader::State;
use serde_json::json;

/// The fixture asks to publish on `news.**` and `old.*`, and to hear `news.**` and `paper`.
fn scene(publish: &[&str], subscribe: &[&str]) -> Scene {
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Scene::with(&[(FIRST, json!({ "subscribe": ["t"] }))], |options| {
        options.permissions = true;
        let settings = options.settings.entry(CRIER.to_owned()).or_default();
        settings.granted.publish = patterns(publish);
        settings.granted.subscribe = patterns(subscribe);
    })
}

#[test]
fn what_both_sides_cover_is_permitted() {
    let scene = scene(&["news.*"], &["news.**", "paper"]);
    assert_eq!(scene.post(CRIER, "/subscribe", b"news.**"), "0");
    assert_eq!(scene.post(CRIER, "/subscribe", b"paper"), "1");
    scene.post(CRIER, "/publish/news.today?retain", b"x");
    scene.hears(CRIER, 1);
    assert_eq!(scene.get(CRIER, "/last/news.today"), "crier-0000 1 x");
    assert_eq!(
        scene.send(CRIER, "DELETE", "/last/news.today", b"").1,
        "true"
    );
    // The host itself may publish anything.
    scene.loader.publish("news.a.b", b"").unwrap();
    scene.hears(CRIER, 2);
    scene.stops_well();
}

#[test]
fn what_one_side_does_not_cover_is_denied_with_what_to_do() {
    let scene = scene(&["news.*", "free"], &[]);
    let denied = |method: &str, path: &str, body: &str| {
        let (status, message) = scene.error(CRIER, method, path, body.as_bytes());
        assert_eq!(status, 403);
        message
    };
    let publishing = |topic: &str| {
        format!(
            "`crier-0000` may not publish on `{topic}`: its manifest asks for `news.**`, `old.*`, and \
             the configuration grants `news.*`, `free`; both have to cover it: `publish` under \
             `permissions` in its plugin.toml, and `publish` under [plugins.crier-0000] in the \
             configuration"
        )
    };
    // Asked for and not granted, granted and not asked for, neither.
    for topic in ["old.x", "news.a.b", "free", "other"] {
        let path = format!("/publish/{topic}");
        assert_eq!(denied("POST", &path, ""), publishing(topic));
        let path = format!("/last/{topic}");
        assert_eq!(denied("DELETE", &path, ""), publishing(topic));
    }
    let hearing = |what: &str| {
        format!(
            "`crier-0000` may not subscribe to `{what}`: its manifest asks for `news.**`, `paper`, \
             and the configuration grants nothing; both have to cover it: `subscribe` under \
             `permissions` in its plugin.toml, and `subscribe` under [plugins.crier-0000] in the \
             configuration"
        )
    };
    for pattern in ["news.*", "**", "paper"] {
        assert_eq!(denied("POST", "/subscribe", pattern), hearing(pattern));
    }
    assert_eq!(denied("GET", "/last/paper", ""), hearing("paper"));
    // What is no topic is told as that.
    let (status, _) = scene.error(CRIER, "POST", "/publish/a..b", b"");
    assert_eq!(status, 400);
    scene.stops_well();
}

#[test]
fn one_that_is_denied_in_initialize_does_not_start_and_says_why() {
    let scene = scene(&[], &[]);
    let status = scene.loader.status(FIRST).unwrap();
    assert_eq!(status.state, State::Failed);
    assert_eq!(
        status.cause.unwrap(),
        "initialize: `crier-0001` may not subscribe to `t`: its manifest asks for `news.**`, \
         `paper`, and the configuration grants nothing; both have to cover it: `subscribe` under \
         `permissions` in its plugin.toml, and `subscribe` under [plugins.crier-0001] in the \
         configuration"
    );
    scene.stops_well();
}

#[test]
fn where_it_is_not_switched_on_everything_is_permitted() {
    let scene = Scene::new(&[(FIRST, &["**"])]);
    scene.publish("other", "");
    scene.hears(FIRST, 1);
    scene.stops_well();
}
