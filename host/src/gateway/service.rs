//! The way of each request: who may, whose it is, the answer, what is noted of it.

use super::{
    access::{Circumstances, Class, Who, Whose},
    api::{Own, is_page},
    body,
    call::{About, call},
    front::{Client, Front},
    own::{self, Common},
    reply::{Detail, Fault, Reply, whole},
    target::Target,
};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts,
};
use http_body::Body as _;
use http_body_util::Either;
use hyper::body::Incoming;
use std::{convert::Infallible, net::SocketAddr, sync::Arc};
use tower::ServiceExt;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What answers: the plugins, and the host's own routes.
pub(super) struct Service {
    pub(super) front: Arc<Front>,
    pub(super) own: Arc<Own>,
    pub(super) router: axum::Router,
}

impl Service {
    /// Answers one request.
    pub(super) async fn serve(&self, client: &Client, request: Request<Incoming>) -> Reply {
        let front = &*self.front;
        let request_id = front.ids.of(request.headers().get(REQUEST_ID));
        let (mut head, body) = request.into_parts();
        name_host(&mut head);
        let origin = front.gate.origin(&head.headers).cloned();
        let target = Target::of(head.uri.path(), &front.edge);
        let (whose, is_head) = (whose(target), head.method == Method::HEAD);
        let circumstances = Circumstances {
            from: Some(client.peer),
            request: request_id.to_str().ok(),
            plugin: target.plugin().or_else(|| of_plugin(head.uri.path())),
        };
        // What is seldom is boxed: the room for all of a request is moved about with it.
        let mut reply = match self.admit(client, &head, target, circumstances) {
            Err(refusal) => {
                Box::pin(body::discard(body)).await;
                refusal.map(whole)
            }
            Ok(who) => {
                let about = About {
                    client,
                    request_id: &request_id,
                    who: &who,
                };
                let is_seen = !front.chain.is_empty(front) && !matches!(who, Who::Anybody);
                match is_seen {
                    false => self.go(target, &head, body, &about).await,
                    true => Box::pin(self.seen(head, body, &about)).await,
                }
            }
        };
        let headers = reply.headers_mut();
        headers.insert(REQUEST_ID, request_id);
        front.gate.leave(origin.as_ref(), whose, headers);
        if is_head {
            headless(&mut reply);
        }
        reply
    }

    /// The same with those around it who see requests for others.
    async fn seen(&self, mut head: Parts, body: Incoming, about: &About<'_>) -> Reply {
        let front = &*self.front;
        // They change the headers, and not what is asked for.
        let uri = head.uri.clone();
        let target = Target::of(uri.path(), &front.edge);
        let plugin = target.plugin();
        let (seen, answer) = front.chain.before(front, plugin, &mut head, about).await;
        let reply = match answer {
            Some(answer) => {
                body::discard(body).await;
                answer
            }
            None => self.go(target, &head, body, about).await,
        };
        seen.after(front, plugin, &head, about, reply).await
    }

    async fn go(
        &self,
        target: Target<'_>,
        head: &Parts,
        body: Incoming,
        about: &About<'_>,
    ) -> Reply {
        match target {
            Target::Plugin { id, rest } => self.plugin(id, rest, head, body, about).await,
            Target::Own => Box::pin(self.host(head, body, about)).await,
        }
    }

    /// As whose the request is let through.
    #[expect(
        clippy::result_large_err,
        reason = "it is sent at once, and seldom there"
    )]
    fn admit(
        &self,
        client: &Client,
        head: &Parts,
        target: Target<'_>,
        circumstances: Circumstances<'_>,
    ) -> Result<Who, Response<Bytes>> {
        let gate = &self.front.gate;
        match gate.enter(head, &client.addressed, circumstances) {
            Some(answer) => Err(answer),
            None => gate.admit(head, class(head, target), circumstances),
        }
    }

    async fn plugin(
        &self,
        id: &str,
        rest: &str,
        head: &Parts,
        body: Incoming,
        about: &About<'_>,
    ) -> Reply {
        let front = &*self.front;
        let reply = match Common::of(rest) {
            Some(common) => {
                Box::pin(async {
                    body::discard(body).await;
                    own::answer(&self.own, common, id, &head.method).await
                })
                .await
            }
            None => call(front, id, rest, head, body, about).await,
        };
        reply.unwrap_or_else(Reply::from)
    }

    async fn host(&self, head: &Parts, body: Incoming, about: &About<'_>) -> Reply {
        let body = match body::whole(body, &self.front.limits).await {
            Ok(body) => body,
            Err(fault) => return fault.into(),
        };
        let request = Request::from_parts(head.clone(), axum::body::Body::from(body));
        let answer = self.router.clone().oneshot(request);
        if !changes(head) {
            let Ok(reply): Result<_, Infallible> = answer.await;
            return reply.map(Either::Right);
        }
        // It goes on, and is noted, though the client goes away.
        let noting = Noting {
            front: Arc::clone(&self.front),
            head: head.clone(),
            who: about.who.clone(),
            peer: about.client.peer,
            request_id: about.request_id.clone(),
        };
        let done = tokio::spawn(async move {
            let Ok(reply): Result<_, Infallible> = answer.await;
            noting.note(reply.map(Either::Right))
        });
        done.await.unwrap_or_else(|error| {
            let text = format!("the host made a mistake: {error}");
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, text).into()
        })
    }
}

