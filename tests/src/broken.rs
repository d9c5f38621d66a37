//! Libraries that are plugins by their note and do harm once they are mapped. Each is one file in
//! `tests/fixtures/broken`, of C or of Rust, compiled here.

use crate::made::note;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles `tests/fixtures/broken/<name>.c` or `.rs` into `dir`, with a note that says that it is
/// the plugin `<name>` 1.0.0, built for `target` and ABI `abi`; returns the library's path.
///
/// # Panics
///
/// When there is no such compiler, or it fails.
pub fn broken(dir: &Path, name: &str, target: &str, abi: &str) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/broken");
    let rust = sources.join(format!("{name}.rs"));
    let is_rust = rust.is_file();
    let source = if is_rust {
        rust
    } else {
        sources.join(format!("{name}.c"))
    };
    let note = note(1, manifest(name, target, abi).as_bytes());
    let library = dir.join(format!("lib{name}.so"));
    let compile = if is_rust { rustc } else { cc };
    compile(&source, &note, &library);
    library
}

fn cc(source: &Path, note: &[u8], library: &Path) {
    let include = tempfile::tempdir().expect("the temporary directory is writable");
    fs::write(include.path().join("jackfield_note.h"), header(note))
        .expect("the temporary directory is writable");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-I"])
        .arg(include.path())
        .arg("-o")
        .args([library, source])
        .status()
        .expect("there is a C compiler");
    assert!(status.success(), "cc failed on {}", source.display());
}

fn rustc(source: &Path, note: &[u8], library: &Path) {
    let include = tempfile::tempdir().expect("the temporary directory is writable");
    let file = include.path().join("note");
    fs::write(&file, note).expect("the temporary directory is writable");
    let status = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=cdylib", "--crate-name=made"])
        .arg("-o")
        .args([library, source])
        .env("JACKFIELD_TEST_NOTE", file)
        .status()
        .expect("there is a Rust compiler");
    assert!(status.success(), "rustc failed on {}", source.display());
}

fn manifest(id: &str, target: &str, abi: &str) -> String {
    format!(
        "build = {{ abi = \"{abi}\", target = \"{target}\", rustc = \"a C compiler\", \
         panic = \"unwind\", sdk = \"{abi}\" }}\nid = \"{id}\"\nversion = \"1.0.0\"\n"
    )
}

fn header(note: &[u8]) -> String {
    let mut code = String::from(
        "__attribute__((section(\".note.jackfield\"), used, aligned(4)))\n\
         static const unsigned char jackfield_note[] = {",
    );
    for byte in note {
        write!(code, "{byte},").expect("a String takes everything");
    }
    code.push_str("};\n");
    code
}
