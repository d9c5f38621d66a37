use super::{Methods, Route, Routes};
use crate::{
    Context, Handler,
    request::Params,
    session::{Plain, Session, SessionRoute, Sessions, Standard},
};
use std::{any::Any, sync::Arc};

/// The routes of sessions that every plugin has: method, pattern, and a path that it matches.
pub(super) const STANDARD: [(&str, &str, &str); 3] = [
    ("POST", "/register_session", "/register_session"),
    ("POST", "/unregister_session/{sid}", "/unregister_session/-"),
    ("GET", "/list_sessions", "/list_sessions"),
];

/// A plugin's sessions, whose type is forgotten.
pub(super) struct Kept<T> {
    sessions: Arc<dyn AnySessions>,
    /// For each of [`STANDARD`].
    pub(super) standard: [Methods<T>; 3],
    pub(super) is_declared: bool,
}

trait AnySessions: Any + Send + Sync {
    fn stop_all(&self, context: &Context);
}

impl<S: Session> AnySessions for Sessions<S> {
    fn stop_all(&self, context: &Context) {
        self.stop(context);
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    fn new<S: Session<Plugin = T>>(is_declared: bool) -> (Self, Arc<Sessions<S>>) {
        let sessions = Arc::<Sessions<S>>::default();
        let handlers: [Standard<S>; 3] = [
            Standard::Register(Arc::clone(&sessions)),
            Standard::Unregister(Arc::clone(&sessions)),
            Standard::List(Arc::clone(&sessions)),
        ];
        let mut methods = STANDARD.map(|(method, ..)| method).into_iter();
        let standard = handlers.map(|handler| {
            let method = methods.next().unwrap_or_default();
            vec![Route::new(method, Box::new(handler))]
        });
        let kept = Self {
            sessions: Arc::clone(&sessions) as Arc<dyn AnySessions>,
            standard,
            is_declared,
        };
        (kept, sessions)
    }
}

impl<T: Send + Sync + 'static> Routes<T> {
    /// Answers `GET` (and `HEAD`) for a session: its `{sid}` stands in the pattern.
    pub fn session_get<S: Session<Plugin = T>, K: 'static>(
        &mut self,
        pattern: &str,
        handler: impl Handler<S, K>,
    ) -> &mut Self {
        self.session_on("GET", pattern, handler)
    }

    /// Answers `POST` for a session: its `{sid}` stands in the pattern.
    pub fn session_post<S: Session<Plugin = T>, K: 'static>(
        &mut self,
        pattern: &str,
        handler: impl Handler<S, K>,
    ) -> &mut Self {
        self.session_on("POST", pattern, handler)
    }

    /// Answers `PUT` for a session: its `{sid}` stands in the pattern.
    pub fn session_put<S: Session<Plugin = T>, K: 'static>(
        &mut self,
        pattern: &str,
        handler: impl Handler<S, K>,
    ) -> &mut Self {
        self.session_on("PUT", pattern, handler)
    }

    /// Answers `PATCH` for a session: its `{sid}` stands in the pattern.
    pub fn session_patch<S: Session<Plugin = T>, K: 'static>(
        &mut self,
        pattern: &str,
        handler: impl Handler<S, K>,
    ) -> &mut Self {
        self.session_on("PATCH", pattern, handler)
    }

    /// Answers `DELETE` for a session: its `{sid}` stands in the pattern.
    pub fn session_delete<S: Session<Plugin = T>, K: 'static>(
        &mut self,
        pattern: &str,
        handler: impl Handler<S, K>,
    ) -> &mut Self {
        self.session_on("DELETE", pattern, handler)
    }

    /// Answers a method in upper case for a session, whose `{sid}` stands in the pattern. The handler
    /// is a method of the session, and takes what one of the plugin takes; `{sid}` is not among the
    /// parameters that it sees.
    ///
    /// An id that is none is answered by 404, one that has expired by 410. An error without a status
    /// becomes a 500 that says `[<plugin>/<sid>] <first name of the pattern>: <text>`; one with a
    /// status goes to the client as it is.
    ///
    /// A pattern without `{sid}`, and sessions of a second type, make `initialize` fail.
    pub fn session_on<S: Session<Plugin = T>, K: 'static>(
        &mut self,
        method: &'static str,
        pattern: &str,
        handler: impl Handler<S, K>,
    ) -> &mut Self {
        let Some(sessions) = self.declared::<S>() else {
            let fault = "its session is of another type than those before";
            return self.fault(method, pattern, fault);
        };
        if !pattern.split('/').any(|part| part == "{sid}") {
            return self.fault(
                method,
                pattern,
                "a session's route has `{sid}` in its pattern",
            );
        }
        let handler = SessionRoute::new(pattern, handler, &sessions);
        self.declare(method, pattern, Box::new(handler))
    }

    /// Says that the plugin's sessions are of that type, where no route of theirs does.
    pub fn sessions<S: Session<Plugin = T>>(&mut self) -> &mut Self {
        if self.declared::<S>().is_none() {
            let fault = "its sessions are of another type than those before";
            self.faults.push(format!("sessions: {fault}"));
        }
        self
    }

    /// The sessions of that type; `None` where the plugin has those of another.
    fn declared<S: Session<Plugin = T>>(&mut self) -> Option<Arc<Sessions<S>>> {
        let Some(kept) = &self.sessions else {
            let (kept, sessions) = Kept::new::<S>(true);
            self.sessions = Some(kept);
            return Some(sessions);
        };
        let any: Arc<dyn Any + Send + Sync> = Arc::clone(&kept.sessions) as _;
        any.downcast().ok()
    }

    /// All is declared: a plugin without sessions of its own has plain ones.
    pub(crate) fn finish(&mut self) {
        if self.sessions.is_none() {
            let (kept, _) = Kept::new::<Plain<T>>(false);
            self.sessions = Some(kept);
        }
    }

    /// Closes all sessions. May block.
    pub(crate) fn stop(&self, context: &Context) {
        if let Some(kept) = &self.sessions {
            kept.sessions.stop_all(context);
        }
    }

    /// What every plugin answers, where none of its own routes does.
    pub(super) fn standard<'p>(&self, path: &'p str) -> Option<(&Methods<T>, Params<'p>)> {
        let [register, unregister, list] = &self.sessions.as_ref()?.standard;
        // Most paths are none of them, and that is seen at once.
        if !matches!(path.as_bytes(), [b'/', b'r' | b'l' | b'u', ..]) {
            return None;
        }
        match path {
            "/register_session" => Some((register, Params::new())),
            "/list_sessions" => Some((list, Params::new())),
            _ => {
                let sid = path.strip_prefix("/unregister_session/")?;
                let is_one = !sid.is_empty() && !sid.contains('/');
                is_one.then(|| (unregister, vec![("sid", sid)]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoArguments, Response, Result, SessionContext, quick};

    struct Shop;

    macro_rules! session {
        ($name:ident) => {
            struct $name(SessionContext<Shop>);

            impl Session for $name {
                type Plugin = Shop;
                type Arguments = NoArguments;

                fn new(context: SessionContext<Shop>, _arguments: NoArguments) -> Result<Self> {
                    Ok(Self(context))
                }

                fn context(&self) -> &SessionContext<Shop> {
                    &self.0
                }
            }
        };
    }

    session!(Basket);
    session!(Cart);

    fn faults(declare: impl FnOnce(&mut Routes<Shop>)) -> Option<String> {
        let mut routes = Routes::new();
        declare(&mut routes);
        routes.finish();
        routes.faults()
    }

    #[test]
    fn what_cannot_be_declared_says_so() {
        let both = faults(|routes| {
            routes
                .sessions::<Basket>()
                .session_get("/a/{sid}", quick(|_: &Cart| "a"));
        });
        let text = "route GET /a/{sid}: its session is of another type than those before";
        assert_eq!(both.as_deref(), Some(text));
        let nameless = faults(|routes| {
            routes.session_put("/a/{id}", quick(|_: &Cart| "a"));
        });
        let text = "route PUT /a/{id}: a session's route has `{sid}` in its pattern";
        assert_eq!(nameless.as_deref(), Some(text));
        let before = faults(|routes| {
            routes.summary("of nothing");
        });
        let text = "something is said of a route before one is declared";
        assert_eq!(before.as_deref(), Some(text));
    }

    /// Method, pattern, summary.
    fn told(routes: &Routes<Shop>) -> Vec<String> {
        let described = routes.describe();
        let routes = described["routes"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let keys = ["method", "pattern", "summary"];
        routes
            .map(|route| keys.map(|key| text(&route[key])).join(" "))
            .collect()
    }

    #[test]
    fn a_route_of_the_plugins_own_takes_the_place() {
        let mut routes = Routes::<Shop>::new();
        routes
            .post("/register_session", quick(|_: &Shop| Response::new(200)))
            .summary("own")
            .get("/unregister_session/{id}", quick(|_: &Shop| "own"));
        routes.finish();
        assert_eq!(routes.faults(), None);
        let expected = [
            "POST /register_session own",
            "GET /unregister_session/{id} -",
            "POST /unregister_session/{sid} -",
            "GET /list_sessions -",
        ];
        assert_eq!(told(&routes), expected);
        assert_eq!(routes.describe()["sessions"], false);
        routes = Routes::new();
        routes.sessions::<Cart>().finish();
        assert_eq!(routes.describe()["sessions"], true);
    }

    #[test]
    fn only_one_segment_is_an_id() {
        let mut routes = Routes::<Shop>::new();
        routes.finish();
        for path in [
            "/register_session",
            "/list_sessions",
            "/unregister_session/x%2Fy",
        ] {
            assert!(routes.standard(path).is_some(), "{path}");
        }
        for path in [
            "/",
            "/unregister_session/",
            "/unregister_session/x/y",
            "/list_sessions/",
        ] {
            assert!(routes.standard(path).is_none(), "{path}");
        }
    }
}
