//! The executable `jackfield`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackfield_host::main()
}
