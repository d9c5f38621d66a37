//! `cargo +nightly fuzz run note`: any bytes end in a text or an error.
#![no_main]

use jackfield_manifest::note::{Order, read};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for align in [4, 8] {
        let _ = read(bytes, Order::Little, align);
        let _ = read(bytes, Order::Big, align);
    }
});