/// What is to be noted of a change.
struct Noting {
    front: Arc<Front>,
    head: Parts,
    who: Who,
    peer: SocketAddr,
    request_id: HeaderValue,
}

impl Noting {
    fn note(&self, mut reply: Reply) -> Reply {
        let circumstances = Circumstances {
            from: Some(self.peer),
            request: self.request_id.to_str().ok(),
            plugin: of_plugin(self.head.uri.path()),
        };
        let detail = reply.extensions_mut().remove::<Detail>();
        let detail = detail.as_ref().map(|detail| &*detail.0);
        let (gate, status) = (&self.front.gate, reply.status());
        gate.note(&self.head, &self.who, circumstances, status, detail);
        reply
    }
}

/// HTTP/2, and a whole address in HTTP/1.1, name the host beside the headers, where no plugin looks for
/// it. What a `Host` header says beside that is of no account (RFC 9112, 3.2.2); several are refused.
fn name_host(head: &mut Parts) {
    let Some(authority) = head.uri.authority() else {
        return;
    };
    let is_once = head.headers.get_all(header::HOST).iter().nth(1).is_none();
    if let Ok(named) = HeaderValue::from_str(authority.as_str())
        && is_once
    {
        head.headers.insert(header::HOST, named);
    }
}

/// The answer to HEAD has no body, and says how long it would be.
fn headless(reply: &mut Reply) {
    let length = match reply.body() {
        Either::Left(whole) => whole.size_hint().exact(),
        Either::Right(_) => None,
    };
    if let Some(length) = length.filter(|length| *length > 0) {
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    *reply.body_mut() = Either::Left(Default::default());
}

/// Whose answer it is.
fn whose(target: Target<'_>) -> Whose {
    match target {
        Target::Plugin { rest, .. } if Common::of(rest).is_none() => Whose::Plugin,
        _ => Whose::Host,
    }
}

/// What a request is for, as far as access goes.
fn class(head: &Parts, target: Target<'_>) -> Class {
    match target {
        Target::Own => match head.uri.path() {
            "/healthz" | "/health/live" | "/health/ready" => Class::Probe,
            path if is_page(path) => Class::Probe,
            path if is_telling(path) => Class::Telling,
            _ => Class::Standard,
        },
        Target::Plugin { rest, .. } if Common::of(rest).is_some() => Class::Standard,
        Target::Plugin { rest, .. } if begins_with(rest, "list_sessions") => Class::Administration,
        Target::Plugin { rest, .. }
            if begins_with(rest, "register_session") || begins_with(rest, "unregister_session") =>
        {
            Class::Session
        }
        Target::Plugin { .. } => Class::Plugin,
    }
}

/// Whether that is the first segment of a path.
fn begins_with(path: &str, segment: &str) -> bool {
    let after = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(segment));
    after.is_some_and(|after| after.is_empty() || after.starts_with('/'))
}

fn is_telling(path: &str) -> bool {
    path == "/edge/list"
}

/// Whether a request to a route of the host's own changes it.
fn changes(head: &Parts) -> bool {
    let reads = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
    !reads && !is_telling(head.uri.path())
}

/// The plugin that a route of the host's own is about.
fn of_plugin(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/api/plugins/")?;
    rest.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(method: Method, path: &str) -> Class {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .unwrap();
        let (head, ()) = request.into_parts();
        class(&head, Target::of(path, "here"))
    }

    #[test]
    fn each_route_is_of_a_class() {
        for (path, wanted) in [
            ("/healthz", Class::Probe),
            ("/health/ready", Class::Probe),
            ("/", Class::Probe),
            ("/docs/docs.js", Class::Probe),
            ("/docs/other", Class::Standard),
            ("/openapi.json", Class::Standard),
            ("/plugins/x.js", Class::Standard),
            ("/edge/list", Class::Telling),
            ("/events", Class::Standard),
            ("/api/plugins/x/stop", Class::Standard),
            ("/x/health", Class::Standard),
            ("/here/x/version", Class::Standard),
            ("/x/list_sessions", Class::Administration),
            ("/here/x/list_sessions", Class::Administration),
            ("/x/register_session", Class::Session),
            ("/x/unregister_session/s", Class::Session),
            ("/x/anything", Class::Plugin),
            ("/x/list_sessions_of", Class::Plugin),
            ("/x//list_sessions", Class::Plugin),
            ("/x", Class::Plugin),
        ] {
            assert_eq!(class_of(Method::GET, path), wanted, "{path}");
        }
    }

    #[test]
    fn a_change_is_noted_with_its_plugin() {
        assert_eq!(of_plugin("/api/plugins/x/stop"), Some("x"));
        assert_eq!(of_plugin("/api/plan"), None);
        for (method, path, is_change) in [
            (Method::POST, "/api/plugins/x/stop", true),
            (Method::GET, "/api/plugins/x/config", false),
            (Method::POST, "/edge/list", false),
            (Method::POST, "/edge/disconnect/x", true),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(())
                .unwrap();
            assert_eq!(changes(&request.into_parts().0), is_change, "{path}");
        }
    }
}
