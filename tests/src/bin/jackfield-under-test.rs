//! The executable `jackfield`, built beside the tests that run it: cargo builds no other package's
//! executables for them.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackfield_host::main()
}
