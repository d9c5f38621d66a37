//! What a worker writes to its standard output and error, as lines of its plugin's log.

use std::{
    io::{BufRead, BufReader, Read},
    process::{ChildStderr, ChildStdout},
    thread,
};

/// A longer line is cut.
const LONGEST: u64 = 8 << 10;

/// Reads both until they end.
pub(super) fn follow(id: &str, out: Option<ChildStdout>, err: Option<ChildStderr>) {
    if let Some(out) = out {
        read(id, "stdout", out);
    }
    if let Some(err) = err {
        read(id, "stderr", err);
    }
}

fn read(id: &str, which: &'static str, from: impl Read + Send + 'static) {
    let thread = thread::Builder::new().name(format!("{which}-{id}"));
    let id = id.to_owned();
    let body = move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while let Ok(1..) = (&mut from).take(LONGEST).read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line);
            log::info!(target: &id, "{which}: {}", text.trim_end());
            line.clear();
        }
    };
    if let Err(error) = thread.spawn(body) {
        log::warn!("cannot read what a worker writes: {error}");
    }
}
