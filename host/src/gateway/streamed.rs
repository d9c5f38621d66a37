//! An answer that comes in parts, on its way to a client.

use super::{metrics::Tally, reply::Body};
use bytes::{Bytes, BytesMut};
use futures_util::{TryStreamExt, future::poll_immediate};
use http_body_util::Either;
use jackfield_loader::AnswerBody;
use std::{pin::pin, sync::Arc};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Parts that are there at once go out together, until there is so much: clients of HTTP/2 take many
/// small frames for an attack.
const AT_ONCE: usize = 16 << 10;

/// Why what a client gets is not whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// The plugin could not go on.
    #[error("{0}")]
    Plugin(String),
    /// It was not asked to.
    #[error("the plugin stops")]
    Stopped,
}

/// Part after part, until the end, or until the plugin stops: then it breaks off, and the client sees
/// that. A task has the answer, not the client's connection: a client that does not read keeps the
/// plugin's memory no longer than until the plugin stops.
pub(super) fn streamed(answer: AnswerBody, end: CancellationToken, tally: Arc<Tally>) -> Body {
    let (sender, receiver) = mpsc::channel(1);
    let (ended, end_of) = oneshot::channel();
    tokio::spawn(async move {
        let how = tokio::select! {
            how = hand_over(answer, &sender) => how,
            () = sender.closed() => return,
            () = end.cancelled() => Err(Broken::Stopped),
        };
        // Nobody may be there any more.
        let _ = ended.send(how);
    });
    let parts = Parts {
        receiver,
        end_of: Some(end_of),
    };
    let parts = futures_util::stream::unfold(parts, |mut parts| async move {
        let next = parts.next().await?;
        Some((next, parts))
    });
    let parts = parts.inspect_ok(move |part: &Bytes| tally.sent(part.len()));
    Either::Right(axum::body::Body::from_stream(parts))
}

async fn hand_over(mut answer: AnswerBody, to: &mpsc::Sender<Bytes>) -> Result<(), Broken> {
    let mut ready = BytesMut::from(answer.first());
    loop {
        // Parts may be there without end, and empty.
        tokio::task::consume_budget().await;
        let mut next = pin!(answer.next());
        let mut part = None;
        if ready.len() < AT_ONCE {
            part = poll_immediate(next.as_mut()).await;
        }
        if part.is_none() && !ready.is_empty() && to.send(ready.split().freeze()).await.is_err() {
            return Ok(());
        }
        let part = match part {
            Some(part) => part,
            None => next.await,
        };
        if let Some(Ok(part)) = part {
            ready.extend_from_slice(&part);
            continue;
        }
        // Where nobody is there any more, nobody looks how it ended either.
        if !ready.is_empty() {
            let _ = to.send(ready.freeze()).await;
        }
        let how = part.transpose().map(drop);
        return how.map_err(|error| Broken::Plugin(error.to_string()));
    }
}

struct Parts {
    receiver: mpsc::Receiver<Bytes>,
    /// How it ended, which is asked once.
    end_of: Option<oneshot::Receiver<Result<(), Broken>>>,
}

impl Parts {
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        if let Some(part) = self.receiver.recv().await {
            return Some(Ok(part));
        }
        let how = self.end_of.take()?.await;
        how.unwrap_or(Err(Broken::Stopped)).err().map(Err)
    }
}
