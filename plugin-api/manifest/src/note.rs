//! The note that carries a manifest inside a library, read from bytes: no copy, no panic, one pass.
//!
//! An ELF note is `u32` length of the owner, `u32` length of the description, `u32` type, the
//! owner with its NUL, and the description, each of the last two padded to the alignment (System V
//! ABI, "Note Section"). Ours: owner `Jackfield`, type 1, description = `u32` little-endian format
//! version, then TOML to the end. On Mach-O and PE the same bytes stand in a section of their own.

/// The owner, with its NUL.
pub const OWNER: &[u8; 10] = b"Jackfield\0";
/// The type of the note that holds the manifest.
pub const KIND: u32 = 1;
/// The version of the description's format that this crate reads.
pub const FORMAT: u32 = 1;
/// The longest manifest, in bytes of TOML.
pub const MAX_LEN: usize = 1 << 20;
/// The section on ELF.
pub const ELF_SECTION: &str = ".note.jackfield";
/// The section on Mach-O, in segment `__TEXT`.
pub const MACHO_SECTION: &str = "__jackfield";
/// The section on PE.
pub const PE_SECTION: &str = ".jackfld";

/// The section for what is large, on ELF: it begins with the module that the manifest tells of.
pub const ELF_ASSETS: &str = ".jackfield.assets";
/// The same on Mach-O, in segment `__DATA`.
pub const MACHO_ASSETS: &str = "__jfassets";
/// The same on PE.
pub const PE_ASSETS: &str = ".jfasset";

/// Length of a note's header, in bytes: three `u32`.
const HEADER: usize = 12;
/// Length of the format version before the text.
const VERSION: usize = 4;

/// The byte order of a note's header, which is that of its library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl Order {
    /// The order of the machine that this runs on.
    pub const HOST: Self = if cfg!(target_endian = "big") {
        Self::Big
    } else {
        Self::Little
    };

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = bytes.get(at..)?.first_chunk::<4>()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(*word),
            Self::Big => u32::from_be_bytes(*word),
        })
    }
}

/// What is wrong with a Jackfield note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The note ends after the bytes that hold it.
    #[error(
        "the note ends at byte {end} of its segment, which has {len}: build or copy the plugin again"
    )]
    Truncated {
        /// Where it should end, in bytes from the beginning of what was read.
        end: u64,
        /// How many bytes there are.
        len: u64,
    },
    /// Another note is so broken that ours cannot be found by its rules, though it is there.
    #[error(
        "a Jackfield note stands behind a broken note at byte {at}: build or copy the plugin again"
    )]
    Unreachable {
        /// Where the broken one begins.
        at: usize,
    },
    /// More than one.
    #[error("two Jackfield notes, expected one: call export_plugin! once")]
    Doubled,
    /// Made for another reader.
    #[error("note format version {found}, expected {FORMAT}: {}", if *found > FORMAT { "update the host" } else { "rebuild the plugin" })]
    Format {
        /// Its version.
        found: u32,
    },
    /// Too short for a format version.
    #[error(
        "the note's description has {len} bytes, expected at least {VERSION}: build or copy the plugin again"
    )]
    Short {
        /// How many bytes it has.
        len: usize,
    },
    /// Longer than [`MAX_LEN`].
    #[error(
        "the manifest has {len} bytes, at most {MAX_LEN} are allowed: keep large files out of it"
    )]
    TooLong {
        /// How many bytes it has.
        len: u64,
    },
    /// Not text.
    #[error("the manifest is not UTF-8 at byte {at}: build or copy the plugin again")]
    NotUtf8 {
        /// Where, in bytes from the beginning of the text.
        at: usize,
    },
    /// Text with a NUL in it.
    #[error("the manifest has a NUL at byte {at}: build or copy the plugin again")]
    Nul {
        /// Where, in bytes from the beginning of the text.
        at: usize,
    },
}

