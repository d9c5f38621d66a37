//! What it costs to read a manifest that has been found.

use crate::report::{Bar, Bench, interleaved};
use jackfield_manifest::Manifest;
use std::hint::black_box;

/// As `export_plugin!` writes it for an ordinary plugin.
const TYPICAL: &str = r#"build = { abi = "1.0.0", target = "x86_64-unknown-linux-gnu", rustc = "rustc 1.95.0 (59807616e 2026-04-14)", panic = "unwind", sdk = "1.0.0" }
id = "recorder"
name = "Recorder"
version = "1.2.0"
description = "Writes what it hears to a file and answers queries"
authors = ["The Jackfield developers"]
license = "MIT OR Apache-2.0"
kind = "business"
priority = 40
requires = [{ plugin = "heartbeat", range = "^1" }, { plugin = "sysinfo", range = "^1", optional = true }]
config_schema = '{"type":"object","properties":{"retention_days":{"type":"integer","default":7}},"additionalProperties":false}'
"#;

const CALLS: u32 = 2000;

/// A manifest read and checked, against the `toml` crate building its tree of the same text.
pub fn measure(bench: &mut Bench) {
    if !bench.wants("manifest.parse") {
        return;
    }
    let (ours, theirs) = interleaved(
        101,
        || {
            for _ in 0..CALLS {
                black_box(Manifest::parse(black_box(TYPICAL)).expect("it is a manifest"));
            }
        },
        || {
            for _ in 0..CALLS {
                black_box(toml::de::DeTable::parse(black_box(TYPICAL)).expect("it is TOML"));
            }
        },
    );
    let each = |time: std::time::Duration| time.as_secs_f64() * 1e9 / f64::from(CALLS);
    bench.ratio("manifest.parse", "ns", each(ours), each(theirs), Bar::None);
}
