//! A stream of the plugin's as the object that the host reads.

use super::guard;
use crate::{Error, Result};
use futures_core::Stream;
use jackfield_abi::{
    BorrowingFfiFuture, ByteStream, ByteStreamObject, Failure, ROption, RResult, RVec,
    abi_stable::type_level::downcasting::TD_Opaque,
};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

/// A stream as it crosses.
pub(crate) fn stream(
    stream: impl Stream<Item = Result<Vec<u8>>> + Send + 'static,
) -> ByteStreamObject {
    ByteStreamObject::from_value(Guarded(Mutex::new(Some(Box::pin(stream)))), TD_Opaque)
}

/// A stream whose polls and drop are guarded. It is dropped as soon as it has ended, failed or
/// panicked. The lock makes it `Sync`: its reader calls once at a time, and never waits.
struct Guarded<S>(Mutex<Option<Pin<Box<S>>>>);

type Part = RResult<ROption<RVec<u8>>, Failure>;

impl<S: Stream<Item = Result<Vec<u8>>>> Guarded<S> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Part> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = place.as_mut() else {
            return Poll::Ready(RResult::ROk(ROption::RNone));
        };
        let part = match guard(|| stream.as_mut().poll_next(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Some(Ok(part)))) => {
                return Poll::Ready(RResult::ROk(ROption::RSome(part.into())));
            }
            Ok(Poll::Ready(Some(Err(error)))) => RResult::RErr(Error::into_failure(error)),
            Ok(Poll::Ready(None)) => RResult::ROk(ROption::RNone),
            Err(panic) => RResult::RErr(panic),
        };
        let ended = place.take();
        // The hook has reported a panic; what ended the stream is told already.
        let _ = guard(|| drop(ended));
        Poll::Ready(part)
    }
}

impl<S: Stream<Item = Result<Vec<u8>>> + Send> ByteStream for Guarded<S> {
    fn next(&self) -> BorrowingFfiFuture<'_, Part> {
        BorrowingFfiFuture::new(poll_fn(|cx| self.poll(cx)))
    }
}

impl<S> Drop for Guarded<S> {
    fn drop(&mut self) {
        let place = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let stream = place.take();
        // The hook has reported a panic; there is nobody left to hand it to.
        let _ = guard(|| drop(stream));
    }
}

/// A stream that keeps something until its reader drops it.
pub(crate) fn held(stream: ByteStreamObject, hold: impl Send + 'static) -> ByteStreamObject {
    let hold = Mutex::new(Some(hold));
    ByteStreamObject::from_value(Held { stream, hold }, TD_Opaque)
}

/// The lock makes it `Sync`: only drop takes what it holds.
struct Held<H> {
    stream: ByteStreamObject,
    hold: Mutex<Option<H>>,
}

impl<H: Send> ByteStream for Held<H> {
    fn next(&self) -> BorrowingFfiFuture<'_, Part> {
        self.stream.next()
    }
}

impl<H> Drop for Held<H> {
    fn drop(&mut self) {
        let place = self.hold.get_mut().unwrap_or_else(PoisonError::into_inner);
        let hold = place.take();
        // The hook has reported a panic; there is nobody left to hand it to.
        let _ = guard(|| drop(hold));
    }
}
