//! Has somebody wait for sockets and timers while a plugin blocks the thread that did.
//!
//! One thread of the runtime waits for them, and then runs what they woke; the others sleep, and none
//! is told to take its place. Where what it runs blocks, although it should not, nothing that comes is
//! seen by anybody. A task from outside the runtime wakes a thread, and with nothing more to do that
//! one waits for sockets and timers. The runtime can see to that itself, but only by what it calls
//! unstable (`enable_eager_driver_handoff`).

use std::{
    io,
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};
use tokio::{runtime::Handle, task::JoinHandle};

/// So long at most nobody waits.
const EVERY: Duration = Duration::from_millis(20);

/// Wakes threads, until it is dropped.
pub(crate) struct Relief {
    /// Nothing is sent: that it is gone is the sign.
    ending: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Relief {
    /// For that runtime.
    ///
    /// # Errors
    ///
    /// When there is no thread for it.
    pub(crate) fn begin(runtime: Handle) -> io::Result<Self> {
        let (ending, ended) = sync_channel::<()>(1);
        let body = move || {
            let mut woken: Option<JoinHandle<()>> = None;
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                // Where all threads are blocked another would only wait behind it.
                if woken.as_ref().is_none_or(|woken| woken.is_finished()) {
                    woken = Some(runtime.spawn(async {}));
                }
            }
        };
        let thread = thread::Builder::new().name("jackfield-relief".to_owned());
        Ok(Self {
            ending: Some(ending),
            thread: Some(thread.spawn(body)?),
        })
    }
}

impl Drop for Relief {
    fn drop(&mut self) {
        drop(self.ending.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, time::Instant};
    use tokio::{net::UdpSocket, runtime};

    /// Nothing here takes so long.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Waits until one thread waits for sockets, and the other for being woken.
    fn until_idle(runtime: &runtime::Runtime) {
        let (metrics, end) = (runtime.metrics(), Instant::now() + PATIENCE);
        // Odd: it has parked more often than it was woken.
        while (0..2).any(|worker| metrics.worker_park_unpark_count(worker) % 2 == 0) {
            assert!(Instant::now() < end, "they are never idle");
            thread::yield_now();
        }
    }

    #[test]
    fn sockets_are_waited_for_while_a_thread_is_blocked() {
        let mut builder = runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let relief = Relief::begin(runtime.handle().clone()).unwrap();
        let (sockets, (to, from)) = runtime.block_on(async {
            let sockets = [
                UdpSocket::bind("127.0.0.1:0").await.unwrap(),
                UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            ];
            let addresses = sockets
                .each_ref()
                .map(|socket| socket.local_addr().unwrap());
            (sockets, addresses.into())
        });
        let [blocks, answers] = sockets;
        let (began, begun) = mpsc::sync_channel(1);
        let (release, released) = mpsc::sync_channel::<()>(1);
        runtime.spawn(async move {
            blocks.recv(&mut [0]).await.unwrap();
            began.send(()).unwrap();
            // As no task should.
            let _ = released.recv();
        });
        let (done, is_done) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            answers.recv(&mut [0]).await.unwrap();
            done.send(()).unwrap();
        });
        until_idle(&runtime);
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(&[1], to).unwrap();
        begun.recv_timeout(PATIENCE).unwrap();
        sender.send_to(&[1], from).unwrap();
        is_done.recv_timeout(PATIENCE).unwrap();
        drop(release);
        drop(relief);
    }
}
