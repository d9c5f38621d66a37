//! What sessions hold, and how soon a host is ready.

use super::{
    client::{exchange, request},
    server::Server,
};
use crate::report::{Bar, Bench};
use jackfield_tests::Site;
use std::time::Instant;
use tokio::{net::TcpStream, runtime};

const SESSIONS: u64 = 10_000;

/// Memory of the host's process with ten thousand sessions of no state of their own, less that with a
/// few, by session.
#[expect(clippy::cast_precision_loss, reason = "bytes of one process")]
fn sessions(bench: &mut Bench) {
    let host = Server::web(1);
    let register = request("POST", "/web-0000/register_session", 0);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("it can be made");
    let few = SESSIONS / 100;
    let (before, after) = runtime.block_on(async {
        let mut stream = TcpStream::connect(host.address).await.expect("it listens");
        let mut buffer = vec![0; 4 << 10];
        for _ in 0..few {
            exchange(&mut stream, &register, &mut buffer).await;
        }
        let before = host.resident();
        for _ in few..SESSIONS {
            exchange(&mut stream, &register, &mut buffer).await;
        }
        (before, host.resident())
    });
    let each = (after.saturating_sub(before)) as f64 / (SESSIONS - few) as f64;
    bench.value("session.memory", "B", each, Bar::Max(1024.0));
}

const LAYERS: u64 = 5;
const WIDTH: u64 = 4;
const INITIALIZE: u64 = 10;
const START: u64 = 20;

/// Twenty plugins in five layers of four, each of which requires two of the layer before.
fn paced() -> Site {
    let site = Site::new();
    let mut text = "[log]\nfilter = \"info\"\n".to_owned();
    for number in 0..LAYERS * WIDTH {
        let id = format!("pace-{number:04}");
        let mut texts = vec![("pace-0000".to_owned(), id.clone())];
        if let Some(layer) = (number / WIDTH).checked_sub(1) {
            let needs = [number % WIDTH, (number + 1) % WIDTH];
            texts.extend(needs.iter().enumerate().map(|(at, need)| {
                let need = layer * WIDTH + need;
                (format!("need-{at:04}"), format!("pace-{need:04}"))
            }));
        }
        let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (&**a, &**b)).collect();
        site.add_patched("pace", &format!("lib{id}.so"), &texts);
        text += &format!(
            "[plugins.{id}]\nenabled = true\nconfig = {{ initialize_ms = {INITIALIZE}, start_ms = \
             {START} }}\n"
        );
    }
    std::fs::write(site.root().join("jackfield.toml"), text).expect("a fresh directory");
    site
}

/// From when its process is made to when it says that it is ready, in milliseconds.
fn ready(site: &Site) -> f64 {
    let began = Instant::now();
    let server = Server::host(site);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("it can be made").block_on(async {
        let mut stream = TcpStream::connect(server.address)
            .await
            .expect("it listens");
        let ask = request("GET", "/health/ready", 0);
        exchange(&mut stream, &ask, &mut vec![0; 4 << 10]).await;
    });
    let took = began.elapsed();
    server.stop();
    took.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
fn start(bench: &mut Bench) {
    let site = paced();
    let path = (LAYERS * (INITIALIZE + START)) as f64;
    let first = ready(&site);
    // What is known of the files after that is known at every start but the first.
    let mut times: Vec<f64> = (0..9).map(|_| ready(&site)).collect();
    times.sort_by(f64::total_cmp);
    let time = times[times.len() / 2];
    bench.ratio("host.ready", "ms", time, path, Bar::Max(1.5));
    bench.ratio("host.ready.first", "ms", first, path, Bar::None);
}

/// All rows.
pub fn measure(bench: &mut Bench) {
    if bench.wants("session.memory") {
        sessions(bench);
    }
    if bench.wants("host.ready") {
        start(bench);
    }
}
