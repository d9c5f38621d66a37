//! PE and Mach-O: read only as far as it takes to tell a plugin for another system from a file
//! that is none.

use super::{Bytes, Fault, Look, NOTES, NoteState, machine};
use jackfield_manifest::note::{self, Order};
use object::{
    LittleEndian, macho, pe,
    read::{
        coff::CoffHeader,
        macho::{LoadCommandVariant, MachHeader, Section as _},
        pe::ImageNtHeaders,
    },
};

/// How much of a file's beginning is searched for headers.
const HEADERS: usize = 64 << 10;

/// A format that is not ELF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Pe,
    MachO,
    Universal,
}

impl Format {
    /// By a file's first bytes.
    pub(super) fn of(page: &[u8]) -> Option<Self> {
        match page {
            [b'M', b'Z', ..] => Some(Self::Pe),
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => Some(Self::MachO),
            [0xfe, 0xed, 0xfa, 0xcf | 0xce, ..] => Some(Self::MachO),
            [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => Some(Self::Universal),
            _ => None,
        }
    }

    fn system(self) -> &'static str {
        match self {
            Self::Pe => "windows",
            Self::MachO | Self::Universal => "macos",
        }
    }
}

/// What the headers say: the machine's name, and where the section that was asked for lies.
struct Found {
    machine: Option<String>,
    section: Option<(u64, u64)>,
}

/// What the headers say, asked for the section of that name; `None` where they cannot be read.
fn headers(format: Format, bytes: &Bytes<'_>, name: &str) -> Result<Option<Found>, Fault> {
    let len = usize::try_from(bytes.size).map_or(HEADERS, |size| size.min(HEADERS));
    bytes.with(0, len, |bytes| match format {
        Format::Pe => pe(bytes, name),
        Format::MachO => macho(bytes, name),
        Format::Universal => None,
    })
}

/// Where the section of that name begins in the file, and how many bytes it has there.
pub(super) fn section_of(
    format: Format,
    bytes: &Bytes<'_>,
    name: &str,
) -> Result<Option<(u64, u64)>, Fault> {
    Ok(headers(format, bytes, name)?.and_then(|found| found.section))
}

/// Looks at a PE or Mach-O file.
pub(super) fn look(format: Format, bytes: &Bytes<'_>, look: &mut Look) {
    let name = match format {
        Format::Pe => note::PE_SECTION,
        Format::MachO | Format::Universal => note::MACHO_SECTION,
    };
    let found = match headers(format, bytes, name) {
        Ok(found) => found.unwrap_or(Found {
            machine: None,
            section: None,
        }),
        Err(fault) => return look.faults.push(fault),
    };
    let native =
        format.system() == std::env::consts::OS && found.machine.as_deref() == Some(machine::HOST);
    if !native {
        let machine = found.machine.as_deref().unwrap_or("an unknown machine");
        let built = format!("{} {machine}", format.system());
        look.faults.push(Fault::Target { built });
    }
    look.note = NoteState::Absent;
    if let Some((offset, size)) = found.section {
        section(bytes, offset, size, look);
    }
}

fn section(bytes: &Bytes<'_>, offset: u64, size: u64, look: &mut Look) {
    let end = offset.saturating_add(size);
    if end > bytes.size {
        look.note = NoteState::Present;
        return look.faults.push(Fault::Cut {
            what: super::What::Section("of the note".to_owned()),
            end,
            size: bytes.size,
        });
    }
    let len = usize::try_from(size).map_or(NOTES, |len| len.min(NOTES));
    let read = bytes.with(offset, len, |notes| look.notes(notes, Order::Little, 4));
    look.faults.extend(read.err());
}

fn pe(bytes: &[u8], name: &str) -> Option<Found> {
    let dos = pe::ImageDosHeader::parse(bytes).ok()?;
    let mut offset = dos.nt_headers_offset().into();
    let wide = pe::ImageNtHeaders64::parse(bytes, &mut offset).ok();
    let header = wide.map(|(headers, _)| headers.file_header());
    let header = header.or_else(|| {
        offset = dos.nt_headers_offset().into();
        let (headers, _) = pe::ImageNtHeaders32::parse(bytes, &mut offset).ok()?;
        Some(headers.file_header())
    })?;
    let machine = Some(machine::pe(header.machine.get(LittleEndian)));
    let sections = header.sections(bytes, offset).ok();
    let section = sections.and_then(|sections| {
        let section = sections
            .iter()
            .find(|section| section.raw_name() == name.as_bytes())?;
        let (offset, size) = section.pe_file_range();
        Some((offset.into(), size.into()))
    });
    Some(Found { machine, section })
}

