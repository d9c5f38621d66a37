use super::Session;
use crate::ffi::guard;
use futures_channel::oneshot;
use std::sync::Arc;

/// A session that has ended, and is to be closed.
pub(super) struct Ended<S> {
    session: Arc<S>,
    /// To whom it matters when it is.
    waits: Option<oneshot::Sender<()>>,
}

/// Is ready when that session is closed, or nobody will close it any more.
pub(super) type Closing = oneshot::Receiver<()>;

impl<S> Ended<S> {
    /// One that nobody waits for.
    pub(super) fn new(session: Arc<S>) -> Self {
        let waits = None;
        Self { session, waits }
    }

    /// One whose closing is waited for.
    pub(super) fn awaited(session: Arc<S>) -> (Self, Closing) {
        let (sender, closing) = oneshot::channel();
        let waits = Some(sender);
        (Self { session, waits }, closing)
    }
}

impl<S: Session> Ended<S> {
    /// Closes it. May block.
    pub(super) fn close(self) {
        let Self { session, waits } = self;
        // The hook has reported a panic; the others are closed all the same.
        let _ = guard(|| session.close());
        let _ = guard(|| drop(session));
        if let Some(waits) = waits {
            // Whoever has gone away wants no word.
            let _ = waits.send(());
        }
    }
}

#[cfg(test)]
impl<S> Ended<S> {
    pub(super) fn session(&self) -> &S {
        &self.session
    }
}
