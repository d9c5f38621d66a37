//! Does a bad note, or a bad manifest in it, get its exact reason and stay listed?

use super::{Bad, allocation};
use jackfield_loader::{Candidate, Code, Depth, Inspection, NoteState, inspect};
use jackfield_tests::made;
use rustix::time::{ClockId, clock_gettime};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

fn look(path: &Path, depth: Depth) -> Inspection {
    inspect(&Candidate::at(path).unwrap(), depth).1
}

#[track_caller]
fn refused(notes: &[u8], message: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = made::build(dir.path(), "x.so", notes);
    for depth in [Depth::Headers, Depth::Full] {
        let inspection = look(&path, depth);
        assert_eq!(inspection.note, NoteState::Present);
        let found: Vec<_> = inspection
            .reasons
            .iter()
            .map(|r| (r.code, r.message.as_str()))
            .collect();
        assert_eq!(found, [(Code::InvalidManifest, message)]);
    }
}

#[test]
fn a_note_that_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = made::build(dir.path(), "x.so", b"");
    let inspection = look(&path, Depth::Headers);
    assert_eq!(inspection.note, NoteState::Absent);
    assert_eq!(inspection.reasons[0].code, Code::NotAPlugin);
    assert_eq!(
        inspection.reasons[0].message,
        "holds no Jackfield note: no plugin, or built without export_plugin!"
    );
}

#[test]
fn a_note_that_is_broken() {
    let text = made::manifest("greeter", "1.0.0");
    let good = made::note(1, text.as_bytes());
    refused(
        &[&good[..], &good].concat(),
        "two Jackfield notes, expected one: call export_plugin! once",
    );
    refused(
        &made::note(99, text.as_bytes()),
        "note format version 99, expected 1: update the host",
    );
    refused(
        &made::note(1, b"id = \"\xff\""),
        "the manifest is not UTF-8 at byte 6: build or copy the plugin again",
    );
    refused(
        &made::note(1, b"id = \"a\0\""),
        "the manifest has a NUL at byte 7: build or copy the plugin again",
    );
}

#[test]
fn an_id_that_is_none() {
    let character = |id: &str, what: &str, at: usize| {
        format!(
            "id: `{id}` is no id: '{what}' at byte {at} is not allowed: an id matches \
             [A-Za-z0-9_][A-Za-z0-9_.-]*"
        )
    };
    for (id, message) in [
        (
            "a..b",
            "id: `a..b` is no id: `..` is not allowed".to_owned(),
        ),
        ("..", character("..", ".", 0)),
        ("../etc", character("../etc", ".", 0)),
        ("a/b", character("a/b", "/", 1)),
        ("/etc", character("/etc", "/", 0)),
        ("a b", character("a b", " ", 1)),
        (" ", character(" ", " ", 0)),
        ("", "id: an id must not be empty".to_owned()),
        (
            "plugins",
            "id: `plugins` is reserved for the host: choose another id".to_owned(),
        ),
    ] {
        let text = made::manifest("greeter", "1.0.0");
        let text = text.replace("id = \"greeter\"", &format!("id = \"{id}\""));
        refused(&made::note(1, text.as_bytes()), &message);
    }
}

#[test]
fn a_key_that_nobody_knows_is_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let text = made::manifest("greeter", "1.0.0") + "colour = \"red\"\n";
    let path = made::build(dir.path(), "x.so", &made::note(1, text.as_bytes()));
    let inspection = look(&path, Depth::Full);
    assert_eq!(inspection.reasons, []);
    assert_eq!(
        inspection.warnings,
        ["colour: unknown key, passed over: the plugin may be built with a newer SDK"]
    );
}

/// What the note's header says is longer than the segment of notes.
#[test]
fn a_note_that_is_longer_than_its_segment() {
    let bad = Bad::new();
    let mut bytes = fs::read(&bad.plugin).unwrap();
    let at = memchr::memmem::find(&bytes, b"Jackfield\0").unwrap() - 12;
    bytes[at + 4..at + 8].copy_from_slice(&500_000_u32.to_le_bytes());
    fs::write(&bad.plugin, &bytes).unwrap();
    let reason = look(&bad.plugin, Depth::Headers).reasons.remove(0);
    assert_eq!(reason.code, Code::InvalidManifest);
    assert!(
        reason.message.starts_with("the note ends at byte 500"),
        "{}",
        reason.message
    );
}

/// The program header of the notes ends after the file.
#[test]
fn a_segment_of_notes_that_is_longer_than_the_file() {
    let bad = Bad::new();
    let mut bytes = fs::read(&bad.plugin).unwrap();
    let notes = (0..usize::from(bytes[56]))
        .map(|index| 64 + index * 56)
        .filter(|&at| bytes[at] == 4);
    for at in notes.collect::<Vec<_>>() {
        bytes[at + 36] = 1;
    }
    fs::write(&bad.plugin, &bytes).unwrap();
    let inspection = look(&bad.plugin, Depth::Headers);
    assert_eq!(inspection.reasons[0].code, Code::Truncated);
    assert!(
        inspection.reasons[0]
            .message
            .contains("(NOTE) ends at byte 42949")
    );
    assert_ne!(inspection.note, NoteState::Absent);
}

#[test]
fn a_note_of_ten_megabytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = made::build_large(dir.path(), "x.so", 10 << 20);
    let begin = Instant::now();
    let (inspection, peak) = allocation::peak(|| look(&path, Depth::Headers));
    assert!(begin.elapsed().as_millis() < 100);
    assert!(peak < 16 << 20, "{peak} bytes");
    assert_eq!(inspection.note, NoteState::Present);
    assert_eq!(
        inspection.reasons[0].message,
        "the manifest has 10485760 bytes, at most 1048576 are allowed: keep large files out of it"
    );
}

/// How long this thread has computed: thousands of looks, of which a busy machine may delay one.
fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

#[test]
fn random_bits_in_headers_and_note() {
    let bad = Bad::new();
    let bytes = fs::read(&bad.plugin).unwrap();
    let note = memchr::memmem::find(&bytes, b"Jackfield\0").unwrap() - 12;
    let headers = 64 + usize::from(bytes[56]) * 56;
    let mut random = super::numbers();
    let path = bad.dir.path().join("flipped.so");
    for round in 0..2_000 {
        let mut flipped = bytes.clone();
        for _ in 0..=random(4) {
            let at = if round % 2 == 0 {
                random(headers)
            } else {
                note + random(600)
            };
            flipped[at] ^= 1 << random(8);
        }
        fs::write(&path, &flipped).unwrap();
        for depth in [Depth::Headers, Depth::Full] {
            let candidate = Candidate::at(&path).unwrap();
            let begin = own_time();
            let (_, peak) = allocation::peak(|| inspect(&candidate, depth));
            assert!(peak < 16 << 20, "{peak} bytes in round {round}");
            let took = own_time() - begin;
            assert!(took.as_millis() < 100, "{took:?} in round {round}");
        }
    }
}
