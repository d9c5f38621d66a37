//! Libraries that are plugins by their note and do harm once they are mapped. Each is one C file in
//! `tests/fixtures/broken`, compiled here.

use crate::made::note;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles `tests/fixtures/broken/<name>.c` into `dir`, with a note that says that it is the plugin
/// `<name>` 1.0.0, built for `target` and ABI `abi`; returns the library's path.
///
/// # Panics
///
/// When there is no C compiler, or it fails.
pub fn broken(dir: &Path, name: &str, target: &str, abi: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/broken")
        .join(format!("{name}.c"));
    let include = tempfile::tempdir().expect("the temporary directory is writable");
    let header = header(&note(1, manifest(name, target, abi).as_bytes()));
    fs::write(include.path().join("jackfield_note.h"), header)
        .expect("the temporary directory is writable");
    let library = dir.join(format!("lib{name}.so"));
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-I"])
        .arg(include.path())
        .arg("-o")
        .args([&library, &source])
        .status()
        .expect("there is a C compiler");
    assert!(status.success(), "cc failed on {}", source.display());
    library
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
