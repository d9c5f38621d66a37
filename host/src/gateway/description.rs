//! What a plugin says of its routes.

use super::{chain::Declared, mounts::Mount};
use http::Method;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// One route, as `describe("routes")` of the SDK has it.
#[derive(Debug, Deserialize)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) pattern: String,
    #[serde(default)]
    pub(super) streamed: bool,
}

/// All that a plugin says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Description {
    pub(super) routes: Vec<Route>,
    /// What it does to requests for others.
    pub(super) middleware: Option<Declared>,
    /// Places of `routes` whose body comes in parts, by their patterns.
    #[serde(skip)]
    streamed: matchit::Router<Vec<usize>>,
}

impl Description {
    /// Of what a plugin says; nothing, where that cannot be read.
    fn read(text: &str) -> Result<Self, serde_json::Error> {
        let mut description: Self = serde_json::from_str(text)?;
        let mut patterns: Vec<(&str, Vec<usize>)> = Vec::new();
        for (place, route) in description.routes.iter().enumerate() {
            if !route.streamed {
                continue;
            }
            match patterns
                .iter_mut()
                .find(|(pattern, _)| *pattern == route.pattern)
            {
                Some((_, places)) => places.push(place),
                None => patterns.push((&route.pattern, vec![place])),
            }
        }
        let mut router = matchit::Router::new();
        for (pattern, places) in patterns {
            // The plugin's own router took it, so this one does.
            if let Err(error) = router.insert(pattern, places) {
                log::warn!("a route {pattern} that cannot be matched: {error}");
            }
        }
        description.streamed = router;
        Ok(description)
    }

    /// Whether the route that this leads to takes its body in parts.
    fn streams(&self, method: &Method, rest: &str) -> bool {
        let matched = self.streamed.at(rest);
        matched.is_ok_and(|matched| {
            let mut places = matched.value.iter();
            places.any(|place| self.routes[*place].method == method.as_str())
        })
    }
}

/// How long a plugin may take to say what it does.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a plugin does not say what it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Untold {
    /// It was asked before, or now, and has not said.
    #[error("it did not say within {} s", PATIENCE.as_secs())]
    Late,
    /// It cannot say.
    #[error("{0}")]
    Failed(String),
}

impl Mount {
    /// What the plugin says of itself, in JSON: `routes`, `menu`. One question at a time: one that
    /// hangs takes one thread, and no more.
    ///
    /// # Errors
    ///
    /// [`Untold`].
    pub(super) async fn told(&self, what: &'static str) -> Result<String, Untold> {
        let asked = async {
            let turn = Arc::clone(&self.asking).acquire_owned().await;
            let turn = turn.expect("the semaphore is never closed");
            let handle = self.handle.clone();
            let asked = tokio::task::spawn_blocking(move || {
                let told = handle.describe(what);
                drop(turn);
                told
            });
            let told = asked.await.map_err(|error| error.to_string());
            told.and_then(|told| told.map_err(|error| error.to_string()))
        };
        let told = tokio::time::timeout(PATIENCE, asked).await;
        told.map_err(|_| Untold::Late)?.map_err(Untold::Failed)
    }

    /// What the plugin says of its routes, which it is asked until it has said so.
    ///
    /// # Errors
    ///
    /// [`Untold`].
    pub(super) async fn description(&self) -> Result<&Description, Untold> {
        let ask = || async {
            let told = self.told("routes").await?;
            Description::read(&told).map_err(|error| Untold::Failed(error.to_string()))
        };
        self.description.get_or_try_init(ask).await
    }

    /// Whether the route that this leads to takes its body in parts; not where nobody knows.
    pub(super) async fn streams(&self, method: &Method, rest: &str) -> bool {
        match self.description().await {
            Ok(description) => description.streams(method, rest),
            Err(why) => {
                log::warn!("{}: its routes are not known: {why}", self.handle.id());
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn which_routes_take_their_bodies_in_parts() {
        let route = |method: &str, pattern: &str, streamed: bool| json!({ "method": method, "pattern": pattern, "streamed": streamed, "kind": "async" });
        let routes = json!({ "fallback": false, "routes": [
            route("PUT", "/files/{*path}", true),
            route("GET", "/files/{*path}", false),
            route("POST", "/files/{*path}", true),
            route("POST", "/whole", false),
        ]});
        let description = Description::read(&routes.to_string()).unwrap();
        for (method, rest, streams) in [
            (Method::PUT, "/files/a/b", true),
            (Method::POST, "/files/a/b", true),
            (Method::GET, "/files/a/b", false),
            (Method::POST, "/whole", false),
            (Method::POST, "/elsewhere", false),
        ] {
            assert_eq!(
                description.streams(&method, rest),
                streams,
                "{method} {rest}"
            );
        }
        assert!(Description::read("[").is_err());
    }
}
