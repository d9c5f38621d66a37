//! The routes of sessions: those that every plugin has, and those of the author's.

use super::{Session, Sessions};
use crate::{
    Context, Error, Handler, Operation, Place, Request, Response, Result,
    describe::schema,
    ffi::Opening,
    handler::{ErasedHandler, HandlerKind},
};
use serde_json::{Value, json};
use std::{marker::PhantomData, sync::Arc};

/// A route of a session, as the plugin has it.
pub(crate) struct SessionRoute<S: Session, H, K> {
    handler: H,
    sessions: Arc<Sessions<S>>,
    /// What it is called in errors.
    name: String,
    _kind: PhantomData<fn(K)>,
}

impl<S: Session, H: Handler<S, K>, K> SessionRoute<S, H, K> {
    /// The route of that pattern.
    pub(crate) fn new(pattern: &str, handler: H, sessions: &Arc<Sessions<S>>) -> Self {
        let name = pattern.trim_start_matches('/').split('/').next();
        Self {
            handler,
            sessions: Arc::clone(sessions),
            name: name.unwrap_or_default().to_owned(),
            _kind: PhantomData,
        }
    }

    async fn answer(&self, context: &Context, mut request: Request<'_>) -> Result<Response> {
        let sid = request.take_param("sid")?;
        let (session, entered) = self.sessions.enter(context, &sid)?;
        let hold = Box::new(entered);
        let handler = &self.handler;
        let answered = handler.call_held(&session, context, request, hold).await;
        let place = || format!("[{}/{sid}] {}:", context.id(), self.name);
        answered.map_err(|error| error.in_session(place))
    }
}

impl<S, H, K> ErasedHandler<S::Plugin> for SessionRoute<S, H, K>
where
    S: Session,
    H: Handler<S, K>,
    K: 'static,
{
    fn call_erased<'a>(
        &'a self,
        _plugin: &'a Arc<S::Plugin>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        opening.answer(self.answer(context, request))
    }

    fn takes_stream(&self) -> bool {
        H::STREAMED
    }

    fn kind(&self) -> HandlerKind {
        H::KIND
    }

    fn is_of_session(&self) -> bool {
        true
    }

    fn describe(&self, operation: &mut Operation) {
        of_session(operation);
        operation.without_name("sid", H::describe);
    }
}

fn of_session(operation: &mut Operation) {
    operation.parameter(Place::Path, "sid", true, schema::text());
    operation.error(404, "there is no such session");
    operation.error(410, "the session has expired");
}

/// The routes of sessions that every plugin has.
pub(crate) enum Standard<S: Session> {
    /// `POST /register_session`
    Register(Arc<Sessions<S>>),
    /// `POST /unregister_session/{sid}`
    Unregister(Arc<Sessions<S>>),
    /// `GET /list_sessions`
    List(Arc<Sessions<S>>),
}

impl<S: Session> Standard<S> {
    async fn answer(
        &self,
        plugin: &Arc<S::Plugin>,
        context: &Context,
        mut request: Request<'_>,
    ) -> Result<Response> {
        match self {
            Self::Register(sessions) => {
                let end = request.timeout().map(|timeout| context.steady() + timeout);
                let arguments = arguments::<S>(&request)?;
                let made = sessions.register(plugin, context, arguments, end);
                let (id, fields) = made.await?;
                let mut answer = json!({ "sid": id });
                for (key, value) in fields.into_iter().filter(|(key, _)| key != "sid") {
                    answer[key] = value;
                }
                Response::json(&answer)
            }
            Self::Unregister(sessions) => {
                let sid = request.take_param("sid")?;
                sessions.unregister(context, &sid).await?;
                Response::json(&json!({ "ok": true }))
            }
            Self::List(sessions) => {
                let now_ns = context.steady_ns();
                // Those that could not be closed when they ended.
                sessions.close_any(context);
                if request.extension("count").is_some() {
                    let active = sessions.table(context).count(now_ns);
                    return Response::json(&json!({ "active": active }));
                }
                let ids = sessions.table(context).ids(now_ns);
                Response::json(&json!({ "sessions": ids }))
            }
        }
    }
}

/// What a client says when it registers: nothing, or a JSON object.
fn arguments<S: Session>(request: &Request<'_>) -> Result<S::Arguments> {
    let body = request.whole_body()?;
    let mut letters = body.iter().filter(|byte| !byte.is_ascii_whitespace());
    match letters.next() {
        // What an object without any key is: defaults, or the name of what is missing.
        None => Request::from_abi(&jackfield_abi::Request {
            body: b"{}".as_slice().into(),
            ..jackfield_abi::Request::new("POST", "/")
        })
        .json(),
        Some(b'{') => request.json(),
        Some(_) => Err(Error::with_status(
            400,
            "the body: expected nothing, or a JSON object",
        )),
    }
}

impl<S: Session> ErasedHandler<S::Plugin> for Standard<S> {
    fn call_erased<'a>(
        &'a self,
        plugin: &'a Arc<S::Plugin>,
        context: &'a Context,
        request: Request<'a>,
        opening: Opening<'_, 'a, '_>,
    ) -> bool {
        opening.answer(self.answer(plugin, context, request))
    }

    fn takes_stream(&self) -> bool {
        false
    }

    fn kind(&self) -> HandlerKind {
        HandlerKind::Async
    }

    fn describe(&self, operation: &mut Operation) {
        let json = Some("application/json");
        let object = |name: &str, schema: Value| json!({ "type": "object", "required": [name], "properties": { name: schema } });
        match self {
            Self::Register(_) => {
                let arguments = schema::taken::<S::Arguments>();
                operation.body(json, false, Some(arguments));
                let shape = object("sid", schema::text());
                operation.answer(Some(200), "the session is there", json, Some(shape));
                operation.can_be_refused();
                operation.error(429, "there are as many sessions as may be");
            }
            Self::Unregister(_) => {
                of_session(operation);
                let shape = object("ok", json!({ "const": true }));
                operation.answer(Some(200), "the session has ended", json, Some(shape));
            }
            Self::List(_) => {
                let ids = json!({ "type": "array", "items": { "type": "string" } });
                let shape = object("sessions", ids);
                operation.answer(Some(200), "the sessions that there are", json, Some(shape));
            }
        }
    }
}
