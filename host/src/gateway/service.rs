//! The way of each request: who may, whose it is, the answer, what is noted of it.

use super::{
    access::{Circumstances, Class, Who, Whose},
    api::Own,
    call::{About, call},
    front::{Client, Front},
    own::{self, Common},
    reply::{Body, Detail, Reply, whole},
    target::Target,
};
use bytes::Bytes;
use http::{HeaderName, Method, Request, Response, header, request::Parts};
use http_body_util::Either;
use hyper::body::Incoming;
use std::{convert::Infallible, sync::Arc};
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
        let uri = head.uri.clone();
        let target = Target::of(uri.path(), &front.edge);
        let circumstances = Circumstances {
            from: Some(client.peer),
            request: request_id.to_str().ok(),
            plugin: target.plugin(),
        };
        let mut reply = match self.admit(&head, target, circumstances) {
            Err(refusal) => refusal.map(whole),
            Ok(who) => {
                let about = About {
                    client,
                    request_id: &request_id,
                    who: &who,
                };
                let is_seen = !front.chain.is_empty() && !matches!(who, Who::Anybody);
                match is_seen {
                    false => self.go(target, &head, body, &about).await,
                    true => self.seen(target, &mut head, body, &about).await,
                }
            }
        };
        reply.headers_mut().insert(REQUEST_ID, request_id);
        reply
    }

    /// The same with those around it who see requests for others.
    async fn seen(
        &self,
        target: Target<'_>,
        head: &mut Parts,
        body: Incoming,
        about: &About<'_>,
    ) -> Reply {
        let front = &*self.front;
        let plugin = target.plugin();
        let (seen, answer) = front.chain.before(front, plugin, head, about).await;
        let reply = match answer {
            Some(answer) => answer,
            // Boxed: it is as large as all the rest.
            None => Box::pin(self.go(target, head, body, about)).await,
        };
        seen.after(front, plugin, head, about, reply).await
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
            Target::Own => self.host(head, body, about).await,
        }
    }

    /// As whose the request is let through.
    #[expect(
        clippy::result_large_err,
        reason = "it is sent at once, and seldom there"
    )]
    fn admit(
        &self,
        head: &Parts,
        target: Target<'_>,
        circumstances: Circumstances<'_>,
    ) -> Result<Who, Response<Bytes>> {
        let gate = &self.front.gate;
        match gate.enter(head, circumstances) {
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
        let (reply, whose) = match Common::of(rest) {
            Some(common) => {
                let reply = own::answer(&self.own, common, id, &head.method).await;
                (reply, Whose::Host)
            }
            None => (
                call(front, id, rest, head, body, about).await,
                Whose::Plugin,
            ),
        };
        let mut reply = reply.unwrap_or_else(Reply::from);
        let origin = head.headers.get(header::ORIGIN);
        front.gate.leave(origin, whose, reply.headers_mut());
        reply
    }

    async fn host(&self, head: &Parts, body: Incoming, about: &About<'_>) -> Reply {
        let request = Request::from_parts(head.clone(), axum::body::Body::new(body));
        let Ok(reply): Result<_, Infallible> = self.router.clone().oneshot(request).await;
        let mut reply = reply.map(|body| -> Body { Either::Right(body) });
        let gate = &self.front.gate;
        if changes(head) {
            let circumstances = Circumstances {
                from: Some(about.client.peer),
                request: about.request_id.to_str().ok(),
                plugin: of_plugin(head.uri.path()),
            };
            let detail = reply.extensions_mut().remove::<Detail>();
            let detail = detail.as_ref().map(|detail| &*detail.0);
            gate.note(head, about.who, circumstances, reply.status(), detail);
        }
        let origin = head.headers.get(header::ORIGIN);
        gate.leave(origin, Whose::Host, reply.headers_mut());
        reply
    }
}

/// What a request is for, as far as access goes.
fn class(head: &Parts, target: Target<'_>) -> Class {
    match target {
        Target::Own => match head.uri.path() {
            "/healthz" | "/health/live" | "/health/ready" => Class::Probe,
            path if is_telling(path) => Class::Telling,
            _ => Class::Standard,
        },
        Target::Plugin { rest, .. } if Common::of(rest).is_some() => Class::Standard,
        Target::Plugin { rest, .. } => match rest.split('/').nth(1) {
            Some("list_sessions") => Class::Administration,
            Some("register_session" | "unregister_session") => Class::Session,
            _ => Class::Plugin,
        },
    }
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
