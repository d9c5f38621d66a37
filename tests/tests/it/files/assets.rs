//! Is a module that is not what the manifest says refused before the library is mapped, with its exact
//! reason?

use super::word;
use jackfield_loader::{Candidate, Code, Depth, Inspection, inspect};
use jackfield_tests::{Site, made};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

const MODULE: &[u8] = b"export const name = \"greeter\";\n";
const SECTION: &str = ".jackfield.assets";

fn digits(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The note of a plugin that tells of a module of that length and hash.
fn note(length: usize, hash: &str) -> Vec<u8> {
    let text = made::manifest("greeter", "1.0.0");
    let text = format!("{text}ui_module = {{ length = {length}, sha256 = \"{hash}\" }}\n");
    made::note(1, text.as_bytes())
}

fn look(path: &Path, depth: Depth) -> Inspection {
    inspect(&Candidate::at(path).unwrap(), depth).1
}

/// What is wrong when the file is looked at in full; a scan sees none of it.
#[track_caller]
fn refused(path: &Path) -> String {
    let scanned = look(path, Depth::Headers);
    assert_eq!(scanned.reasons, []);
    let inspection = look(path, Depth::Full);
    let [reason] = &*inspection.reasons else {
        panic!("{inspection:?}");
    };
    assert_eq!(reason.code, Code::Truncated);
    // What it says of itself is known all the same.
    assert!(inspection.manifest.is_some());
    reason.message.clone()
}

/// A library with that note, and with those assets; why it is refused.
#[track_caller]
fn refused_with(note: &[u8], assets: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    refused(&made::build_with_assets(dir.path(), "x.so", note, assets))
}

#[test]
fn one_that_is_as_the_manifest_says() {
    let dir = tempfile::tempdir().unwrap();
    let note = note(MODULE.len(), &digits(MODULE));
    // What follows it in the section is of no concern.
    for more in [&b""[..], b"\0\0\0", b"something else"] {
        let assets = [MODULE, more].concat();
        let path = made::build_with_assets(dir.path(), "x.so", &note, &assets);
        let inspection = look(&path, Depth::Full);
        assert_eq!(inspection.reasons, []);
        let module = inspection.manifest.unwrap().ui_module.unwrap();
        assert_eq!(
            (module.length as usize, module.digits()),
            (MODULE.len(), digits(MODULE))
        );
    }
}

#[test]
fn one_that_is_missing() {
    assert_eq!(
        refused_with(&note(MODULE.len(), &digits(MODULE)), b""),
        "damaged: no section for assets, expected one that begins with the 31 bytes of ui_module: \
         build or copy it again"
    );
}

#[test]
fn one_that_is_cut() {
    let cut = &MODULE[..MODULE.len() - 1];
    assert_eq!(
        refused_with(&note(MODULE.len(), &digits(MODULE)), cut)
            .split(", within")
            .next(),
        Some("damaged: section .jackfield.assets has 30 bytes, expected the 31 of ui_module")
    );
    assert_eq!(
        refused_with(&note(cut.len(), &digits(MODULE)), MODULE),
        format!(
            "damaged: ui_module in section .jackfield.assets has SHA-256 {}, the manifest says {}: \
             build or copy it again",
            digits(cut),
            digits(MODULE)
        )
    );
}

#[test]
fn one_that_is_no_text() {
    let odd = b"export \xff";
    assert_eq!(
        refused_with(&note(odd.len(), &digits(odd)), odd),
        "damaged: ui_module is not UTF-8 at byte 7: build or copy it again"
    );
}

/// Where the section header of the assets lies.
fn header(bytes: &[u8]) -> usize {
    let (begin, names) = (
        word(bytes, 40),
        usize::from(bytes[62]) | usize::from(bytes[63]) << 8,
    );
    let names = word(bytes, begin + names * 64 + 24);
    let count = usize::from(bytes[60]) | usize::from(bytes[61]) << 8;
    (0..count)
        .map(|index| begin + index * 64)
        .find(|&at| {
            let name = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            bytes[names + name as usize..].starts_with(SECTION.as_bytes())
        })
        .unwrap()
}

#[test]
fn one_of_a_real_plugin_that_is_damaged() {
    let site = Site::new();
    let path = site.add("simulator");
    assert_eq!(look(&path, Depth::Full).reasons, []);
    let sound = fs::read(&path).unwrap();
    let at = header(&sound);
    let (offset, size) = (word(&sound, at + 24), word(&sound, at + 32));
    let module = &sound[offset..offset + size];
    let hash = digits(module);

    let spoil = |spoil: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        spoil(&mut bytes);
        fs::write(&path, bytes).unwrap();
        refused(&path)
    };
    for bit in [0, size * 4 + 3, size * 8 - 1] {
        let mut flipped = module.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            spoil(&|bytes| bytes[offset..offset + size].copy_from_slice(&flipped)),
            format!(
                "damaged: ui_module in section {SECTION} has SHA-256 {}, the manifest says {hash}: \
                 build or copy it again",
                digits(&flipped)
            )
        );
    }
    let less = u64::try_from(size - 1).unwrap().to_le_bytes();
    assert_eq!(
        spoil(&|bytes| bytes[at + 32..at + 40].copy_from_slice(&less)),
        format!(
            "damaged: section {SECTION} has {} bytes, expected the {size} of ui_module, within the {} \
             of the file: build or copy it again",
            size - 1,
            sound.len()
        )
    );
    let text = format!("\0{SECTION}\0");
    let name = memchr::memmem::rfind(&sound, text.as_bytes()).unwrap();
    assert_eq!(
        spoil(&|bytes| bytes[name + 1] = b'_'),
        format!(
            "damaged: no section for assets, expected one that begins with the {size} bytes of \
             ui_module: build or copy it again"
        )
    );
}

#[test]
fn random_bits_in_the_section_and_its_header_end_in_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let note = note(MODULE.len(), &digits(MODULE));
    let path = made::build_with_assets(dir.path(), "x.so", &note, MODULE);
    let sound = fs::read(&path).unwrap();
    let at = header(&sound);
    let offset = word(&sound, at + 24);
    let mut refused = 0;
    for bit in (offset * 8..(offset + MODULE.len()) * 8).chain(at * 8..(at + 64) * 8) {
        let mut flipped = sound.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        let is_module = bit / 8 < at;
        let is_refused = !look(&path, Depth::Full).reasons.is_empty();
        assert!(is_refused || !is_module, "bit {bit}");
        refused += usize::from(is_refused);
    }
    // Of the header, what nobody reads may be anything.
    assert!(refused > (MODULE.len() + 24) * 8, "{refused}");
}
