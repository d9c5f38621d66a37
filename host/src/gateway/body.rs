//! The body of a request: within its limit, and not slower than a client may be.

use super::reply::Fault;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Room that is made for a body before anything of it is there.
const AT_ONCE: u64 = 64 << 10;

/// How much more of a body that is too long is read, before the client is told, and for how long.
const LINGER_BYTES: usize = 4 << 20;
const LINGER: Duration = Duration::from_secs(1);

/// How long a body may be, in bytes, and in coming.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of a body that is not streamed.
    pub(super) length: u64,
    /// From one part to the next.
    pub(super) between: Duration,
    /// From the first to the last, of one that is not streamed.
    pub(super) all: Duration,
}

/// Whether it may be worth reading in parts.
pub(super) fn is_long(body: &Incoming) -> bool {
    !body.is_end_stream()
        && body
            .size_hint()
            .exact()
            .is_none_or(|length| length > AT_ONCE)
}

/// All of it.
///
/// # Errors
///
/// 413 where it is too long, 408 where it does not come, 400 where it breaks off.
pub(super) async fn whole(body: Incoming, limits: &Limits) -> Result<Bytes, Fault> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let least = body.size_hint().lower();
    let mut reader = Reader::new(body, limits.between);
    if least > limits.length {
        reader.linger().await;
        return Err(too_long(limits.length));
    }
    let end = Instant::now() + limits.all;
    // Most often there is one part, and that is it.
    let Some(first) = reader.next(Some(end)).await? else {
        return Ok(Bytes::new());
    };
    if first.len() as u64 >= least && reader.is_over() {
        return within(first, limits.length);
    }
    let room = least.clamp(first.len() as u64, AT_ONCE.max(first.len() as u64));
    let mut all = BytesMut::with_capacity(usize::try_from(room).unwrap_or(0));
    all.extend_from_slice(&first);
    while let Some(part) = reader.next(Some(end)).await? {
        if (all.len() + part.len()) as u64 > limits.length {
            reader.linger().await;
            return Err(too_long(limits.length));
        }
        all.extend_from_slice(&part);
    }
    within(all.freeze(), limits.length)
}

/// Reads what nobody wants, as far as it is short: a connection with something unread on it has to be
/// closed, and its client may lose the answer.
pub(super) async fn discard(body: Incoming) {
    if !body.is_end_stream() {
        Reader::new(body, LINGER).linger().await;
    }
}

fn within(bytes: Bytes, limit: u64) -> Result<Bytes, Fault> {
    match bytes.len() as u64 <= limit {
        true => Ok(bytes),
        false => Err(too_long(limit)),
    }
}

/// Part after part, for a plugin that reads it so.
pub(super) fn parts(
    body: Incoming,
    limits: &Limits,
) -> impl Stream<Item = Result<Vec<u8>, String>> + Send + use<> {
    let reader = Reader::new(body, limits.between);
    futures_util::stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next(None).await.map_err(|fault| fault.detail())?;
        Ok(next.map(|part| (part.to_vec(), reader)))
    })
}

struct Reader {
    body: Incoming,
    between: Duration,
}

impl Reader {
    fn new(body: Incoming, between: Duration) -> Self {
        Self { body, between }
    }

    fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// Reads on for a little while: most clients read an answer only once they have sent all.
    async fn linger(&mut self) {
        let (mut left, end) = (LINGER_BYTES, Instant::now() + LINGER);
        while left > 0 {
            let Ok(Some(part)) = self.next(Some(end)).await else {
                return;
            };
            left = left.saturating_sub(part.len());
        }
    }

    /// The next part that holds something, which comes in time.
    async fn next(&mut self, end: Option<Instant>) -> Result<Option<Bytes>, Fault> {
        loop {
            let until = Instant::now() + self.between;
            let until = end.map_or(until, |end| until.min(end));
            let frame = timeout_at(until, self.body.frame());
            match frame.await.map_err(|_| too_slow())? {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(&error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    // An empty part, or trailers, which nobody asked for.
                    _ => {}
                },
            }
        }
    }
}

#[cold]
fn too_long(limit: u64) -> Fault {
    let text = format!(
        "the body is longer than {limit} bytes, which is the limit here: send less, or have \
         `max_body` raised"
    );
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, text)
}

#[cold]
fn too_slow() -> Fault {
    let text = "the body did not come in time: send it faster";
    Fault::new(StatusCode::REQUEST_TIMEOUT, text)
}

#[cold]
fn broken(error: &hyper::Error) -> Fault {
    let text = format!("expected the whole body, and it broke off: {error}");
    Fault::new(StatusCode::BAD_REQUEST, text)
}
