//! The socket between a host and a worker, and the calls that are under way on it.

use super::{
    frame::{self, Frame, FrameError, Kind},
    speech::{Outcome, Refusal},
    wait::wait,
};
use futures_channel::oneshot;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::{
    future::Future,
    io::{self, BufReader, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

/// Whoever reads nothing for so long is not there any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// The other side is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gone(pub(super) String);

/// One end of the socket.
pub(super) struct Wire {
    socket: UnixStream,
    /// Held while a frame is written.
    writing: Mutex<()>,
    next: AtomicU64,
    /// What is waited for; nothing once the other side is gone.
    calls: Mutex<Option<Calls>>,
    gone: OnceLock<Gone>,
}

type Calls = FxHashMap<u64, oneshot::Sender<Vec<u8>>>;

/// Who takes what the other side says by itself.
pub(super) trait Listener {
    /// Something is asked for. It is not to be waited for.
    fn call(&self, number: u64, said: Vec<u8>);

    /// Nobody waits any more for the reply to that.
    fn cancel(&self, number: u64);

    /// Something is said.
    fn note(&self, said: &[u8]);
}

impl Wire {
    pub(super) fn new(socket: UnixStream) -> io::Result<Arc<Self>> {
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Arc::new(Self {
            socket,
            writing: Mutex::new(()),
            next: AtomicU64::new(1),
            calls: Mutex::new(Some(Calls::default())),
            gone: OnceLock::new(),
        }))
    }

    fn calls(&self) -> MutexGuard<'_, Option<Calls>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the other side. It is asked at once; dropping what waits takes it back.
    ///
    /// # Errors
    ///
    /// How long it is, where that is too long.
    pub(super) fn call(self: &Arc<Self>, said: &impl Serialize) -> Result<Asked, usize> {
        let asked = self.prepare();
        self.send_call(&asked, said)?;
        Ok(asked)
    }

    /// A call that is yet to be said.
    pub(super) fn prepare(self: &Arc<Self>) -> Asked {
        let number = self.next.fetch_add(1, Relaxed);
        let (sender, receiver) = oneshot::channel();
        let is_open = match &mut *self.calls() {
            Some(calls) => calls.insert(number, sender).is_none(),
            None => false,
        };
        Asked {
            wire: Arc::clone(self),
            number,
            receiver,
            is_open,
        }
    }

    /// Says what is prepared.
    ///
    /// # Errors
    ///
    /// How long it is, where that is too long.
    pub(super) fn send_call(&self, asked: &Asked, said: &impl Serialize) -> Result<(), usize> {
        let bytes = frame::write(Kind::Call, asked.number, said)?;
        if asked.is_open {
            self.send(&bytes);
        }
        Ok(())
    }

    /// Gives the other side what came of its call, or that it is too long to be said.
    pub(super) fn reply<T: Serialize>(&self, number: u64, outcome: &Outcome<T>) {
        let bytes = frame::write(Kind::Reply, number, outcome).or_else(|length| {
            let refused: Outcome<()> = Err(Refusal::long(length));
            frame::write(Kind::Reply, number, &refused)
        });
        if let Ok(bytes) = bytes {
            self.send(&bytes);
        }
    }

    /// Says that a call was refused.
    pub(super) fn refuse(&self, number: u64, refusal: Refusal) {
        self.reply(number, &Outcome::<()>::Err(refusal));
    }

    /// Says something that has no reply. What is too long is not said.
    pub(super) fn note(&self, said: &impl Serialize) {
        if let Ok(bytes) = frame::write(Kind::Note, 0, said) {
            self.send(&bytes);
        }
    }

    fn send(&self, bytes: &[u8]) {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = (&self.socket).write_all(bytes);
        drop(writing);
        if sent.is_err() {
            // Half a frame may be there: whoever reads sees the end, and tells why.
            self.close();
        }
    }

    /// Ends it for both sides.
    pub(super) fn close(&self) {
        // It may be over already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Reads until the other side is gone.
    ///
    /// # Errors
    ///
    /// [`FrameError`] where it did not end between two frames.
    pub(super) fn listen(&self, listener: &impl Listener) -> Result<(), FrameError> {
        let mut from = BufReader::with_capacity(64 << 10, &self.socket);
        while let Some(frame) = frame::read(&mut from)? {
            self.take(frame, listener);
        }
        Ok(())
    }

    fn take(&self, frame: Frame, listener: &impl Listener) {
        let Frame { kind, number, said } = frame;
        match kind {
            Kind::Call => listener.call(number, said),
            Kind::Cancel => listener.cancel(number),
            Kind::Note => listener.note(&said),
            Kind::Reply => {
                let sender = self
                    .calls()
                    .as_mut()
                    .and_then(|calls| calls.remove(&number));
                if let Some(sender) = sender {
                    // Whoever waited may have gone.
                    let _ = sender.send(said);
                }
            }
        }
    }

    /// Nothing comes any more: tells all who wait. The first to say why is believed.
    pub(super) fn end(&self, why: &str) {
        let _ = self.gone.set(Gone(why.to_owned()));
        self.close();
        // Wakers are foreign code: they are woken without the lock.
        let calls = self.calls().take();
        drop(calls);
    }

    /// Why nothing comes any more, if that is so.
    pub(super) fn gone(&self) -> Option<Gone> {
        self.gone.get().cloned()
    }

    /// How many calls wait.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.calls().as_ref().map_or(0, FxHashMap::len)
    }
}

/// A call whose reply is waited for.
pub(super) struct Asked {
    wire: Arc<Wire>,
    number: u64,
    receiver: oneshot::Receiver<Vec<u8>>,
    /// The other side works on it.
    is_open: bool,
}

impl Asked {
    /// Waits for the reply, on a thread that may block.
    pub(super) fn wait(self) -> Result<Vec<u8>, Gone> {
        wait(self, None).expect("without an end it is waited for as long as it takes")
    }

    /// The number of the call.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Future for Asked {
    type Output = Result<Vec<u8>, Gone>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let said = ready!(Pin::new(&mut self.receiver).poll(cx));
        self.is_open = false;
        Poll::Ready(said.map_err(|_| {
            let gone = self.wire.gone();
            gone.unwrap_or_else(|| Gone("ended".to_owned()))
        }))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let taken = self
            .wire
            .calls()
            .as_mut()
            .and_then(|calls| calls.remove(&self.number));
        // Its reply may be here already.
        if taken.is_some()
            && let Ok(bytes) = frame::write(Kind::Cancel, self.number, &())
        {
            self.wire.send(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, thread, time::Instant};

    /// Answers with what it is asked, but for what begins with `?`.
    struct Echo(Arc<Wire>, mpsc::SyncSender<u64>);

    impl Listener for Echo {
        fn call(&self, number: u64, said: Vec<u8>) {
            let text: String = postcard::from_bytes(&said).unwrap();
            if !text.starts_with('?') {
                self.0.reply(number, &Ok(text));
            }
        }

        fn cancel(&self, number: u64) {
            self.1.send(number).unwrap();
        }

        fn note(&self, _: &[u8]) {}
    }

    /// What nobody asks.
    struct Nobody;

    impl Listener for Nobody {
        fn call(&self, _: u64, _: Vec<u8>) {}
        fn cancel(&self, _: u64) {}
        fn note(&self, _: &[u8]) {}
    }

    fn pair() -> (Arc<Wire>, Arc<Wire>, mpsc::Receiver<u64>) {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, other) = (Wire::new(one).unwrap(), Wire::new(other).unwrap());
        let (sender, cancelled) = mpsc::sync_channel(8);
        let echo = Echo(Arc::clone(&other), sender);
        let far = Arc::clone(&other);
        thread::spawn(move || {
            let _ = far.listen(&echo);
        });
        let near = Arc::clone(&one);
        thread::spawn(move || {
            let _ = near.listen(&Nobody);
            near.end("ended in a test");
        });
        (one, other, cancelled)
    }

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(30))
    }

    #[test]
    fn replies_find_their_calls_in_any_order() {
        let (wire, _other, _) = pair();
        let late = wire.call(&"?late").unwrap();
        let calls: Vec<_> = (0..100)
            .map(|number| (number, wire.call(&format!("{number}")).unwrap()))
            .collect();
        for (number, asked) in calls.into_iter().rev() {
            let said = wait(asked, soon()).expect("in time").unwrap();
            let text: Outcome<&str> = postcard::from_bytes(&said).unwrap();
            assert_eq!(text.unwrap(), number.to_string());
        }
        assert_eq!(wire.waiting(), 1);
        drop(late);
        assert_eq!(wire.waiting(), 0);
    }

    #[test]
    fn whoever_goes_away_takes_the_call_back() {
        let (wire, _other, cancelled) = pair();
        let asked = wire.call(&"?").unwrap();
        let number = asked.number();
        drop(asked);
        assert_eq!(cancelled.recv_timeout(PATIENCE), Ok(number));
    }

    #[test]
    fn all_who_wait_are_told_of_the_end() {
        let (wire, other, _) = pair();
        let asked = wire.call(&"?").unwrap();
        other.close();
        let gone = Gone("ended in a test".to_owned());
        assert_eq!(wait(asked, soon()), Some(Err(gone.clone())));
        let after = wire.call(&"x").unwrap();
        assert_eq!(wait(after, soon()), Some(Err(gone)));
    }
}
