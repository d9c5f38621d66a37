//! Sockets, connections, and how much of both a client may have.

use super::{
    access::Tls,
    activity::{Activity, Counted, Watched},
    crowd::Crowd,
    front::Client,
    service::Service,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// Why the host cannot be reached over HTTP.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// The address cannot be had.
    #[error(
        "cannot listen on {address}: another program may have it; choose another `listen`, or stop \
         that"
    )]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// What a connection may do.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionLimits {
    /// How many there may be at a time.
    pub(crate) connections: usize,
    /// How long the headers of a request may take to come, and how long nothing may come between two
    /// requests. A quarter more, since it is looked at so often.
    pub(crate) headers: Duration,
    /// How many bytes the headers of a request may have.
    pub(crate) header_bytes: usize,
    /// How long a client may read nothing of an answer; likewise.
    pub(crate) write: Duration,
}

/// Sockets that are listened on, until this is closed.
pub(crate) struct Listening {
    addresses: Vec<SocketAddr>,
    ending: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// Ends every connection at once.
    cut: CancellationToken,
}

struct Shared {
    service: Service,
    connections: Arc<Semaphore>,
    limits: ConnectionLimits,
    tls: Option<Tls>,
    /// The host ends: set before `leave` says so.
    is_ending: AtomicBool,
    leave: CancellationToken,
    cut: CancellationToken,
}

impl Listening {
    /// Listens on all of the addresses, or on none.
    ///
    /// # Errors
    ///
    /// [`ListenError`] with the first that cannot be had.
    pub(super) fn open(
        runtime: &Handle,
        addresses: &[SocketAddr],
        service: Service,
        limits: ConnectionLimits,
        tls: Option<Tls>,
    ) -> Result<Self, ListenError> {
        let _inside = runtime.enter();
        let listeners: Vec<TcpListener> = addresses.iter().map(bind).collect::<Result<_, _>>()?;
        let cut = CancellationToken::new();
        let shared = Arc::new(Shared {
            is_ending: AtomicBool::new(false),
            leave: CancellationToken::new(),
            cut: cut.clone(),
            service,
            connections: Arc::new(Semaphore::new(limits.connections)),
            limits,
            tls,
        });
        let (ending, _) = watch::channel(false);
        let mut listening = Self {
            addresses: Vec::new(),
            ending,
            tasks: Vec::new(),
            cut,
        };
        for listener in listeners {
            listening.addresses.extend(listener.local_addr());
            let task = accept_all(listener, Arc::clone(&shared), listening.ending.subscribe());
            listening.tasks.push(runtime.spawn(task));
        }
        Ok(listening)
    }

    /// Where.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no more connections, lets the requests that are under way come to their end, and gives
    /// up on them when the time is over.
    pub(crate) async fn close(self, limit: Duration) {
        let _ = self.ending.send(true);
        let mut tasks = futures_util::future::join_all(self.tasks);
        if tokio::time::timeout(limit, &mut tasks).await.is_err() {
            self.cut.cancel();
            tasks.await;
        }
    }
}

fn bind(address: &SocketAddr) -> Result<TcpListener, ListenError> {
    let failed = |source| ListenError::Bind {
        address: *address,
        source,
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    TcpListener::from_std(listener).map_err(failed)
}

async fn accept_all(listener: TcpListener, shared: Arc<Shared>, mut ending: watch::Receiver<bool>) {
    let (builder, mut crowd) = (
        Arc::new(builder(&shared.limits)),
        Crowd::new(&shared.limits),
    );
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &shared.connections) => accepted,
            () = crowd.tend() => continue,
            _ = ending.wait_for(|ending| *ending) => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let (shared, builder) = (Arc::clone(&shared), Arc::clone(&builder));
                crowd.admit(peer, |activity| async move {
                    // A client that breaks off is no fault of the host's.
                    if let Err(error) = serve(&builder, shared, activity, stream, peer).await {
                        log::debug!("{peer}: {error}");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                // The listener itself is well.
                log::warn!("cannot take a connection: {error}");
                if is_no_room(&error) {
                    tokio::time::sleep(NO_ROOM).await;
                }
            }
        }
    }
    drop(listener);
    shared.is_ending.store(true, Relaxed);
    shared.leave.cancel();
    shared.cut.run_until_cancelled(crowd.gone()).await;
    crowd.cut().await;
}

/// Whether the system has no room for another, rather than the client gone.
fn is_no_room(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    !matches!(error.kind(), ConnectionAborted | ConnectionReset)
}

/// The next connection, once there is room for one.
async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await;
    let permit = permit.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    // One that is gone already says so when it is read.
    let _ = stream.set_nodelay(true);
    Ok((stream, peer, permit))
}

fn builder(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Who takes too long to send a request is seen by `crowd`: a timer for each request would cost as
    // much as all else that the host does about it.
    builder.http1().max_buf_size(limits.header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(100)
        .keep_alive_interval(limits.headers)
        .keep_alive_timeout(limits.headers);
    builder
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// One connection, from its first byte to its last.
async fn serve(
    builder: &auto::Builder<TokioExecutor>,
    shared: Arc<Shared>,
    activity: Arc<Activity>,
    stream: TcpStream,
    peer: SocketAddr,
) -> Result<(), Failed> {
    match &shared.tls {
        None => speak(builder, Arc::clone(&shared), activity, stream, peer).await,
        Some(tls) => {
            let shaken = TlsAcceptor::from(tls.config()).accept(stream).await?;
            speak(builder, Arc::clone(&shared), activity, shaken, peer).await
        }
    }
}

/// What the requests of a connection share.
struct Connection {
    shared: Arc<Shared>,
    client: Client,
    activity: Arc<Activity>,
}

async fn speak(
    builder: &auto::Builder<TokioExecutor>,
    shared: Arc<Shared>,
    activity: Arc<Activity>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
) -> Result<(), Failed> {
    let stream = Counted::new(TokioIo::new(stream), Arc::clone(&activity));
    let connection = Arc::new(Connection {
        shared: Arc::clone(&shared),
        client: Client::new(peer),
        activity,
    });
    let service = hyper::service::service_fn(move |request| {
        let connection = Arc::clone(&connection);
        async move {
            let open = connection.activity.begin();
            let service = &connection.shared.service;
            let reply = service.serve(&connection.client, request).await;
            Ok::<_, Infallible>(reply.map(|body| Watched::new(body, open)))
        }
    });
    let mut spoken = pin!(builder.serve_connection(stream, service));
    let mut leave = pin!(shared.leave.cancelled());
    let (mut is_listening, mut is_told) = (false, false);
    poll_fn(|cx| {
        // Asked once, so that it wakes this task when it is time; then the flag says so. It is the
        // same task throughout.
        if !is_told && (!is_listening || shared.is_ending.load(Relaxed)) {
            is_listening = true;
            if leave.as_mut().poll(cx).is_ready() {
                is_told = true;
                spoken.as_mut().graceful_shutdown();
            }
        }
        spoken.as_mut().poll(cx)
    })
    .await
}
