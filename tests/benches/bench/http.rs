//! What a plugin's route costs beside the same handler in axum, with no plugin and no host.
//!
//! Both sides are processes of their own, asked in turn over the loopback by one thread with so many
//! connections: requests per second, and how long the slowest hundredth took.

use crate::report::{Bar, Bench};
use jackfield_tests::Site;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(400);
const WARM: Duration = Duration::from_millis(300);

/// A server in a process of its own, ended with this.
struct Server {
    child: Child,
    address: SocketAddr,
    _site: Option<Site>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// The host with so many plugins of fifty routes each.
    fn host(plugins: usize) -> Self {
        let site = Site::new();
        let mut text = "[log]\nfilter = \"info\"\n".to_owned();
        for number in 0..plugins {
            let id = format!("web-{number:04}");
            site.add_patched("web", &format!("lib{id}.so"), &[("web-0000", &id)]);
            text += &format!("[plugins.{id}]\nenabled = true\n");
        }
        std::fs::write(site.root().join("jackfield.toml"), text).expect("a fresh directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
        command
            .args(["run", "--listen", "127.0.0.1:0"])
            .current_dir(site.root())
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the host is built");
        let log = child.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("://")).expect("it listens");
        let (_, address) = line.split_once("://").expect("it was found by that");
        let address = address.trim().parse().expect("an address");
        lines
            .find(|line| line.contains(" running") && line.contains(" in "))
            .expect("it starts");
        // Read on, so that it never waits for its log to be read.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            _site: Some(site),
        }
    }

    /// axum alone.
    fn axum() -> Self {
        let own = std::env::current_exe().expect("it runs from a file");
        let mut child = Command::new(own)
            .arg("--axum")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can run itself");
        let out = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says where");
        Self {
            child,
            address: line.trim().parse().expect("an address"),
            _site: None,
        }
    }
}

/// `--axum`: the same routes without a host.
pub fn serve_axum() {
    use axum::{
        Router,
        body::Bytes,
        extract::Path,
        http::header::CONTENT_TYPE,
        routing::{get, post},
    };
    let greeting = |name: String| format!("Hello, {name}!");
    let hello = move |Path(name): Path<String>| async move { greeting(name) };
    let blocking = move |Path(name): Path<String>| async move {
        let done = tokio::task::spawn_blocking(move || greeting(name)).await;
        done.expect("it does not panic")
    };
    let echo = |body: Bytes| async move { ([(CONTENT_TYPE, "application/octet-stream")], body) };
    let router = Router::new()
        .route("/web-0000/hello/{name}", get(hello))
        .route("/web-0000/blocking/{name}", get(blocking))
        .route("/web-0000/echo", post(echo));
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("it can be made").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        println!("{}", listener.local_addr().expect("it is bound"));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).await.expect("it serves");
    });
}

/// What a server gave in some time.
#[derive(Default)]
struct Load {
    requests: u64,
    /// Of each request, in microseconds.
    times: Vec<u32>,
}

fn request(method: &str, path: &str, body: usize) -> Vec<u8> {
    let length = match body {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    let mut bytes =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{length}\r\n").into_bytes();
    bytes.resize(bytes.len() + body, b'x');
    bytes
}

/// Asks for so long on all connections.
fn load(address: SocketAddr, request: &[u8], time: Duration) -> Load {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("it can be made");
    runtime.block_on(async {
        let until = Instant::now() + time;
        let mut tasks = Vec::new();
        for _ in 0..CONNECTIONS {
            let request = request.to_vec();
            tasks.push(tokio::spawn(
                async move { ask(address, &request, until).await },
            ));
        }
        let mut all = Load::default();
        for task in tasks {
            let one = task.await.expect("it does not panic");
            all.requests += one.requests;
            all.times.extend(one.times);
        }
        all
    })
}

async fn ask(address: SocketAddr, request: &[u8], until: Instant) -> Load {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("it is a socket");
    let mut load = Load::default();
    let mut buffer = vec![0; 64 << 10];
    let mut now = Instant::now();
    while now < until {
        stream.write_all(request).await.expect("it is open");
        let mut filled = 0;
        while filled == 0 || !is_whole(&buffer[..filled]) {
            let read = stream
                .read(&mut buffer[filled..])
                .await
                .expect("it is open");
            assert!(
                read > 0,
                "it was closed: {}",
                String::from_utf8_lossy(&buffer[..filled])
            );
            filled += read;
        }
        assert!(
            buffer.starts_with(b"HTTP/1.1 200 "),
            "{}",
            String::from_utf8_lossy(&buffer[..filled])
        );
        let then = std::mem::replace(&mut now, Instant::now());
        load.requests += 1;
        load.times
            .push(u32::try_from((now - then).as_micros()).unwrap_or(u32::MAX));
    }
    load
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

/// Requests per second of both sides, the medians of rounds in turn, and the slowest hundredth of all
/// requests, in microseconds.
struct Compared {
    rates: [f64; 2],
    slowest: [f64; 2],
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn compare(subject: &Server, baseline: &Server, requests: [&[u8]; 2]) -> Compared {
    let sides = [(subject, requests[0]), (baseline, requests[1])];
    let mut rates = [Vec::new(), Vec::new()];
    let mut times = [Vec::new(), Vec::new()];
    for (server, request) in sides {
        load(server.address, request, WARM);
    }
    for _ in 0..ROUNDS {
        for (side, (server, request)) in sides.iter().enumerate() {
            let began = Instant::now();
            let load = load(server.address, request, ROUND);
            rates[side].push(load.requests as f64 / began.elapsed().as_secs_f64());
            times[side].extend(load.times);
        }
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let slowest = |mut times: Vec<u32>| {
        times.sort_unstable();
        f64::from(times[times.len() * 99 / 100])
    };
    Compared {
        rates: rates.map(median),
        slowest: times.map(slowest),
    }
}

/// All rows.
pub fn measure(bench: &mut Bench) {
    if !bench.wants("http.") {
        return;
    }
    let (host, axum) = (Server::host(1), Server::axum());
    let get = request("GET", "/web-0000/hello/World", 0);
    let compared = compare(&host, &axum, [&get, &get]);
    let [subject, baseline] = compared.rates;
    let alone = subject / baseline;
    bench.ratio("http.get", "1/s", subject, baseline, Bar::Min(0.95));
    let [subject, baseline] = compared.slowest;
    bench.ratio("http.p99", "µs", subject, baseline, Bar::Max(1.3));
    let post = request("POST", "/web-0000/echo", 4096);
    let [subject, baseline] = compare(&host, &axum, [&post, &post]).rates;
    bench.ratio("http.post", "1/s", subject, baseline, Bar::Min(0.92));
    let blocking = request("GET", "/web-0000/blocking/World", 0);
    let [subject, baseline] = compare(&host, &axum, [&blocking, &blocking]).rates;
    bench.ratio("http.blocking", "1/s", subject, baseline, Bar::Min(0.95));
    let quick = request("GET", "/web-0000/quick/World", 0);
    let [subject, baseline] = compare(&host, &axum, [&quick, &get]).rates;
    bench.ratio("http.quick", "1/s", subject, baseline, Bar::None);
    drop(host);
    let many = Server::host(8);
    let last = request("GET", "/web-0007/r45/World", 0);
    let [subject, baseline] = compare(&many, &axum, [&last, &get]).rates;
    bench.ratio(
        "http.many",
        "1/s",
        subject,
        baseline,
        Bar::Min(alone - 0.02),
    );
}