/// The text of the one Jackfield note among `notes`, the bytes of a `PT_NOTE` segment or of a note
/// section; `None` where there is none. `align` is the alignment of the segment: 8, or anything
/// else for 4.
///
/// # Errors
///
/// [`NoteError`], only about a Jackfield note: other notes may be as broken as they like, unless
/// they hide one.
pub fn read(notes: &[u8], order: Order, align: u64) -> Result<Option<&str>, NoteError> {
    let Some((description, end)) = find(notes, 0, order, align)? else {
        return Ok(None);
    };
    if let Ok(None) = find(notes, end, order, align) {
        return text(description).map(Some);
    }
    Err(NoteError::Doubled)
}

/// The next Jackfield note's description from byte `at` on, and where the note after it begins.
fn find(
    notes: &[u8],
    mut at: usize,
    order: Order,
    align: u64,
) -> Result<Option<(&[u8], usize)>, NoteError> {
    while let Some(rest) = notes.get(at..).filter(|rest| rest.len() >= HEADER) {
        let raw = Raw::read(rest, order, align).ok_or(NoteError::Unreachable { at })?;
        if raw.is_ours(rest) {
            let range = raw.check(at, notes.len())?;
            let end = range.end.next_multiple_of(raw.align).min(notes.len());
            return Ok(Some((&notes[range], end)));
        }
        match usize::try_from(raw.end) {
            Ok(len) if len <= rest.len() => at += len,
            _ => return hidden(rest, at),
        }
    }
    Ok(None)
}

/// The walk broke off at a note that is not ours: does it hide one of ours?
fn hidden<'a>(rest: &[u8], at: usize) -> Result<Option<(&'a [u8], usize)>, NoteError> {
    if rest.windows(OWNER.len()).any(|bytes| bytes == OWNER) {
        return Err(NoteError::Unreachable { at });
    }
    Ok(None)
}

/// A note's header, and where its parts lie, in bytes from its beginning. Sums of `u32` in `u64`
/// cannot overflow.
struct Raw {
    owner: u32,
    description: u32,
    kind: u32,
    align: usize,
    begin: u64,
    end: u64,
}

impl Raw {
    fn read(rest: &[u8], order: Order, align: u64) -> Option<Self> {
        let align = if align == 8 { 8 } else { 4 };
        let owner = order.u32(rest, 0)?;
        let description = order.u32(rest, 4)?;
        let begin = (HEADER as u64 + u64::from(owner)).next_multiple_of(align as u64);
        Some(Self {
            owner,
            description,
            kind: order.u32(rest, 8)?,
            align,
            begin,
            end: (begin + u64::from(description)).next_multiple_of(align as u64),
        })
    }

    fn is_ours(&self, rest: &[u8]) -> bool {
        self.kind == KIND && self.owner as usize == OWNER.len() && rest[HEADER..].starts_with(OWNER)
    }

    /// The range of the description among all notes, the length of which is `len`.
    fn check(&self, at: usize, len: usize) -> Result<std::ops::Range<usize>, NoteError> {
        let text = u64::from(self.description).saturating_sub(VERSION as u64);
        if text > MAX_LEN as u64 {
            return Err(NoteError::TooLong { len: text });
        }
        let end = at as u64 + self.begin + u64::from(self.description);
        let truncated = NoteError::Truncated {
            end,
            len: len as u64,
        };
        let Ok(end) = usize::try_from(end) else {
            return Err(truncated);
        };
        if end > len {
            return Err(truncated);
        }
        Ok(end - self.description as usize..end)
    }
}

