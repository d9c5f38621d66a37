//! What one plugin pays to use another.

use crate::report::{Bar, Bench, interleaved};
use jackfield_loader::{Handle, Loader, Options, Request};
use jackfield_tests::Site;
use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

const ROUNDS: usize = 101;
const CALLS: usize = 100_000;
const REQUESTS: usize = 10_000;
const RECORDS: usize = 1_000_000;

/// A provider, and a plugin that uses it.
struct Pair {
    teller: Handle,
    patron: Handle,
    _loader: Loader,
    _site: Site,
}

fn pair() -> Pair {
    let site = Site::new();
    site.add("teller");
    site.add("patron");
    let options = Options::new(site.plugins(), site.state());
    let loader = Loader::open(options).expect("a fresh state directory");
    loader.start();
    let plugin = |id| loader.plugin(id).expect("the fixture runs");
    Pair {
        teller: plugin("teller-0000"),
        patron: plugin("patron"),
        _loader: loader,
        _site: site,
    }
}

/// The length of the answer, which is there at the first poll.
fn ask(handle: &Handle, request: &Request<'_>) -> usize {
    let mut future = pin!(handle.request(request));
    let polled = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(answer) = polled else {
        panic!("the fixture's future is ready at once");
    };
    let answer = answer.expect("it answers");
    assert!((200..205).contains(&answer.status()), "{answer:?}");
    answer.body().len()
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn per(time: std::time::Duration, calls: usize) -> f64 {
    time.as_nanos() as f64 / calls as f64
}

/// Both loops are in the user's library, and both functions in the provider's.
fn call(bench: &mut Bench) {
    let pair = pair();
    let calls = format!("calls={CALLS}");
    let run = |path| {
        black_box(ask(
            &pair.patron,
            &Request::new("GET", path).with_query(&calls),
        ));
    };
    let (subject, baseline) = interleaved(ROUNDS, || run("/plain"), || run("/bare"));
    bench.ratio(
        "service.call",
        "ns/call",
        per(subject, CALLS),
        per(baseline, CALLS),
        Bar::Max(1.15),
    );
}

fn request(bench: &mut Bench) {
    let pair = pair();
    let (calls, body) = (format!("calls={REQUESTS}"), black_box([7_u8; 32]));
    let (subject, baseline) = interleaved(
        ROUNDS,
        || {
            let request = Request::new("GET", "/ask").with_query(&calls);
            black_box(ask(&pair.patron, &request));
        },
        || {
            for _ in 0..REQUESTS {
                let request = Request::new("GET", "/echo").with_body(black_box(&body));
                black_box(ask(&pair.teller, &request));
            }
        },
    );
    bench.ratio(
        "service.request",
        "ns/call",
        per(subject, REQUESTS),
        per(baseline, REQUESTS),
        Bar::Max(3.0),
    );
}

/// Both loops are in the plugin's library; its level is one at which such a record is dropped there.
fn log_disabled(bench: &mut Bench) {
    let pair = pair();
    let handle = &pair.patron;
    let level = handle.set_log_level(log::LevelFilter::Info);
    level.expect("the fixture runs");
    let records = format!("calls={RECORDS}");
    let run = |path| {
        let request = Request::new("GET", path).with_query(&records);
        black_box(ask(handle, &request));
    };
    let (subject, baseline) = interleaved(ROUNDS, || run("/log"), || run("/silent"));
    bench.value(
        "log.disabled",
        "ns more",
        per(subject, RECORDS) - per(baseline, RECORDS),
        Bar::Max(2.0),
    );
}

/// All rows of this module.
pub fn measure(bench: &mut Bench) {
    if bench.wants("service.call") {
        call(bench);
    }
    if bench.wants("service.request") {
        request(bench);
    }
    if bench.wants("log.disabled") {
        log_disabled(bench);
    }
}
