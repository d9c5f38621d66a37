//! Every bar of `docs/performance.md`, measured: a table on the terminal, `target/bench.json` for
//! programs. `scripts/bench [NAME…]` runs all rows, or those whose name begins with a given word.
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(unreachable_pub, dead_code, reason = "a binary of several modules")]

mod files;
mod report;

use report::Bench;

fn main() {
    let mut bench = Bench::from_args();
    files::run(&mut bench);
    bench.finish();
}