/// The text of a Jackfield note's description.
fn text(description: &[u8]) -> Result<&str, NoteError> {
    let len = description.len();
    let found = Order::Little
        .u32(description, 0)
        .ok_or(NoteError::Short { len })?;
    if found != FORMAT {
        return Err(NoteError::Format { found });
    }
    let bytes = &description[VERSION..];
    let text = std::str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    match bytes.iter().position(|&byte| byte == 0) {
        Some(at) => Err(NoteError::Nul { at }),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(owner: &[u8], kind: u32, description: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [
            u32::try_from(owner.len()).unwrap(),
            u32::try_from(description.len()).unwrap(),
            kind,
        ] {
            bytes.extend(word.to_le_bytes());
        }
        for part in [owner, description] {
            bytes.extend(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn ours(version: u32, text: &[u8]) -> Vec<u8> {
        note(OWNER, KIND, &[&version.to_le_bytes(), text].concat())
    }

    fn message(notes: &[u8]) -> String {
        read(notes, Order::Little, 4).unwrap_err().to_string()
    }

    #[test]
    fn the_text_is_found_among_other_notes() {
        let gnu = note(b"GNU\0", 3, &[7; 20]);
        let notes = [&gnu[..], &ours(1, b"id = \"a\""), &gnu].concat();
        assert_eq!(read(&notes, Order::Little, 4), Ok(Some("id = \"a\"")));
        assert_eq!(read(&gnu, Order::Little, 4), Ok(None));
        assert_eq!(read(&[], Order::Little, 4), Ok(None));
        // Ours by name, but of another type: not this reader's business.
        assert_eq!(read(&note(OWNER, 2, b""), Order::Little, 4), Ok(None));
    }

    #[test]
    fn big_endian_headers_are_read() {
        let mut notes = ours(1, b"id = \"a\"");
        for word in notes[..12].chunks_mut(4) {
            word.reverse();
        }
        assert_eq!(read(&notes, Order::Big, 4), Ok(Some("id = \"a\"")));
        assert_eq!(read(&notes, Order::Little, 4).ok().flatten(), None);
    }

    #[test]
    fn each_fault_is_named() {
        let good = ours(1, b"id = \"a\"");
        assert_eq!(
            message(&good[..30]),
            "the note ends at byte 36 of its segment, which has 30: build or copy the plugin again"
        );
        assert_eq!(
            message(&[&good[..], &good].concat()),
            "two Jackfield notes, expected one: call export_plugin! once"
        );
        assert_eq!(
            message(&ours(99, b"")),
            "note format version 99, expected 1: update the host"
        );
        assert_eq!(
            message(&ours(0, b"")),
            "note format version 0, expected 1: rebuild the plugin"
        );
        assert_eq!(
            message(&note(OWNER, KIND, b"\x01")),
            "the note's description has 1 bytes, expected at least 4: build or copy the plugin again"
        );
        assert_eq!(
            message(&ours(1, b"id = \xff")),
            "the manifest is not UTF-8 at byte 5: build or copy the plugin again"
        );
        assert_eq!(
            message(&ours(1, b"id\0")),
            "the manifest has a NUL at byte 2: build or copy the plugin again"
        );
        assert_eq!(
            message(&ours(1, &vec![b' '; MAX_LEN + 1])),
            "the manifest has 1048577 bytes, at most 1048576 are allowed: keep large files out of it"
        );
        let mut broken = note(b"GNU\0", 3, &[7; 20]);
        broken[4] = 0xff;
        broken.extend(&good);
        assert_eq!(
            message(&broken),
            "a Jackfield note stands behind a broken note at byte 0: build or copy the plugin again"
        );
    }

    #[test]
    fn a_length_from_the_header_alone_is_enough_to_refuse() {
        let mut notes = ours(1, b"id = \"a\"");
        notes[4..8].copy_from_slice(&10_000_000_u32.to_le_bytes());
        assert_eq!(
            read(&notes, Order::Little, 4),
            Err(NoteError::TooLong { len: 9_999_996 })
        );
    }

    #[test]
    fn no_cut_and_no_flipped_bit_panics() {
        let gnu = note(b"GNU\0", 3, &[7; 20]);
        let notes = [&gnu[..], &ours(1, b"id = \"a\""), &gnu].concat();
        for len in 0..notes.len() {
            let _ = read(&notes[..len], Order::Little, 4);
            let _ = read(&notes[..len], Order::Big, 8);
        }
        for bit in 0..notes.len() * 8 {
            let mut flipped = notes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let _ = read(&flipped, Order::Little, 4);
            let _ = read(&flipped, Order::Little, 8);
        }
    }
}
