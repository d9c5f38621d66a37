//! The body of an answer on its way from a worker: what is there of it, each time it is asked for.

use super::{speech::Outcome, wire::Wire};
use crate::{
    Executor,
    ffi::{Kept, next_part},
};
use futures_channel::mpsc;
use futures_util::{
    StreamExt,
    future::{AbortHandle, abortable, poll_immediate},
};
use jackfield_abi::ByteStreamObject;
use rustc_hash::FxHashMap;
use serde_bytes::ByteBuf;
use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Parts that are there are put together, up to so many bytes.
const AT_ONCE: usize = 32 << 10;

/// The bodies that are read, by the number of the request.
#[derive(Default)]
pub(super) struct Downloads(Mutex<FxHashMap<u64, Download>>);

struct Download {
    /// By which call the next is asked for.
    wanted: mpsc::Sender<u64>,
    task: AbortHandle,
}

impl Downloads {
    fn all(&self) -> MutexGuard<'_, FxHashMap<u64, Download>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A body is there to be read; the plugin stays as long as it is.
    pub(super) fn begin(
        &self,
        request: u64,
        stream: ByteStreamObject,
        kept: Kept,
        wire: &Arc<Wire>,
        executor: &dyn Executor,
    ) {
        let (wanted, receiver) = mpsc::channel(0);
        let (body, task) = abortable(give(stream, receiver, Arc::clone(wire)));
        self.all().insert(request, Download { wanted, task });
        executor.spawn(Box::pin(async move {
            // The stream is the plugin's, and goes before what keeps that.
            let _ = body.await;
            drop(kept);
        }));
    }

    /// The next part is wanted, by that call; whether there is a body.
    pub(super) fn want(&self, request: u64, call: u64) -> bool {
        let mut all = self.all();
        let download = all.get_mut(&request);
        download.is_some_and(|download| download.wanted.try_send(call).is_ok())
    }

    /// Nothing more of it is wanted.
    pub(super) fn end(&self, request: u64) {
        if let Some(download) = self.all().remove(&request) {
            download.task.abort();
        }
    }
}

/// Gives what is ready of a body each time, and at least one part.
async fn give(stream: ByteStreamObject, mut wanted: mpsc::Receiver<u64>, wire: Arc<Wire>) {
    let mut next = pin!(Some(next_part(&stream)));
    let mut over: Option<Outcome<()>> = None;
    while let Some(call) = wanted.next().await {
        let mut ready = Vec::new();
        while over.is_none() && ready.len() < AT_ONCE {
            // One that is not ready is kept: dropping it would lose a part.
            let Some(coming) = next.as_mut().as_pin_mut() else {
                break;
            };
            let part = match ready.is_empty() {
                true => coming.await,
                false => match poll_immediate(coming).await {
                    Some(part) => part,
                    None => break,
                },
            };
            match part {
                Ok(Some(part)) => ready.extend_from_slice(&part),
                Ok(None) => over = Some(Ok(())),
                Err(failure) => over = Some(Err(failure.into())),
            }
            next.set(Some(next_part(&stream)));
        }
        let part = match (ready.is_empty(), over.take_if(|_| ready.is_empty())) {
            (true, Some(over)) => over.map(|()| None),
            _ => Ok(Some(ByteBuf::from(ready))),
        };
        let is_over = !matches!(part, Ok(Some(_)));
        wire.reply(call, &part);
        if is_over {
            return;
        }
    }
}
