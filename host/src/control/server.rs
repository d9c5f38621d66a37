//! Listens, on a thread and a runtime of its own: a plugin that blocks every thread of the host's
//! runtime keeps no operator out.

use super::{
    Answer, Code, Desk, Refusal,
    desk::MOST_JOBS,
    lines::{Limits, Lines},
    noted::turned_away,
    place::{Place, PlaceError},
    session::{Peer, serve},
};
use std::{
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    net::{UnixListener, UnixStream},
    runtime,
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// The most clients at a time.
const MOST_CLIENTS: usize = 64;

/// How long to wait where no client can be taken, such as when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// How long clients are given to be told that the host stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// The server. Dropping it takes the socket away.
pub(crate) struct Server {
    ending: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens from now on. The caller holds the lock of the state directory.
    ///
    /// # Errors
    ///
    /// [`PlaceError`].
    pub(crate) fn open(desk: Arc<Desk>) -> Result<Self, PlaceError> {
        Self::with(desk, Limits::default())
    }

    fn with(desk: Arc<Desk>, limits: Limits) -> Result<Self, PlaceError> {
        let failed = |source| PlaceError::Make {
            path: super::place::socket(&desk.state),
            source,
        };
        let (listener, place) = Place::make(&desk.state)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(MOST_JOBS)
            .thread_name("jackfield-control")
            .build()
            .map_err(failed)?;
        let (ending, over) = watch::channel(false);
        let (end, ended) = mpsc::sync_channel(1);
        let path = super::place::socket(&desk.state);
        let body = move || {
            runtime.block_on(run(listener, desk, limits, over));
            drop(place);
            let _ = end.send(());
            // A change that hangs in a plugin is not waited for.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new()
            .name("jackfield-control".to_owned())
            .spawn(body)
            .map_err(|source| PlaceError::Make { path, source })?;
        Ok(Self {
            ending,
            ended,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // All receivers are gone where the thread is.
        let _ = self.ending.send(true);
        let ended = self.ended.recv_timeout(2 * FAREWELL);
        if let (Ok(()), Some(thread)) = (ended, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

async fn run(
    listener: std::os::unix::net::UnixListener,
    desk: Arc<Desk>,
    limits: Limits,
    mut over: watch::Receiver<bool>,
) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return log::error!("cannot listen on the control socket: {error}"),
    };
    let seats = Arc::new(Semaphore::new(MOST_CLIENTS));
    let own = over.clone();
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
            _ = over.wait_for(|over| *over) => break,
        };
        let admitted = accepted.and_then(|(stream, _)| Ok((peer(&stream)?, stream)));
        let (peer, stream) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                log::warn!("a client of the control socket was not taken: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Err(refusal) = allowed(peer) {
            turned_away(&desk, peer, &refusal);
            turn_away(&stream, refusal);
            continue;
        }
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            let text = format!("{MOST_CLIENTS} clients are connected already: end some of them");
            turn_away(&stream, Refusal::new(Code::TooMany, text));
            continue;
        };
        let (desk, over) = (Arc::clone(&desk), own.clone());
        let lines = Lines::new(stream, limits);
        clients.spawn(async move {
            serve(desk, lines, peer, over).await;
            drop(seat);
        });
    }
    drop(listener);
    let farewell = async { while clients.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

fn peer(stream: &UnixStream) -> io::Result<Peer> {
    let peer = stream.peer_cred()?;
    Ok(Peer {
        uid: peer.uid(),
        pid: peer.pid(),
    })
}

/// The socket's permissions keep others out; this is for a socket whose permissions were changed.
fn allowed(peer: Peer) -> Result<(), Refusal> {
    let own = rustix::process::geteuid().as_raw();
    if peer.uid == own || peer.uid == 0 {
        return Ok(());
    }
    let text = format!(
        "user {} may not use this socket: its host runs as user {own}",
        peer.uid
    );
    Err(Refusal::new(Code::NotAllowed, text))
}

/// Tells a client that it is not served; it has read nothing yet, so its buffer takes the line.
fn turn_away(stream: &UnixStream, refusal: Refusal) {
    // If not, it sees that nobody is there.
    let _ = stream.try_write(&Answer::Error(refusal).line());
}

#[cfg(test)]
mod tests;
