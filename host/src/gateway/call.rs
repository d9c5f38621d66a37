//! One request to one plugin.

use super::{
    access::{Role, Who},
    body,
    front::{Client, Front},
    headers,
    mounts::Mount,
    reply::{Fault, Reply, whole},
    streamed::streamed,
    upload::upload,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, request};
use http_body_util::Either;
use hyper::body::Incoming;
use jackfield_loader::{Answer, Header, Parts, Request, RequestError};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};
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
    fn hides_token(&self) -> bool {
        matches!(self.who, Who::Token(_))
    }

    /// What plugins are told of it.
    fn extensions(&self) -> impl Iterator<Item = Header<'a>> {
        let role = self.who.role().map_or("", Role::as_str);
        let token = match self.who {
            Who::Token(token) => Some(Header::new("token", token.id.as_bytes())),
            _ => None,
        };
        let each = [
            Header::new("request-id", self.request_id.as_bytes()),
            Header::new("client", self.client.address.as_bytes()),
            Header::new("role", role.as_bytes()),
        ];
        each.into_iter().chain(token)
    }
}

/// How many headers say what plugins are told of each request.
const TOLD: usize = 5;

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
            Box::pin(body::discard(body)).await;
            return Err(fault);
        }
    };
    let question = Question {
        path: rest,
        head,
        told: &[],
        body: &[],
        about,
    };
    // What is seldom is boxed: the room for all of a request is moved about with it.
    let is_upload = body::is_long(&body) && Box::pin(mount.streams(&head.method, rest)).await;
    let answer = match is_upload {
        true => Box::pin(upload(&mount, &question, body)).await,
        false => at_once(front, &mount, &question, body).await,
    };
    let status = match &answer {
        Ok(reply) => reply.status(),
        Err(fault) => fault.status(),
    };
    mount.tally.answered(status, began.elapsed());
    answer
}

/// The body is read first.
async fn at_once(
    front: &Front,
    mount: &Mount,
    question: &Question<'_>,
    body: Incoming,
) -> Result<Reply, Fault> {
    let bytes = body::whole(body, &mount.limits.body).await?;
    mount.tally.received(bytes.len());
    let question = Question {
        body: &bytes,
        ..*question
    };
    let limit = mount.limits.deadline;
    match question.ask(mount, None, limit).await {
        // It stopped after it was found, and before it was entered; perhaps it is there again.
        Err(Unanswered::Why(RequestError::Closed { .. })) => {
            let mount = front.mounts.get(mount.handle.id().as_str())?;
            let asked = Box::pin(question.ask(&mount, None, limit)).await;
            reply(&mount, asked)
        }
        asked => reply(mount, asked),
    }
}

/// What a plugin is asked in the name of a request.
pub(super) struct Question<'a> {
    pub(super) path: &'a str,
    pub(super) head: &'a request::Parts,
    /// What it is told beside what plugins are told of each.
    pub(super) told: &'a [Header<'a>],
    pub(super) body: &'a [u8],
    pub(super) about: &'a About<'a>,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// It was to stop, and had no more time.
    Cut,
    /// The plugin gave none.
    Why(RequestError),
}

type Asked<'m> = Result<Answer<'m>, Unanswered>;

impl Question<'_> {
    /// Asks it, with `parts` as what comes after the body, for so long at most.
    pub(super) async fn ask<'m>(
        &self,
        mount: &'m Mount,
        parts: Option<Parts>,
        limit: Duration,
    ) -> Asked<'m> {
        let (head, about) = (self.head, self.about);
        // Both lists are one piece of memory.
        let room = head.headers.len() + TOLD + self.told.len();
        let mut list = Vec::with_capacity(room);
        list.extend(headers::to_plugin(&head.headers, about.hides_token()));
        let end = list.len();
        list.push(Header::new("timeout-ms", mount.deadline_text.as_bytes()));
        list.extend(about.extensions());
        list.extend_from_slice(self.told);
        let (headers, extensions) = list.split_at(end);
        let request = Request::new(head.method.as_str(), self.path)
            .with_query(head.uri.query().unwrap_or_default())
            .with_headers(headers)
            .with_extensions(extensions)
            .with_body(self.body);
        let asked = pin!(mount.handle.request_with(&request, parts, limit));
        match until_cut(&mount.cut, asked).await {
            Some(asked) => asked.map_err(Unanswered::Why),
            None => Err(Unanswered::Cut),
        }
    }
}

impl Unanswered {
    /// As a client is told of it.
    #[cold]
    pub(super) fn fault(&self, mount: &Mount) -> Fault {
        match self {
            Self::Cut => cut_off(mount.handle.id().as_str()),
            Self::Why(error) => fault(error),
        }
    }
}

/// What a call gives, or nothing when it has to end before. One that is ready at once costs no look
/// at the other. Taken as a pointer, since a future that is an argument lies in this one twice.
pub(super) async fn until_cut<F: Future>(
    cut: &CancellationToken,
    mut call: Pin<&mut F>,
) -> Option<F::Output> {
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
pub(super) fn reply(mount: &Mount, asked: Asked<'_>) -> Result<Reply, Fault> {
    let answer = asked.map_err(|why| why.fault(mount))?;
    let mut reply = Reply::new(Either::Left(Default::default()));
    *reply.status_mut() = status(&answer)?;
    headers::to_client(&answer, reply.headers_mut())?;
    *reply.body_mut() = match answer.is_streamed() {
        true => {
            let body = mount.handle.keep(answer);
            streamed(body, mount.end.clone(), Arc::clone(&mount.tally))
        }
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
fn cut_off(id: &str) -> Fault {
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
        RequestError::Ended { id, .. } => (StatusCode::BAD_GATEWAY, id),
        RequestError::Panicked { id, .. } | RequestError::Failed { id, .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, id)
        }
    };
    Fault::new(status, error.to_string()).with("plugin", id.as_str())
}
