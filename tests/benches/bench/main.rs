//! Every bar of `docs/performance.md`, measured: a table on the terminal, `target/bench.json` for
//! programs. `scripts/bench [NAME…]` runs all rows, or those whose name begins with a given word.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(unreachable_pub, dead_code, reason = "a binary of several modules")]

mod bus;
mod calls;
mod files;
mod health;
mod http;
mod load;
mod manifest;
mod report;
mod resolve;
mod services;
mod storage;

use report::Bench;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, side, calls] = &arguments[..]
        && flag == "--counted-calls"
    {
        return calls::counted(side, calls.parse().expect("a number of calls"));
    }
    if let [_, flag, side, root] = &arguments[..]
        && flag == "--load-child"
    {
        return load::child(side, root);
    }
    if let [_, flag] = &arguments[..]
        && flag == "--axum"
    {
        return http::serve_axum();
    }
    let mut bench = Bench::from_args();
    calls::measure(&mut bench);
    manifest::measure(&mut bench);
    load::measure(&mut bench);
    resolve::run(&mut bench);
    services::measure(&mut bench);
    bus::measure(&mut bench);
    files::measure(&mut bench);
    storage::measure(&mut bench);
    health::measure(&mut bench);
    http::measure(&mut bench);
    bench.finish();
}
