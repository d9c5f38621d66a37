//! One plugin is asked about a request for another, or about its answer.
//!
//! The form is in docs/abi.md: the extension `phase` says what is wanted; an answer with status 100
//! lets go on, with changes in its headers.

use super::{
    call::{About, Question, status as status_of},
    front::Front,
    headers,
    reply::{Fault, Reply, whole},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use http_body_util::Either;
use jackfield_loader::{Answer, Header};
use std::{fmt::Write as _, time::Duration};

/// What lets go on.
const PASS: u16 = 100;

/// What a plugin says.
pub(super) enum Verdict {
    /// It goes on, with this changed.
    On(Change),
    /// This is the answer.
    Answer(Reply),
}

/// What is changed of a request, or of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    set: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
    status: Option<StatusCode>,
}

impl Change {
    pub(super) fn apply(self, headers: &mut HeaderMap) {
        for name in self.remove {
            headers.remove(name);
        }
        for (name, value) in self.set {
            headers.insert(name, value);
        }
    }

    pub(super) fn apply_to(self, reply: &mut Reply) {
        if let Some(status) = self.status {
            *reply.status_mut() = status;
        }
        self.apply(reply.headers_mut());
    }

    /// By the headers of an answer that lets go on.
    fn read<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Self, Fault> {
        let mut change = Self::default();
        for (name, value) in headers {
            let read = match name {
                "remove" => changeable(value).map(|name| change.remove.push(name)),
                "status" => status(value).map(|status| change.status = Some(status)),
                _ => match name.strip_prefix("set-") {
                    // Of what there may be later, nothing is known.
                    None => continue,
                    Some(name) => changeable(name.as_bytes())
                        .zip(HeaderValue::from_bytes(value).ok())
                        .map(|header| change.set.push(header)),
                },
            };
            read.ok_or_else(|| unclear(name))?;
        }
        Ok(change)
    }
}

/// A header that is about what is said, not about how it is sent.
fn changeable(name: &[u8]) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(name).ok()?;
    let is_of_the_way = headers::is_of_the_connection(&name) || name == header::CONTENT_LENGTH;
    (!is_of_the_way).then_some(name)
}

fn status(value: &[u8]) -> Option<StatusCode> {
    let status = StatusCode::from_bytes(value).ok()?;
    (status.as_u16() >= 200).then_some(status)
}

#[cold]
fn unclear(name: &str) -> Fault {
    let name: String = name.escape_debug().take(60).collect();
    let text = format!("it says what cannot be done, by the header `{name}`");
    Fault::new(StatusCode::BAD_GATEWAY, text)
}

/// Asks before a request goes on.
pub(super) async fn before(
    front: &Front,
    id: &str,
    head: &Parts,
    about: &About<'_>,
) -> Result<Verdict, Fault> {
    ask(
        front,
        id,
        head,
        about,
        &[Header::new("phase", b"before")],
        &[],
    )
    .await
}

/// Asks before an answer goes out.
pub(super) async fn after(
    front: &Front,
    id: &str,
    head: &Parts,
    about: &About<'_>,
    shown: &Shown,
) -> Result<Verdict, Fault> {
    let told = [
        Header::new("phase", b"after"),
        Header::new("response-status", shown.status.as_str().as_bytes()),
        Header::new("response-headers", shown.headers.as_bytes()),
        Header::new("elapsed-us", shown.elapsed.as_bytes()),
    ];
    ask(front, id, head, about, &told, &shown.body).await
}

/// What plugins see of an answer.
pub(super) struct Shown {
    status: StatusCode,
    headers: String,
    /// Nothing, where it comes in parts.
    body: Bytes,
    /// Since the request came, in microseconds.
    elapsed: String,
}

impl Shown {
    pub(super) fn of(reply: &Reply, elapsed: Duration) -> Self {
        Self {
            status: reply.status(),
            headers: block(reply.headers()),
            body: match reply.body() {
                Either::Left(whole) => peek(whole),
                Either::Right(_) => Bytes::new(),
            },
            elapsed: elapsed.as_micros().to_string(),
        }
    }
}

/// What a whole body holds, without taking it.
fn peek(whole: &http_body_util::Full<Bytes>) -> Bytes {
    use http_body_util::BodyExt;
    use std::task::{Context, Poll, Waker};
    let mut copy = whole.clone();
    let mut frame = std::pin::pin!(copy.frame());
    match frame.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}

/// Headers as they are sent; what is no text is left out.
fn block(headers: &HeaderMap) -> String {
    let mut block = String::new();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            // Collecting text cannot fail.
            let _ = write!(block, "{name}: {value}\r\n");
        }
    }
    block
}

async fn ask(
    front: &Front,
    id: &str,
    head: &Parts,
    about: &About<'_>,
    told: &[Header<'_>],
    body: &[u8],
) -> Result<Verdict, Fault> {
    let mount = front.mounts.get(id)?;
    let question = Question {
        path: head.uri.path(),
        head,
        told,
        body,
        about,
    };
    let asked = question.ask(&mount, None, mount.limits.deadline).await;
    verdict(&asked.map_err(|why| why.fault(&mount))?)
}

fn verdict(answer: &Answer<'_>) -> Result<Verdict, Fault> {
    if answer.status() == PASS {
        return Change::read(answer.headers()).map(Verdict::On);
    }
    let mut reply = Reply::new(whole(Bytes::copy_from_slice(answer.body())));
    *reply.status_mut() = status_of(answer)?;
    headers::to_client(answer, reply.headers_mut())?;
    Ok(Verdict::Answer(reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &str)]) -> Option<Change> {
        let headers = headers.iter();
        Change::read(headers.map(|(name, value)| (*name, value.as_bytes()))).ok()
    }

    #[test]
    fn changes_are_read_and_made() {
        let change = read(&[
            ("set-x-one", "1"),
            ("remove", "x-two"),
            ("status", "418"),
            ("later", "what nobody knows yet"),
        ]);
        let mut reply = Reply::new(whole("tea"));
        reply
            .headers_mut()
            .insert("x-two", HeaderValue::from_static("2"));
        change.expect("it can be read").apply_to(&mut reply);
        assert_eq!(reply.status(), 418);
        assert_eq!(block(reply.headers()), "x-one: 1\r\n");
        for bad in [
            ("status", "100"),
            ("status", "x"),
            ("remove", "a b"),
            ("set-", "x"),
            ("set-content-length", "5"),
            ("set-transfer-encoding", "chunked"),
            ("remove", "connection"),
        ] {
            assert_eq!(read(&[bad]), None, "{bad:?}");
        }
    }
}
