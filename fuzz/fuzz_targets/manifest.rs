//! `cargo +nightly fuzz run manifest`: any text ends in a manifest or an error, both readers give
//! the same, and a manifest is written as it was read.
#![no_main]

use jackfield_manifest::{Manifest, readers_agree};

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert!(readers_agree(text));
    if let Ok((manifest, _)) = Manifest::parse(text) {
        let (again, _) = Manifest::parse(&manifest.to_toml()).expect("it was one");
        assert_eq!(again, manifest);
    }
});
