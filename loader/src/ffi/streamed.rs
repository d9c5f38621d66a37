use super::{Lease, Leased, guard};
use futures_util::{Stream, StreamExt};
use jackfield_abi::{
    BorrowingFfiFuture, ByteStream, ByteStreamObject, Failure, FailureCode, ROption, RResult, RVec,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, TryLockError},
    task::{Context, Poll},
};

type Parts = Pin<Box<dyn Stream<Item = Result<Vec<u8>, String>> + Send>>;

/// A stream of the host's as a plugin reads it. Its waker is the plugin's, so each read is
/// [`Leased`].
struct Streamed {
    /// Gone after the end, and after an error.
    parts: Mutex<Option<Parts>>,
    lease: Lease,
}

/// Parts that the host has, as a plugin reads them, whose library the lease is for.
pub(super) fn streamed(
    parts: impl Stream<Item = Result<Vec<u8>, String>> + Send + 'static,
    lease: Lease,
) -> ByteStreamObject {
    let parts = Mutex::new(Some(Box::pin(parts) as Parts));
    ByteStreamObject::from_value(Streamed { parts, lease }, TD_Opaque)
}

impl Streamed {
    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Failure>> {
        let mut parts = match self.parts.try_lock() {
            Ok(parts) => parts,
            Err(TryLockError::Poisoned(poisoned)) => {
                let mut parts = poisoned.into_inner();
                // A panic of the host's own stream: there is nothing more of it.
                *parts = None;
                parts
            }
            Err(TryLockError::WouldBlock) => {
                let text = "two at once read one body: read it from one place";
                return Poll::Ready(Err(Failure::new(FailureCode::INVALID, text)));
            }
        };
        let Some(stream) = parts.as_mut() else {
            return Poll::Ready(Ok(None));
        };
        let Poll::Ready(next) = stream.poll_next_unpin(cx) else {
            return Poll::Pending;
        };
        match next {
            Some(Ok(part)) => Poll::Ready(Ok(Some(part))),
            None => {
                *parts = None;
                Poll::Ready(Ok(None))
            }
            Some(Err(text)) => {
                *parts = None;
                Poll::Ready(Err(Failure::new(FailureCode::ERROR, text)))
            }
        }
    }
}

impl ByteStream for Streamed {
    fn next(&self) -> BorrowingFfiFuture<'_, RResult<ROption<RVec<u8>>, Failure>> {
        let next = poll_fn(|cx| {
            let polled = guard(|| self.poll_next(cx)).unwrap_or_else(|panic| {
                let text = format!("the host panicked: {panic}");
                Poll::Ready(Err(Failure::new(FailureCode::ERROR, text)))
            });
            polled.map(|next| match next {
                Ok(part) => RResult::ROk(part.map(RVec::from).into()),
                Err(failure) => RResult::RErr(failure),
            })
        });
        BorrowingFfiFuture::new(Leased::new(next, self.lease.clone()))
    }
}
