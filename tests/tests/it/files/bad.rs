//! Does every file that is no sound plugin get its exact reason, at once and whatever it is?

use super::{Bad, elf_header};
use jackfield_loader::{Candidate, Code, Depth, Inspection, NoteState, inspect};
use jackfield_tests::made;
use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Longer than any look at a file may take.
const PROMPT: Duration = Duration::from_millis(100);

/// Looks at a path as `jackfield inspect` does; says the first reason, and what else was found.
fn look(path: &Path) -> (Code, String, Inspection) {
    look_to(path, Depth::Full)
}

/// The same, to a depth.
fn look_to(path: &Path, depth: Depth) -> (Code, String, Inspection) {
    let begin = Instant::now();
    let inspection = match Candidate::at(path) {
        Ok(candidate) => inspect(&candidate, depth).1,
        Err(unfit) => Inspection {
            reasons: vec![unfit.reason()],
            ..Inspection::default()
        },
    };
    assert!(
        begin.elapsed() < PROMPT,
        "{}: {:?}",
        path.display(),
        begin.elapsed()
    );
    let reason = inspection.reasons.first().expect("a reason").clone();
    (reason.code, reason.message, inspection)
}

fn look_at(bytes: &[u8]) -> (Code, String, Inspection) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.so");
    fs::write(&path, bytes).unwrap();
    look(&path)
}

#[track_caller]
fn refused(bytes: &[u8], code: Code, message: &str) -> Inspection {
    let (found, text, inspection) = look_at(bytes);
    assert_eq!((found, text.as_str()), (code, message));
    inspection
}

#[test]
fn a_library_cut_anywhere() {
    let bad = Bad::new();
    let bytes = fs::read(&bad.plugin).unwrap();
    let cuts = (2..=99).map(|percent| bytes.len() * percent / 100);
    let pages = (1..bytes.len().div_ceil(4096)).map(|page| page * 4096);
    for len in cuts.chain(pages) {
        for depth in [Depth::Headers, Depth::Full] {
            let path = bad.dir.path().join("cut.so");
            fs::write(&path, &bytes[..len]).unwrap();
            let (code, message, inspection) = look_to(&path, depth);
            assert_eq!(code, Code::Truncated, "cut at {len}: {message}");
            let has = format!("the file has {len}");
            assert!(message.contains(&has), "cut at {len}: {message}");
            assert_ne!(
                inspection.note,
                NoteState::Absent,
                "a plugin that is cut is still listed"
            );
        }
    }
    let (sections, size) = (super::word(&bytes, 40), bytes.len());
    let inspection = refused(
        &bytes[..size - 1],
        Code::Truncated,
        &format!(
            "the table of section headers ends at byte {}, the file has {}: copy it again",
            sections + usize::from(bytes[60]) * 64,
            size - 1
        ),
    );
    // Its note is whole, so what it says of itself is known.
    assert_eq!(inspection.manifest.unwrap().id.as_str(), "greeter");
    refused(
        &bytes[..2 * 4096],
        Code::Truncated,
        &format!(
            "segment 2 (LOAD) ends at byte {}, the file has 8192: copy it again",
            super::word(&bytes, 64 + 2 * 56 + 8) + super::word(&bytes, 64 + 2 * 56 + 32)
        ),
    );
}

#[test]
fn what_is_no_regular_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let made = Command::new("mkfifo")
        .arg(path("fifo.so"))
        .status()
        .unwrap();
    assert!(made.success());
    fs::create_dir(path("dir.so")).unwrap();
    symlink("nowhere", path("dangling.so")).unwrap();
    symlink("loop.so", path("loop.so")).unwrap();
    symlink("/dev/zero", path("device.so")).unwrap();
    let _socket = UnixListener::bind(path("socket.so")).unwrap();
    let expect = |name: &str, what: &str| {
        let (code, message, _) = look(&path(name));
        assert_eq!((code, message.as_str()), (Code::NotARegularFile, what));
    };
    let kinds = [
        ("fifo.so", "a FIFO"),
        ("dir.so", "a directory"),
        ("socket.so", "a socket"),
        ("device.so", "a device"),
    ];
    for (name, kind) in kinds {
        let message = format!("{kind}, expected a regular file: remove it from the directory");
        expect(name, &message);
    }
    expect(
        "dangling.so",
        "a symbolic link to nothing: remove it, or restore what it points to",
    );
    let (code, message, _) = look(&path("loop.so"));
    assert_eq!(code, Code::NotARegularFile);
    assert!(message.starts_with("cannot be looked at: "), "{message}");
    // In a directory, each is rejected and nothing hangs.
    let begin = Instant::now();
    let discovery = jackfield_loader::discover(&[dir.path()]);
    assert!(begin.elapsed() < PROMPT);
    assert_eq!(
        (discovery.candidates.len(), discovery.rejected.len()),
        (0, 6)
    );
}

