//! The body of a request on its way to a worker: part after part, each when it is asked for.

use super::{
    process::Process,
    speech::{Outcome, Refusal},
    wire::Wire,
};
use futures_channel::mpsc;
use futures_util::{FutureExt, StreamExt};
use jackfield_abi::{BorrowingFfiFuture, ByteStreamObject, Failure, ROption, RResult, RVec};
use serde_bytes::ByteBuf;
use std::{
    sync::Arc,
    task::{Context, Poll},
};

/// More at once are none of a worker's that we know.
const MOST: usize = 1;

type Next<'a> = BorrowingFfiFuture<'a, RResult<ROption<RVec<u8>>, Failure>>;

/// The parts that are lent with one request.
pub(super) struct Upload<'a> {
    process: Arc<Process>,
    number: u64,
    stream: &'a ByteStreamObject,
    /// By which call the worker asks for the next.
    wanted: mpsc::Receiver<u64>,
    /// What is waited for, and for which call.
    coming: Option<(u64, Next<'a>)>,
}

impl<'a> Upload<'a> {
    /// Of the request that is the call of that number.
    pub(super) fn new(
        process: &Arc<Process>,
        number: u64,
        stream: &'a ByteStreamObject,
    ) -> Box<Self> {
        let (sender, wanted) = mpsc::channel(MOST);
        process.lend(number, sender);
        Box::new(Self {
            process: Arc::clone(process),
            number,
            stream,
            wanted,
            coming: None,
        })
    }

    /// Hands over what is there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        loop {
            if let Some((call, next)) = &mut self.coming {
                let Poll::Ready(part) = next.poll_unpin(cx) else {
                    return;
                };
                hand_over(&self.process.wire, *call, part);
                self.coming = None;
            }
            match self.wanted.poll_next_unpin(cx) {
                Poll::Ready(Some(call)) => self.coming = Some((call, self.stream.next())),
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        self.process.take_back(self.number);
    }
}

fn hand_over(wire: &Wire, call: u64, part: RResult<ROption<RVec<u8>>, Failure>) {
    let part: Outcome<Option<ByteBuf>> = part.into_result().map_err(Refusal::from).map(|part| {
        let part = part.into_option();
        part.map(|part| ByteBuf::from(part.into_vec()))
    });
    wire.reply(call, &part);
}
