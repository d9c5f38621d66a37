//! What a plugin's route costs beside the same handler in axum, with no plugin and no host.
//!
//! Both sides are processes of their own, asked in turn over the loopback by one thread with so many
//! connections: requests per second, and how long the slowest hundredth took.

mod baseline;
mod client;
mod host;
mod server;
mod sse;

use crate::report::{Bar, Bench};
use client::{Clients, request};
use server::Server;
use std::time::{Duration, Instant};

pub use baseline::serve_axum;

const ROUNDS: usize = 100;
const ROUND: Duration = Duration::from_millis(100);
const WARM: Duration = Duration::from_millis(300);

/// Requests per second of both sides, in that of many rounds whose ratio is the median: the machine is
/// not the same from one minute to the next, and from one round to the next it is. And the slowest
/// hundredth of all requests, in microseconds.
struct Compared {
    rates: [f64; 2],
    slowest: [f64; 2],
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn compare(subject: &Server, baseline: &Server, requests: [&[u8]; 2]) -> Compared {
    let mut sides = [subject, baseline].map(|server| Clients::connect(server.address));
    let mut times = [Vec::new(), Vec::new()];
    for (clients, request) in sides.iter_mut().zip(requests) {
        clients.load(request, WARM);
    }
    let mut rounds: Vec<[f64; 2]> = (0..ROUNDS)
        .map(|round| {
            let mut rates = [0.0; 2];
            // Each is the first as often as the other.
            for side in [round % 2, (round + 1) % 2] {
                let began = Instant::now();
                let load = sides[side].load(requests[side], ROUND);
                rates[side] = load.requests as f64 / began.elapsed().as_secs_f64();
                times[side].extend(load.times);
            }
            rates
        })
        .collect();
    rounds.sort_by(|a, b| (a[0] / a[1]).total_cmp(&(b[0] / b[1])));
    let slowest = |mut times: Vec<u32>| {
        times.sort_unstable();
        f64::from(times[times.len() * 99 / 100])
    };
    Compared {
        rates: rounds[rounds.len() / 2],
        slowest: times.map(slowest),
    }
}

/// All rows.
pub fn measure(bench: &mut Bench) {
    let rows = [
        "http.get",
        "http.p99",
        "http.alike",
        "http.post",
        "http.blocking",
        "http.quick",
        "http.many",
    ];
    if rows.iter().any(|row| bench.wants(row)) {
        requests(bench);
    }
    sse::measure(bench);
    host::measure(bench);
}

const GET: &str = "/web-0000/hello/World";

fn requests(bench: &mut Bench) {
    let (host, axum) = (Server::web(1), Server::axum());
    let get = request("GET", GET, 0);
    let compare_with = |method: &str, path: &str, body: usize, other: &str| {
        let requests = [path, other].map(|path| request(method, path, body));
        compare(&host, &axum, [&requests[0], &requests[1]])
    };
    let compared = compare_with("GET", GET, 0, GET);
    let [subject, baseline] = compared.rates;
    let alone = subject / baseline;
    bench.ratio("http.get", "1/s", subject, baseline, Bar::Min(0.95));
    let [subject, baseline] = compared.slowest;
    bench.ratio("http.p99", "µs", subject, baseline, Bar::Max(1.3));
    if bench.wants("http.alike") {
        let [subject, baseline] = compare_with("GET", GET, 0, "/web-0000/alike/World").rates;
        bench.ratio("http.alike", "1/s", subject, baseline, Bar::None);
    }
    if bench.wants("http.post") {
        let path = "/web-0000/echo";
        let [subject, baseline] = compare_with("POST", path, 4096, path).rates;
        bench.ratio("http.post", "1/s", subject, baseline, Bar::Min(0.92));
    }
    if bench.wants("http.blocking") {
        let path = "/web-0000/blocking/World";
        let [subject, baseline] = compare_with("GET", path, 0, path).rates;
        bench.ratio("http.blocking", "1/s", subject, baseline, Bar::Min(0.95));
    }
    if bench.wants("http.quick") {
        let [subject, baseline] = compare_with("GET", "/web-0000/quick/World", 0, GET).rates;
        bench.ratio("http.quick", "1/s", subject, baseline, Bar::None);
    }
    if bench.wants("http.many") {
        let many = Server::web(8);
        let last = request("GET", "/web-0007/r44/World", 0);
        let [subject, baseline] = compare(&many, &axum, [&last, &get]).rates;
        let bar = Bar::Min(((alone - 0.02) * 100.0).round() / 100.0);
        bench.ratio("http.many", "1/s", subject, baseline, bar);
    }
}