#[test]
fn what_is_no_library() {
    refused(b"", Code::Truncated, "the file is empty: copy it again");
    let text = refused(
        b"INPUT(-lfoo)\n",
        Code::NotAPlugin,
        "no library: it begins with \"INPU\", expected an ELF header",
    );
    assert_eq!(text.note, NoteState::Absent);
    refused(
        b"\x7fELF",
        Code::Truncated,
        "the file has 4 bytes, an ELF header alone has 64: copy it again",
    );
    refused(
        b"\xff\x00\n",
        Code::NotAPlugin,
        "no library: it begins with \"\\xff\\x00\\n\", expected an ELF header",
    );
}

#[test]
fn other_machines_of_a_real_plugin() {
    let bad = Bad::new();
    for (machine, name) in [
        (183, "aarch64"),
        (243, "riscv64"),
        (21, "powerpc64"),
        (22, "s390x"),
        (258, "loongarch64"),
        (999, "ELF machine 999"),
    ] {
        let mut bytes = fs::read(&bad.plugin).unwrap();
        bytes[18..20].copy_from_slice(&u16::to_le_bytes(machine));
        let inspection = refused(
            &bytes,
            Code::WrongTarget,
            &format!("built for {name}, this host is linux x86_64: build it for this host"),
        );
        assert_eq!(inspection.note, NoteState::Present);
        assert_eq!(inspection.manifest.unwrap().id.as_str(), "greeter");
    }
}

#[test]
fn other_machines_by_their_headers_alone() {
    for (wide, big, machine, name) in [
        (true, false, 183, "aarch64"),
        (true, true, 22, "big-endian s390x"),
        (true, true, 21, "big-endian powerpc64"),
        (false, false, 40, "32-bit arm"),
        (false, false, 3, "32-bit x86"),
        (false, true, 8, "big-endian 32-bit mips"),
        (false, false, 62, "32-bit x86_64 with 32-bit pointers"),
    ] {
        let inspection = refused(
            &elf_header(wide, big, machine),
            Code::WrongTarget,
            &format!("built for {name}, this host is linux x86_64: build it for this host"),
        );
        assert_eq!(inspection.note, NoteState::Absent);
    }
}

#[test]
fn what_is_not_shared() {
    let bad = Bad::new();
    for (kind, name) in [
        (1, "an object file that is not linked"),
        (2, "an executable"),
        (4, "a core dump"),
        (77, "ELF file type 77"),
    ] {
        let mut bytes = fs::read(&bad.plugin).unwrap();
        bytes[16] = kind;
        refused(
            &bytes,
            Code::WrongTarget,
            &format!("{name}, expected a shared library: build it with crate-type cdylib"),
        );
    }
}

#[test]
fn other_systems_with_and_without_a_note() {
    let note = made::note(1, made::manifest("greeter", "1.0.0").as_bytes());
    let windows = "built for windows x86_64, this host is linux x86_64: build it for this host";
    let macos = "built for macos aarch64, this host is linux x86_64: build it for this host";
    for (file, message) in [
        (super::pe as fn(&[u8]) -> Vec<u8>, windows),
        (super::macho, macos),
    ] {
        let listed = refused(&file(&note), Code::WrongTarget, message);
        assert_eq!(listed.note, NoteState::Present);
        assert_eq!(listed.manifest.unwrap().id.as_str(), "greeter");
        assert_eq!(
            refused(&file(b""), Code::WrongTarget, message).note,
            NoteState::Absent
        );
    }
    let cut = &super::pe(&note)[..200];
    assert_eq!(look_at(cut).0, Code::WrongTarget);
    for len in 0..600 {
        look_at(&[b"MZ", &vec![0xff; len][..]].concat());
        look_at(&[&[0xcf, 0xfa, 0xed, 0xfe], &vec![0xff; len][..]].concat());
    }
}
