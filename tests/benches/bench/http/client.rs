//! One thread that asks as fast as it is answered.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    sync::Notify,
};

const CONNECTIONS: usize = 64;

/// When nothing comes for so long, no more comes of what there was.
const QUIET: Duration = Duration::from_millis(300);

/// What a server gave in some time.
#[derive(Default)]
pub struct Load {
    pub requests: u64,
    /// Of each request, in microseconds.
    pub times: Vec<u32>,
}

/// A request as it is sent, with a body of so many bytes.
pub fn request(method: &str, path: &str, body: usize) -> Vec<u8> {
    let length = match body {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    let mut bytes =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{length}\r\n").into_bytes();
    bytes.resize(bytes.len() + body, b'x');
    bytes
}

/// Those who ask one server, each on a connection that stays.
pub struct Clients {
    runtime: runtime::Runtime,
    streams: Vec<TcpStream>,
}

impl Clients {
    pub fn connect(address: SocketAddr) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("it can be made");
        let streams = runtime.block_on(async {
            let mut streams = Vec::new();
            for _ in 0..CONNECTIONS {
                streams.push(connect(address).await);
            }
            streams
        });
        Self { runtime, streams }
    }

    /// All of them ask for so long.
    pub fn load(&mut self, request: &[u8], time: Duration) -> Load {
        let until = Instant::now() + time;
        let ask = |stream| self.runtime.spawn(ask(stream, request.to_vec(), until));
        let tasks: Vec<_> = self.streams.drain(..).map(ask).collect();
        let mut all = Load::default();
        for task in tasks {
            let asked = self.runtime.block_on(task);
            let (one, stream) = asked.expect("it does not panic");
            all.requests += one.requests;
            all.times.extend(one.times);
            self.streams.push(stream);
        }
        all
    }
}

async fn ask(mut stream: TcpStream, request: Vec<u8>, until: Instant) -> (Load, TcpStream) {
    let mut load = Load::default();
    let mut buffer = vec![0; 64 << 10];
    let mut now = Instant::now();
    while now < until {
        exchange(&mut stream, &request, &mut buffer).await;
        let then = std::mem::replace(&mut now, Instant::now());
        load.requests += 1;
        load.times
            .push(u32::try_from((now - then).as_micros()).unwrap_or(u32::MAX));
    }
    (load, stream)
}

/// One request and its answer, which is good; how long that is.
pub async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) -> usize {
    stream.write_all(request).await.expect("it is open");
    let mut filled = 0;
    while filled == 0 || !is_whole(&buffer[..filled]) {
        let read = stream
            .read(&mut buffer[filled..])
            .await
            .expect("it is open");
        let there = String::from_utf8_lossy(&buffer[..filled]);
        assert!(read > 0, "it was closed: {there}");
        filled += read;
    }
    let there = &buffer[..filled];
    let is_good = there.starts_with(b"HTTP/1.1 200 ") || there.starts_with(b"HTTP/1.1 204 ");
    assert!(is_good, "{}", String::from_utf8_lossy(there));
    filled
}

/// Whether an answer with a `content-length` is all there.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(head) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return false;
    };
    let name = b"content-length: ";
    let Some(at) = memchr::memmem::find(&bytes[..head], name) else {
        return true;
    };
    let digits = bytes[at + name.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    bytes.len() >= head + 4 + length
}

/// Those who read `/events`, and somebody who has it told of something.
pub struct Readers {
    runtime: runtime::Runtime,
    teller: TcpStream,
    /// The number of events that each has read is added up here.
    read: Arc<AtomicU64>,
    more: Arc<Notify>,
    expected: u64,
    count: usize,
}

impl Readers {
    /// So many, once nothing comes any more of what there was before.
    pub fn connect(address: SocketAddr, count: usize) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("it can be made");
        let (read, more) = (Arc::<AtomicU64>::default(), Arc::<Notify>::default());
        let teller = runtime.block_on(async {
            for _ in 0..count {
                let stream = subscribe(address).await;
                tokio::spawn(listen(stream, Arc::clone(&read), Arc::clone(&more)));
            }
            connect(address).await
        });
        let mut expected = u64::MAX;
        while expected != read.load(Relaxed) {
            expected = read.load(Relaxed);
            runtime.block_on(async { tokio::time::sleep(QUIET).await });
        }
        Self {
            runtime,
            teller,
            read,
            more,
            expected,
            count,
        }
    }

    /// Asks, and waits until all have read so many more events; how many that were.
    pub fn tell(&mut self, request: &[u8], events: u64) -> u64 {
        let teller = &mut self.teller;
        self.runtime.block_on(async {
            let mut buffer = vec![0; 4 << 10];
            exchange(teller, request, &mut buffer).await;
        });
        self.expect(events)
    }

    fn expect(&mut self, events: u64) -> u64 {
        let deliveries = events * self.count as u64;
        self.expected += deliveries;
        let all = async {
            while self.read.load(Relaxed) < self.expected {
                self.more.notified().await;
            }
        };
        self.runtime.block_on(async {
            let patience = Duration::from_secs(60);
            let in_time = tokio::time::timeout(patience, all).await;
            in_time.expect("all readers get all events");
        });
        assert_eq!(self.read.load(Relaxed), self.expected, "no more than that");
        deliveries
    }
}

/// A reader whose answer has begun.
async fn subscribe(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address).await;
    let request = request("GET", "/events", 0);
    stream.write_all(&request).await.expect("it is open");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.expect("it answers");
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "it has events");
    stream
}

async fn listen(mut stream: TcpStream, read: Arc<AtomicU64>, more: Arc<Notify>) {
    const MARK: &[u8] = b"data: ";
    let (mut buffer, mut kept) = (vec![0; 16 << 10], 0);
    // It ends with its server.
    while let Ok(length @ 1..) = stream.read(&mut buffer[kept..]).await {
        let filled = kept + length;
        let events = memchr::memmem::find_iter(&buffer[..filled], MARK).count() as u64;
        // A mark may be cut in two; no whole one is counted twice.
        kept = filled.min(MARK.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
        read.fetch_add(events, Relaxed);
        more.notify_one();
    }
}

async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("it is a socket");
    stream
}
