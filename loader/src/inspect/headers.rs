//! The ELF header, the program headers and the notes: what a scan looks at.

use super::{
    Bytes, Depth, Fault, Look, NOTES, NoteState, What,
    elf::{Header, Segment},
    full, machine,
};
use jackfield_manifest::note::Order;
use object::elf;

/// More program headers than any linker writes.
const MAX_SEGMENTS: u16 = 256;

/// Looks at an ELF file.
pub(super) fn look(bytes: &Bytes<'_>, depth: Depth, look: &mut Look) {
    let header = match Header::read(bytes.page, bytes.size) {
        Ok(header) => header,
        Err(fault) => return look.faults.push(fault),
    };
    look.faults.extend(target(&header));
    look.faults.extend(file_type(&header));
    match segments(bytes, &header) {
        Ok(segments) => {
            look.faults.extend(cut(&segments, &header, bytes.size));
            notes(bytes, &header, &segments, look);
            if depth == Depth::Full && look.faults.is_empty() {
                look.faults
                    .extend(full::check(bytes, &header, &segments).err());
            }
        }
        Err(fault) => look.faults.push(fault),
    }
}

/// Whether the file is for another machine than this one.
fn target(header: &Header) -> Option<Fault> {
    let wide = cfg!(target_pointer_width = "64");
    let same = header.machine == machine::HOST_ELF
        && header.wide == wide
        && header.order == Order::HOST
        && cfg!(not(any(windows, target_vendor = "apple")));
    if same {
        return None;
    }
    let mut built = machine::elf(header.machine, header.wide);
    if header.wide != wide {
        built = format!("{} {built}", if header.wide { "64-bit" } else { "32-bit" });
    }
    if header.order != Order::HOST {
        let order = match header.order {
            Order::Little => "little-endian",
            Order::Big => "big-endian",
        };
        built = format!("{order} {built}");
    }
    Some(Fault::Target { built })
}

fn file_type(header: &Header) -> Option<Fault> {
    let found = match header.kind {
        elf::ET_DYN => return None,
        elf::ET_REL => "an object file that is not linked",
        elf::ET_EXEC => "an executable",
        elf::ET_CORE => "a core dump",
        kind => {
            return Some(Fault::Type {
                found: format!("ELF file type {}", kind.0),
            });
        }
    };
    Some(Fault::Type {
        found: found.to_owned(),
    })
}

/// The program headers, of which there is a sane number.
fn segments(bytes: &Bytes<'_>, header: &Header) -> Result<Vec<Segment>, Fault> {
    let table = header.segments;
    if table.count == 0 && header.kind != elf::ET_DYN {
        return Ok(Vec::new());
    }
    if table.entry != header.segment_size() {
        return Err(Fault::Damaged(format!(
            "a program header has {} bytes, expected {}",
            table.entry,
            header.segment_size()
        )));
    }
    if table.count == 0 || table.count > MAX_SEGMENTS {
        return Err(Fault::Damaged(format!(
            "{} program headers, expected 1 to {MAX_SEGMENTS}",
            table.count
        )));
    }
    table.check(What::ProgramHeaders, bytes.size)?;
    bytes.with(table.offset, table.len(), |table| {
        header.segments(table).collect()
    })
}

/// The first part of the file that ends after it.
fn cut(segments: &[Segment], header: &Header, size: u64) -> Option<Fault> {
    let segment = segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| segment.kind != elf::PT_NULL && segment.file_size > 0)
        .find(|(_, segment)| segment.file_end() > size);
    if let Some((index, segment)) = segment {
        return Some(Fault::Cut {
            what: What::Segment(index, segment.name()),
            end: segment.file_end(),
            size,
        });
    }
    header.sections.check(What::SectionHeaders, size).err()
}

/// Looks for our note in every segment of notes.
fn notes(bytes: &Bytes<'_>, header: &Header, segments: &[Segment], look: &mut Look) {
    let mut complete = true;
    for segment in segments.iter().filter(|s| s.kind == elf::PT_NOTE) {
        if segment.file_end() > bytes.size {
            complete = false;
            continue;
        }
        let len = usize::try_from(segment.file_size).map_or(NOTES, |len| len.min(NOTES));
        let read = bytes.with(segment.offset, len, |notes| {
            look.notes(notes, header.order, segment.align);
        });
        if let Err(fault) = read {
            complete = false;
            look.faults.push(fault);
        }
    }
    if complete && look.note == NoteState::Unknown {
        look.note = NoteState::Absent;
    }
}
