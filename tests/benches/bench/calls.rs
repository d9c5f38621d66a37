//! What a call across the boundary costs.

use crate::report::{Bar, Bench, interleaved};
use calls_interface::{Calls_TO, CallsObject};
use jackfield_abi::abi_stable::std_types::RBox;
use jackfield_loader::{Handle, Loader, Options, Request};
use jackfield_tests::{Site, library};
use std::{
    env,
    future::Future,
    hint::black_box,
    pin::{Pin, pin},
    process::Command,
    task::{Context, Poll, Waker},
};

/// Polls a future where it lies; an executor's task does not move it either.
macro_rules! poll_once {
    ($future:expr) => {{
        let mut future = pin!($future);
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("the fixture's future is ready at once"),
        }
    }};
}

const ROUNDS: usize = 101;
const CALLS: usize = 20_000;

/// The fixture's functions; the library stays mapped for ever.
struct Fixture {
    raw_add: extern "C" fn(u64) -> u64,
    object: Calls_TO<'static, RBox<()>>,
}

#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a benchmark of bare pointers loads them itself"
)]
fn fixture() -> Fixture {
    // SAFETY: the fixture has no constructors, and both symbols have these types in its source.
    unsafe {
        let library = Box::leak(Box::new(
            libloading::Library::new(library("calls")).expect("the fixture loads"),
        ));
        let make = library
            .get::<extern "C" fn() -> CallsObject>(b"calls_object\0")
            .expect("it is exported");
        let raw_add = *library
            .get::<extern "C" fn(u64) -> u64>(b"raw_add\0")
            .expect("it is exported");
        Fixture {
            raw_add,
            object: make(),
        }
    }
}

/// The loop that is counted; run in a process of its own under callgrind.
pub fn counted(side: &str, calls: u64) {
    if side == "request" {
        let (_site, _loader, handle) = door();
        let body = black_box([7_u8; 32]);
        for _ in 0..calls {
            let request = Request::new("GET", "/echo").with_body(black_box(&body));
            black_box(
                poll_once!(handle.request(&request))
                    .expect("it answers")
                    .body(),
            );
        }
        return;
    }
    let Fixture { raw_add, object } = fixture();
    let mut sum = 0_u64;
    match side {
        "raw" => {
            for value in 0..calls {
                sum = sum.wrapping_add(raw_add(black_box(value)));
            }
        }
        _ => {
            for value in 0..calls {
                sum = sum.wrapping_add(object.add(black_box(value)));
            }
        }
    }
    black_box(sum);
}

fn instructions(side: &str, calls: u64) -> Option<u64> {
    let exe = env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(exe)
        .args(["--counted-calls", side, &calls.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.trim().parse().ok()
}

/// Instructions of one call, by the difference of two loops.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn per_call(side: &str) -> Option<f64> {
    let (few, many) = (instructions(side, 10_000)?, instructions(side, 110_000)?);
    Some(many.checked_sub(few)? as f64 / 100_000.0)
}

trait Local {
    fn copy(&self, bytes: &[u8]) -> Vec<u8>;
}

struct Plain;

impl Local for Plain {
    #[inline(never)]
    fn copy(&self, bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }
}

fn object(bench: &mut Bench) {
    let Fixture { object, .. } = fixture();
    let local: Box<dyn Local> = black_box(Box::new(Plain));
    let bytes = black_box([7_u8; 32]);
    let (subject, baseline) = interleaved(
        ROUNDS,
        || {
            for _ in 0..CALLS {
                black_box(object.copy(black_box(&bytes[..]).into()));
            }
        },
        || {
            for _ in 0..CALLS {
                black_box(local.copy(black_box(&bytes[..])));
            }
        },
    );
    bench.ratio(
        "call.object",
        "ns/call",
        per(subject, CALLS),
        per(baseline, CALLS),
        Bar::Max(1.10),
    );
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn per(time: std::time::Duration, calls: usize) -> f64 {
    time.as_nanos() as f64 / calls as f64
}

/// The request door's own shape in plain Rust.
type Door = Box<
    dyn for<'a> Fn(
        Plainly<'a>,
    )
        -> Pin<Box<dyn Future<Output = Result<(u16, Vec<u8>), String>> + Send + 'a>>,
>;

struct Plainly<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a [u8],
}

fn door() -> (Site, Loader, Handle) {
    let site = Site::new();
    site.add("door");
    let options = Options::new(site.plugins(), site.state());
    let loader = Loader::open(options).expect("a fresh state directory");
    loader.start();
    let handle = loader.plugin("door").expect("the fixture runs");
    (site, loader, handle)
}

fn request(bench: &mut Bench) {
    let (_site, _loader, handle) = door();
    let plain: Door = black_box(Box::new(|request| {
        Box::pin(async move {
            black_box((request.method, request.path));
            Ok((200, request.body.to_vec()))
        })
    }));
    let body = black_box([7_u8; 32]);
    let (subject, baseline) = interleaved(
        ROUNDS,
        || {
            for _ in 0..CALLS {
                let request = Request::new("GET", "/echo").with_body(black_box(&body));
                let answer = poll_once!(handle.request(&request)).expect("it answers");
                black_box(answer.body());
            }
        },
        || {
            for _ in 0..CALLS {
                let request = Plainly {
                    method: "GET",
                    path: "/echo",
                    body: black_box(&body),
                };
                let answer = poll_once!(plain(request)).expect("it answers");
                black_box(answer.1.as_slice());
            }
        },
    );
    bench.ratio(
        "call.request",
        "ns/call",
        per(subject, CALLS),
        per(baseline, CALLS),
        Bar::Max(2.0),
    );
}

/// All rows of this module.
pub fn measure(bench: &mut Bench) {
    if bench.wants("call.instructions") {
        match (per_call("object"), per_call("raw")) {
            (Some(object), Some(raw)) => {
                bench.value(
                    "call.instructions",
                    "instr. more",
                    object - raw,
                    Bar::Max(15.0),
                );
            }
            _ => println!("call.instructions: skipped, valgrind is not installed"),
        }
    }
    if bench.wants("call.object") {
        object(bench);
    }
    if bench.wants("call.request") {
        request(bench);
    }
}
