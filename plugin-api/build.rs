//! Captures what only the compiler knows and the note in every plugin says: the target and the
//! compiler's own version.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told everything by its environment"
)]

use std::{env, process::Command};

fn main() {
    let target = env::var("TARGET").expect("cargo gives a build script its TARGET");
    println!("cargo::rustc-env=JACKFIELD_TARGET={}", quotable(&target));
    println!("cargo::rustc-env=JACKFIELD_RUSTC={}", quotable(&rustc()));
    println!("cargo::rerun-if-changed=build.rs");
}

/// The first line of `rustc --version`; `unknown` where it cannot be run.
fn rustc() -> String {
    let rustc = env::var_os("RUSTC").expect("cargo gives a build script its RUSTC");
    let output = Command::new(rustc).arg("--version").output();
    let text = output.ok().and_then(|o| String::from_utf8(o.stdout).ok());
    let line = text.as_deref().and_then(|text| text.lines().next());
    line.unwrap_or("unknown").to_owned()
}

/// Without what would need an escape in a TOML string.
fn quotable(text: &str) -> String {
    let odd = |c: char| c.is_control() || c == '"' || c == '\\';
    text.replace(odd, " ")
}
