//! Whether anything goes on in a connection.

use super::reply::Body as Inner;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt;
use pin_project_lite::pin_project;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

/// What goes on in one connection. An answer that is ready and is not taken is the client's fault; one
/// that waits for more is not.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests, parts of answers that were taken, and what was written.
    progress: AtomicU64,
    /// Requests whose answer has not begun, or not ended.
    open: AtomicUsize,
    /// Answers of which a part is ready that nobody takes.
    untaken: AtomicUsize,
}

/// A look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    progress: u64,
    open: usize,
    untaken: usize,
}

impl Look {
    /// A part of an answer is there that nobody takes.
    pub(super) fn is_untaken(self) -> bool {
        self.untaken > 0
    }

    /// Since the look before nothing came, nothing was taken, and nobody but the client is to blame.
    pub(super) fn is_stalled_since(self, before: Self) -> bool {
        let is_idle = self.open == 0 || self.is_untaken();
        self.progress == before.progress && is_idle
    }
}

impl Activity {
    pub(super) fn look(&self) -> Look {
        Look {
            progress: self.progress.load(Relaxed),
            open: self.open.load(Relaxed),
            untaken: self.untaken.load(Relaxed),
        }
    }

    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        self.progress.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        Open(Arc::clone(self))
    }
}

pin_project! {
    /// A connection that notes what is written to it: a client that takes an answer slowly takes it.
    pub(super) struct Counted<S> {
        #[pin]
        stream: S,
        activity: Arc<Activity>,
    }
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

/// What is no longer than that is put together: the system takes one piece sooner than two, and a small
/// answer is a head and a body.
const SMALL: usize = 1 << 10;

/// Notes what was written, if anything was.
fn count(activity: &Activity, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
    if let Poll::Ready(Ok(1..)) = written {
        activity.progress.fetch_add(1, Relaxed);
    }
    written
}

impl<S: rt::Read> rt::Read for Counted<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().stream.poll_read(cx, buffer)
    }
}

impl<S: rt::Write> rt::Write for Counted<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        count(this.activity, this.stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let written = if length > SMALL {
            this.stream.poll_write_vectored(cx, parts)
        } else {
            let (mut whole, mut end) = ([0; SMALL], 0);
            for part in parts {
                whole[end..end + part.len()].copy_from_slice(part);
                end += part.len();
            }
            this.stream.poll_write(cx, &whole[..end])
        };
        count(this.activity, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
}

/// A request that is answered.
pub(super) struct Open(Arc<Activity>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

pin_project! {
    /// The body of its answer.
    pub(super) struct Watched {
        #[pin]
        inner: Inner,
        ready: Ready,
    }
}

impl Watched {
    pub(super) fn new(inner: Inner, open: Open) -> Self {
        open.0.untaken.fetch_add(1, Relaxed);
        let is_ready = true;
        Self {
            inner,
            ready: Ready { open, is_ready },
        }
    }
}

/// Whether a part of it is ready.
struct Ready {
    open: Open,
    is_ready: bool,
}

impl Ready {
    fn set(&mut self, is_ready: bool) {
        let activity = &self.open.0;
        match (self.is_ready, is_ready) {
            (false, true) => drop(activity.untaken.fetch_add(1, Relaxed)),
            (true, false) => drop(activity.untaken.fetch_sub(1, Relaxed)),
            _ => {}
        }
        self.is_ready = is_ready;
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        self.set(false);
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = <Inner as Body>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        let polled = this.inner.poll_frame(cx);
        this.ready.set(polled.is_ready());
        if polled.is_ready() {
            this.ready.open.0.progress.fetch_add(1, Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::reply::whole;
    use http_body_util::BodyExt;
    use std::task::Waker;

    #[test]
    fn only_the_client_is_to_blame() {
        let activity = Arc::new(Activity::default());
        let before = activity.look();
        assert!(before.is_stalled_since(before));
        let open = activity.begin();
        let serving = activity.look();
        assert!(!serving.is_stalled_since(before));
        // A handler that takes its time.
        assert!(!activity.look().is_stalled_since(serving));
        let mut body = Watched::new(whole("x"), open);
        let untaken = activity.look();
        assert!(untaken.is_stalled_since(serving), "{untaken:?}");
        let mut cx = Context::from_waker(Waker::noop());
        let taken = std::pin::pin!(body.frame()).poll(&mut cx);
        assert!(taken.is_ready());
        assert!(!activity.look().is_stalled_since(untaken));
        drop(body);
        let idle = activity.look();
        assert!(activity.look().is_stalled_since(idle), "{idle:?}");
        assert_eq!((idle.open, idle.untaken), (0, 0));
    }
}
