//! Fuzzes the reader of notes: `scripts/test` runs it for a bounded time.
#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "the other target is another program")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    targets::note(bytes);
});
