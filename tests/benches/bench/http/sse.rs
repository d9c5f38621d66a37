//! What an event costs on its way to a thousand readers, beside axum's own `Sse` over a channel of
//! tokio's.
//!
//! A plugin tells of something; the time runs until every reader has it. The events of a burst are told
//! in one call.

use super::{
    client::{Readers, request},
    server::Server,
};
use crate::report::{Bar, Bench};
use std::time::{Duration, Instant};

const READERS: usize = 1000;
const ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_millis(500);

/// Deliveries per second of both sides, the medians of rounds in turn.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn compare(sides: &mut [Readers; 2], burst: u64) -> [f64; 2] {
    let path = format!("/web-0000/tell/{burst}");
    let tell = request("POST", &path, 0);
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (readers, rates) in sides.iter_mut().zip(&mut rates) {
            let (began, mut deliveries) = (Instant::now(), 0);
            while began.elapsed() < ROUND {
                deliveries += readers.tell(&tell, burst);
            }
            rates.push(deliveries as f64 / began.elapsed().as_secs_f64());
        }
    }
    rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    })
}

/// All rows.
pub fn measure(bench: &mut Bench) {
    if !bench.wants("sse.") {
        return;
    }
    let (host, axum) = (Server::web(1), Server::axum());
    let mut sides = [&host, &axum].map(|server| Readers::connect(server.address, READERS));
    let [subject, baseline] = compare(&mut sides, 1);
    bench.ratio("sse.fanout", "1/s", subject, baseline, Bar::Min(1.1));
    let [subject, baseline] = compare(&mut sides, 64);
    bench.ratio("sse.burst", "1/s", subject, baseline, Bar::Min(2.0));
}
