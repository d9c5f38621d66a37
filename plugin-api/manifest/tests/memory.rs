//! Does reading a manifest stay within 16 MiB, whatever the manifest?
//!
//! Of its own, so that nothing else runs in the process whose memory is read.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use jackfield_manifest::{MAX_LEN, Manifest};
use std::fs;

/// The most memory that this process ever had, in KiB.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap()
}

#[test]
fn the_worst_texts_are_cheap() {
    let head = "id = 'a'\nversion = '1.0.0'\nx = ";
    for unit in ["1,", "{},", "[[],1.0],", "{a={}},", "\"\\n\","] {
        let mut text = format!("{head}[");
        while text.len() + unit.len() < MAX_LEN {
            text.push_str(unit);
        }
        text.push(']');
        let before = peak();
        Manifest::parse(&text).expect_err("it has no build");
        let grown = peak() - before;
        assert!(grown < 16 << 10, "{unit:?} took {grown} KiB");
    }
    let mut keys = String::new();
    for number in 0.. {
        keys.push_str(&format!("k{number}=[]\n"));
        if keys.len() > MAX_LEN - 100 {
            break;
        }
    }
    let before = peak();
    Manifest::parse(&keys).expect_err("it has no id");
    assert!(peak() - before < 16 << 10);
}