fn macho(bytes: &[u8], name: &str) -> Option<Found> {
    let header = macho::MachHeader64::<object::Endianness>::parse(bytes, 0).ok()?;
    let endian = header.endian().ok()?;
    let machine = Some(machine::macho(header.cputype(endian)));
    let mut commands = header.load_commands(endian, bytes, 0).ok()?;
    let mut found = None;
    while let Ok(Some(command)) = commands.next() {
        let Ok(LoadCommandVariant::Segment64(segment, data)) = command.variant() else {
            continue;
        };
        let sections = object::read::macho::Segment::sections(segment, endian, data).ok()?;
        found = found.or_else(|| {
            sections
                .iter()
                .find(|section| section.name() == name.as_bytes())
                .and_then(|section| section.file_range(endian, section.offset(endian).into()))
        });
    }
    let section = found;
    Some(Found { machine, section })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Where the section of that name lies in a file of these bytes.
    fn found(bytes: &[u8], name: &str) -> Option<(u64, u64)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let format = Format::of(bytes).unwrap();
        let (size, page) = (bytes.len() as u64, bytes);
        let bytes = Bytes {
            file: &file,
            size,
            page,
        };
        section_of(format, &bytes, name).unwrap()
    }

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// A PE library with a note of 8 bytes and assets of 16.
    fn pe() -> Vec<u8> {
        let mut bytes = vec![0; 0x400];
        put(&mut bytes, 0, b"MZ");
        put(&mut bytes, 0x3c, &0x40_u32.to_le_bytes());
        put(&mut bytes, 0x40, b"PE\0\0");
        put(&mut bytes, 0x44, &0x8664_u16.to_le_bytes());
        put(&mut bytes, 0x46, &2_u16.to_le_bytes());
        put(&mut bytes, 0x54, &240_u16.to_le_bytes());
        put(&mut bytes, 0x58, &0x20b_u16.to_le_bytes());
        put(&mut bytes, 0x58 + 108, &16_u32.to_le_bytes());
        let sections = [(note::PE_SECTION, 8, 0x200), (note::PE_ASSETS, 16, 0x300)];
        for (index, (name, len, offset)) in sections.into_iter().enumerate() {
            let at = 0x58 + 240 + index * 40;
            put(&mut bytes, at, name.as_bytes());
            put(&mut bytes, at + 8, &u32::to_le_bytes(len));
            put(&mut bytes, at + 16, &u32::to_le_bytes(len));
            put(&mut bytes, at + 20, &u32::to_le_bytes(offset));
        }
        bytes
    }

    /// The same as a Mach-O library, in two segments.
    fn macho() -> Vec<u8> {
        let mut bytes = vec![0; 0x400];
        let header = [0xfeed_facf, 0x0100_000c, 0, 6, 2, 2 * (72 + 80), 0, 0_u32];
        for (index, word) in header.into_iter().enumerate() {
            put(&mut bytes, index * 4, &word.to_le_bytes());
        }
        let sections = [
            ("__TEXT", note::MACHO_SECTION, 8, 0x200),
            ("__DATA", note::MACHO_ASSETS, 16, 0x300),
        ];
        for (index, (segment, name, len, offset)) in sections.into_iter().enumerate() {
            let at = 32 + index * (72 + 80);
            put(&mut bytes, at, &0x19_u32.to_le_bytes());
            put(&mut bytes, at + 4, &(72 + 80_u32).to_le_bytes());
            put(&mut bytes, at + 8, segment.as_bytes());
            put(&mut bytes, at + 48, &u64::to_le_bytes(0x400));
            put(&mut bytes, at + 64, &1_u32.to_le_bytes());
            put(&mut bytes, at + 72, name.as_bytes());
            put(&mut bytes, at + 88, segment.as_bytes());
            put(&mut bytes, at + 112, &u64::to_le_bytes(len));
            put(&mut bytes, at + 120, &u32::to_le_bytes(offset));
        }
        bytes
    }

    #[test]
    fn each_section_is_found_by_its_name() {
        for (bytes, names) in [
            (pe(), [note::PE_SECTION, note::PE_ASSETS]),
            (macho(), [note::MACHO_SECTION, note::MACHO_ASSETS]),
        ] {
            let [note, assets] = names;
            assert_eq!(found(&bytes, note), Some((0x200, 8)), "{note}");
            assert_eq!(found(&bytes, assets), Some((0x300, 16)), "{assets}");
            assert_eq!(found(&bytes, ".text"), None);
        }
    }
}
