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

/// What the headers say: the machine's name, and where the section for the note lies.
struct Found {
    machine: Option<String>,
    note: Option<(u64, u64)>,
}

/// Looks at a PE or Mach-O file.
pub(super) fn look(format: Format, bytes: &Bytes<'_>, look: &mut Look) {
    let len = usize::try_from(bytes.size).map_or(HEADERS, |size| size.min(HEADERS));
    let found = bytes.with(0, len, |bytes| match format {
        Format::Pe => pe(bytes),
        Format::MachO => macho(bytes),
        Format::Universal => None,
    });
    let found = match found {
        Ok(found) => found.unwrap_or(Found {
            machine: None,
            note: None,
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
    if let Some((offset, size)) = found.note {
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

fn pe(bytes: &[u8]) -> Option<Found> {
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
    let note = sections.and_then(|sections| {
        let section = sections
            .iter()
            .find(|section| section.raw_name() == note::PE_SECTION.as_bytes())?;
        let (offset, size) = section.pe_file_range();
        Some((offset.into(), size.into()))
    });
    Some(Found { machine, note })
}

fn macho(bytes: &[u8]) -> Option<Found> {
    let header = macho::MachHeader64::<object::Endianness>::parse(bytes, 0).ok()?;
    let endian = header.endian().ok()?;
    let machine = Some(machine::macho(header.cputype(endian)));
    let mut commands = header.load_commands(endian, bytes, 0).ok()?;
    let mut note = None;
    while let Ok(Some(command)) = commands.next() {
        let Ok(LoadCommandVariant::Segment64(segment, data)) = command.variant() else {
            continue;
        };
        let sections = object::read::macho::Segment::sections(segment, endian, data).ok()?;
        note = note.or_else(|| {
            sections
                .iter()
                .find(|section| section.name() == note::MACHO_SECTION.as_bytes())
                .and_then(|section| section.file_range(endian, section.offset(endian).into()))
        });
    }
    Some(Found { machine, note })
}
