//! One request to one plugin.

use super::{
    access::{Role, Who},
    body,
    front::{Client, Front},
    headers,
    mounts::Mount,
    reply::{Fault, Reply, whole},
    streamed::streamed,
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{HeaderValue, StatusCode, request};
use http_body_util::Either;
use hyper::body::Incoming;
use jackfield_loader::{Answer, Header, Parts, Request, RequestError};
use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Instant};
use tokio_util::sync::CancellationToken;

/// What the host says of a request.
pub(super) struct About<'a> {
    pub(super) client: &'a Client,
    pub(super) request_id: &'a HeaderValue,
    pub(super) who: &'a Who,
}

impl<'a> About<'a> {
    /// Whether the client's credentials are a token of the host's, which is none of a plugin's
    /// business.
    pub(super) fn hides_token(&self) -> bool {
        matches!(self.who, Who::Token(_))
    }

    /// What plugins are told of it; `deadline` is how long it may take, in milliseconds.
    pub(super) fn extensions(&self, deadline: &'a [u8]) -> Vec<Header<'a>> {
        let role = self.who.role().map_or("", Role::as_str);
        let mut extensions = Vec::with_capacity(8);
        extensions.extend([
            Header::new("timeout-ms", deadline),
            Header::new("request-id", self.request_id.as_bytes()),
            Header::new("client", self.client.address.as_bytes()),
            Header::new("role", role.as_bytes()),
        ]);
        if let Who::Token(token) = self.who {
            extensions.push(Header::new("token", token.id.as_bytes()));
        }
        extensions
    }
}

/// Asks a plugin, and gives its answer as it is sent. It is counted.
///
/// # Errors
///
/// Why there is none.
pub(super) async fn call(
    front: &Front,
    id: &str,
    rest: &str,
    head: &request::Parts,
    body: Incoming,
    about: &About<'_>,
) -> Result<Reply, Fault> {
    let began = Instant::now();
    let mount = match front.mounts.get(id) {
        Ok(mount) => mount,
        Err(fault) => {
            if let Some(tally) = front.mounts.tally(id) {
                tally.answered(fault.status(), began.elapsed());
            }
            body::discard(body).await;
            return Err(fault);
        }
    };
    let answer = called(&mount, front, rest, head, body, about).await;
    let status = match &answer {
        Ok(reply) => reply.status(),
        Err(fault) => fault.status(),
    };
    mount.tally.answered(status, began.elapsed());
    answer
}

async fn called(
    mount: &Arc<Mount>,
    front: &Front,
    rest: &str,
    head: &request::Parts,
    body: Incoming,
    about: &About<'_>,
) -> Result<Reply, Fault> {
    let id = mount.handle.id().as_str();
    if body::is_long(&body) && mount.streams(&head.method, rest).await {
        let tally = Arc::clone(&mount.tally);
        let parts = body::parts(body, &mount.limits.body);
        let parts = parts.inspect_ok(move |part| tally.received(part.len()));
        let answer = ask(mount, rest, head, &[], Some(Box::pin(parts)), about).await;
        return reply(mount, id, answer);
    }
    let bytes = body::whole(body, &mount.limits.body).await?;
    mount.tally.received(bytes.len());
    match ask(mount, rest, head, &bytes, None, about).await {
        // It stopped after it was found, and before it was entered; perhaps it is there again.
        Some(Err(RequestError::Closed { .. })) => {
            let mount = front.mounts.get(id)?;
            let answer = ask(&mount, rest, head, &bytes, None, about).await;
            reply(&mount, id, answer)
        }
        answer => reply(mount, id, answer),
    }
}

type Asked = Option<Result<Answer<'static>, RequestError>>;

async fn ask(
    mount: &Mount,
    rest: &str,
    head: &request::Parts,
    body: &[u8],
    parts: Option<Parts>,
    about: &About<'_>,
) -> Asked {
    let headers = headers::to_plugin(&head.headers, about.hides_token());
    let extensions = about.extensions(mount.deadline_text.as_bytes());
    let request = Request::new(head.method.as_str(), rest)
        .with_query(head.uri.query().unwrap_or_default())
        .with_headers(&headers)
        .with_extensions(&extensions)
        .with_body(body);
    let asked = mount
        .handle
        .request_owned(&request, parts, mount.limits.deadline);
    until_cut(&mount.cut, asked).await
}

/// What a call gives, or nothing when it has to end before. One that is ready at once costs no look
/// at the other.
pub(super) async fn until_cut<F: Future>(cut: &CancellationToken, call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    let mut is_cut = pin!(None);
    poll_fn(|cx| {
        if let Poll::Ready(output) = call.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if is_cut.is_none() {
            is_cut.set(Some(cut.cancelled()));
        }
        let is_cut = is_cut.as_mut().as_pin_mut();
        match is_cut.is_some_and(|is_cut| is_cut.poll(cx).is_ready()) {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}

/// An answer as it is sent. What is there of its body is copied: a client that reads slowly must not
/// hold up a plugin that is to stop.
fn reply(mount: &Mount, id: &str, asked: Asked) -> Result<Reply, Fault> {
    let answer = asked.ok_or_else(|| cut_off(id))?;
    let answer = answer.map_err(|error| fault(&error))?;
    let mut reply = Reply::new(Either::Left(Default::default()));
    *reply.status_mut() = status(&answer)?;
    headers::to_client(&answer, reply.headers_mut())?;
    *reply.body_mut() = match answer.is_streamed() {
        true => streamed(answer, mount.end.clone(), Arc::clone(&mount.tally)),
        false => {
            mount.tally.sent(answer.body().len());
            whole(Bytes::copy_from_slice(answer.body()))
        }
    };
    Ok(reply)
}

/// The status of an answer to a client: what begins with 1 is none.
pub(super) fn status(answer: &Answer<'_>) -> Result<StatusCode, Fault> {
    let status = StatusCode::from_u16(answer.status()).ok();
    let status = status.filter(|status| !status.is_informational());
    status.ok_or_else(|| {
        let text = format!(
            "the plugin answered with status {}, which is none of an answer",
            answer.status()
        );
        Fault::new(StatusCode::BAD_GATEWAY, text)
    })
}

#[cold]
pub(super) fn cut_off(id: &str) -> Fault {
    let text = format!("Plugin '{id}' was stopped before it had answered");
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, text).with("plugin", id)
}

/// Why there is no answer, as a client is told of it.
#[cold]
pub(super) fn fault(error: &RequestError) -> Fault {
    let (status, id) = match error {
        RequestError::Unknown(id) => (StatusCode::NOT_FOUND, id),
        RequestError::NotRunning { id, .. } | RequestError::Closed { id } => {
            (StatusCode::SERVICE_UNAVAILABLE, id)
        }
        RequestError::Deadline { id, .. } => (StatusCode::GATEWAY_TIMEOUT, id),
        RequestError::Panicked { id, .. } | RequestError::Failed { id, .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, id)
        }
    };
    Fault::new(status, error.to_string()).with("plugin", id.as_str())
}
