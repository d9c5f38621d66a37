//! Real libraries with a Jackfield note, made by the C compiler: plugins for everything that looks
//! at files and runs none of them.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The embedded text of a small plugin.
///
/// # Panics
///
/// Never: writing to a `String` cannot fail.
pub fn manifest(id: &str, version: &str) -> String {
    format!(
        "build = {{ abi = \"1.0.0\", target = \"x86_64-unknown-linux-gnu\", \
         rustc = \"rustc 1.95.0 (f00ba4 2026-04-14)\", panic = \"unwind\", sdk = \"1.0.0\" }}\n\
         id = \"{id}\"\nname = \"{id}\"\nversion = \"{version}\"\n\
         description = \"Does nothing, well\"\nkind = \"business\"\n\
         requires = [{{ plugin = \"heartbeat\", range = \"^1\" }}, \
         {{ service = \"clock\", range = \"^1.2\", optional = true }}]\n"
    )
}

/// A note as it stands in a library.
///
/// # Panics
///
/// When the text has 4 GiB or more.
pub fn note(format: u32, text: &[u8]) -> Vec<u8> {
    let len = u32::try_from(text.len() + 4).expect("a manifest is short");
    let mut bytes = Vec::new();
    for word in [10, len, 1] {
        bytes.extend(u32::to_le_bytes(word));
    }
    bytes.extend(b"Jackfield\0\0\0");
    bytes.extend(format.to_le_bytes());
    bytes.extend(text);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A shared library that holds these bytes in its note section; none of it where they are empty.
///
/// # Panics
///
/// When there is no C compiler, or it fails.
pub fn build(dir: &Path, name: &str, notes: &[u8]) -> PathBuf {
    build_with_assets(dir, name, notes, b"")
}

/// The same with these bytes in its section for assets.
///
/// # Panics
///
/// When there is no C compiler, or it fails.
pub fn build_with_assets(dir: &Path, name: &str, notes: &[u8], assets: &[u8]) -> PathBuf {
    let source = dir.join(format!("{name}.c"));
    let library = dir.join(name);
    let mut code = String::from(
        "#include <stdlib.h>\n\
         static int zeros[4096];\n\
         static const char *names[] = {\"one\", \"two\"};\n\
         static __thread int calls = 3;\n\
         __attribute__((constructor)) static void begin(void) { zeros[7] = 1; }\n\
         int answer(void) { return calls++ + zeros[7] + abs(names[0][0]); }\n",
    );
    for (section, variable, bytes) in [
        (".note.jackfield", "note", notes),
        (".jackfield.assets", "assets", assets),
    ] {
        if bytes.is_empty() {
            continue;
        }
        write!(
            code,
            "__attribute__((section(\"{section}\"), used, aligned(4)))\n\
             static const unsigned char {variable}[] = {{"
        )
        .expect("a String takes everything");
        for byte in bytes {
            write!(code, "{byte},").expect("a String takes everything");
        }
        code.push_str("};\n");
    }
    fs::write(&source, code).expect("the directory can be written");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wl,-z,relro,-z,now", "-o"])
        .args([&library, &source])
        .status()
        .expect("there is a C compiler");
    assert!(status.success(), "cc failed on {}", source.display());
    fs::remove_file(&source).expect("just written");
    library
}

/// A shared library with a note of so many bytes of text, all of them zero.
///
/// # Panics
///
/// When there is no C compiler, or it fails.
pub fn build_large(dir: &Path, name: &str, len: usize) -> PathBuf {
    let source = dir.join(format!("{name}.s"));
    let library = dir.join(name);
    let code = format!(
        ".section .note.jackfield,\"a\",@note\n.long 10, {}, 1\n.asciz \"Jackfield\"\n.zero 2\n\
         .long 1\n.zero {len}\n.section .note.GNU-stack,\"\",@progbits\n",
        len + 4
    );
    fs::write(&source, code).expect("the directory can be written");
    let status = Command::new("cc")
        .args(["-shared", "-o"])
        .args([&library, &source])
        .status()
        .expect("there is a C compiler");
    assert!(status.success(), "cc failed on {}", source.display());
    library
}

/// A shared library that is a plugin by its note.
///
/// # Panics
///
/// When there is no C compiler, or it fails.
pub fn plugin(dir: &Path, name: &str, id: &str) -> PathBuf {
    build(dir, name, &note(1, manifest(id, "1.2.3").as_bytes()))
}

/// A small real cdylib, as a plugin is: Rust's standard library in it, a panic caught inside.
///
/// # Panics
///
/// When there is no Rust compiler, or it fails.
pub fn cdylib(dir: &Path, name: &str, id: &str) -> PathBuf {
    let source = dir.join(format!("{name}.rs"));
    let library = dir.join(name);
    let note = note(1, manifest(id, "1.2.3").as_bytes());
    let code = format!(
        "#[used]\n\
         #[unsafe(link_section = \".note.jackfield\")]\n\
         static NOTE: Note = Note({note:?});\n\
         #[repr(C, align(4))] struct Note([u8; {}]);\n\
         thread_local! {{ static CALLS: std::cell::RefCell<Vec<i32>> = Default::default(); }}\n\
         #[unsafe(no_mangle)]\n\
         extern \"C\" fn answer() -> i32 {{\n\
             CALLS.with_borrow_mut(|calls| calls.push(1));\n\
             std::panic::set_hook(Box::new(|_| ()));\n\
             i32::from(std::panic::catch_unwind(|| panic!(\"{{:?}}\", std::env::args())).is_err())\n\
         }}\n",
        note.len()
    );
    fs::write(&source, code).expect("the directory can be written");
    let status = Command::new("rustc")
        .args([
            "--edition=2024",
            "--crate-type=cdylib",
            "--crate-name=fixture",
        ])
        .args(["-Copt-level=s", "-Cstrip=symbols", "-o"])
        .args([&library, &source])
        .status()
        .expect("there is a Rust compiler");
    assert!(status.success(), "rustc failed on {}", source.display());
    fs::remove_file(&source).expect("just written");
    library
}
