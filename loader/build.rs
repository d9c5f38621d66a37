//! Hands the target triple to the code: a plugin built for another is refused.
#![allow(
    clippy::disallowed_methods,
    reason = "a build script is told everything by environment"
)]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").expect("cargo sets TARGET for build scripts");
    println!("cargo:rustc-env=JACKFIELD_TARGET={target}");
}
