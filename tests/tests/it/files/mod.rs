//! Does a file get from a directory into the store, or get an exact reason why not?
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod allocation;
mod assets;
mod bad;
mod flips;
mod notes;
mod remembered;
mod replaced;
mod sound;
mod swapped;
mod together;
mod trusted;
mod walk;

use jackfield_tests::made;
use std::path::PathBuf;
use tempfile::TempDir;

/// A sound plugin, to be spoiled.
struct Bad {
    dir: TempDir,
    plugin: PathBuf,
}

impl Bad {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let plugin = made::plugin(dir.path(), "libgreeter.so", "greeter");
        Self { dir, plugin }
    }
}

/// Numbers in an order that looks random and is always the same.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |limit| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    }
}

fn word(bytes: &[u8], at: usize) -> usize {
    let word = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    usize::try_from(word).unwrap()
}

fn half(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
}

/// An ELF header of a shared library with one program header, of type `LOAD`, and nothing else.
fn elf_header(wide: bool, big: bool, machine: u16) -> Vec<u8> {
    let (header, entry) = if wide { (64, 56) } else { (52, 32) };
    let mut bytes = vec![0; header + entry];
    bytes[..7].copy_from_slice(&[
        0x7f,
        b'E',
        b'L',
        b'F',
        1 + u8::from(wide),
        1 + u8::from(big),
        1,
    ]);
    let mut put = |at: usize, value: u16| {
        let half = if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        bytes[at..at + 2].copy_from_slice(&half);
    };
    let number = |value: usize| u16::try_from(value).unwrap();
    let counts = if wide { 52 } else { 40 };
    put(16, 3);
    put(18, machine);
    // The low half of a number stands last where the high one stands first.
    let low = |at: usize, size: usize| if big { at + size - 2 } else { at };
    put(low(20, 4), 1);
    put(if wide { low(32, 8) } else { low(28, 4) }, number(header));
    put(counts, number(header));
    put(counts + 2, number(entry));
    put(counts + 4, 1);
    put(low(header, 4), 1);
    bytes
}

/// A PE library for x86_64 with one section, the note's where there is one.
fn pe(note: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 0x200];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &0x40_u32.to_le_bytes());
    put(0x40, b"PE\0\0");
    put(0x44, &0x8664_u16.to_le_bytes());
    put(0x46, &1_u16.to_le_bytes());
    put(0x54, &240_u16.to_le_bytes());
    put(0x56, &0x2022_u16.to_le_bytes());
    put(0x58, &0x20b_u16.to_le_bytes());
    put(0x58 + 108, &16_u32.to_le_bytes());
    let section = 0x58 + 240;
    let len = u32::try_from(note.len()).unwrap();
    put(
        section,
        if note.is_empty() {
            b".text\0\0\0"
        } else {
            b".jackfld"
        },
    );
    put(section + 8, &len.to_le_bytes());
    put(section + 16, &len.to_le_bytes());
    put(section + 20, &0x200_u32.to_le_bytes());
    bytes.extend(note);
    bytes
}

/// A Mach-O library for aarch64 with one section, the note's where there is one.
fn macho(note: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 0x200];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    for (index, word) in [
        0xfeed_facf,
        0x0100_000c,
        0,
        6,
        1,
        72 + 80,
        0,
        0,
        0x19,
        72 + 80,
    ]
    .into_iter()
    .enumerate()
    {
        put(index * 4, &u32::to_le_bytes(word));
    }
    let len = note.len() as u64;
    put(40, b"__TEXT");
    put(32 + 48, &(0x200 + len).to_le_bytes());
    put(32 + 64, &1_u32.to_le_bytes());
    put(
        104,
        if note.is_empty() {
            b"__text"
        } else {
            b"__jackfield"
        },
    );
    put(120, b"__TEXT");
    put(104 + 40, &len.to_le_bytes());
    put(104 + 48, &0x200_u32.to_le_bytes());
    bytes.extend(note);
    bytes
}
