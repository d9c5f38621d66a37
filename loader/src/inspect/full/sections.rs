use super::{Bytes, Header, Library, Section, Segment, TABLE, damaged};
use crate::inspect::{Fault, What};
use object::elf;

/// The section headers and the table of their names.
pub(super) fn read(bytes: &Bytes<'_>, header: &Header) -> Result<(Vec<Section>, Vec<u8>), Fault> {
    let table = header.sections;
    if table.count < 2 {
        return damaged(
            "no section headers, which everything else is compared with (`strip` keeps them)",
        );
    }
    if table.entry != header.section_size() {
        return damaged(format!(
            "a section header has {} bytes, expected {}",
            table.entry,
            header.section_size()
        ));
    }
    table.check(What::SectionHeaders, bytes.size)?;
    let sections: Vec<Section> = bytes.with(table.offset, table.len(), |table| {
        header.sections(table).collect()
    })?;
    let names = sections.get(usize::from(header.names));
    let Some(names) = names.filter(|s| s.kind == elf::SHT_STRTAB && s.size <= TABLE) else {
        return damaged(format!("section {} holds no names", header.names));
    };
    if sections[0].kind != elf::SHT_NULL {
        return damaged("the first section header is not empty");
    }
    if names.file_end() > bytes.size {
        return Err(Fault::Cut {
            what: What::Section("of names".to_owned()),
            end: names.file_end(),
            size: bytes.size,
        });
    }
    let len = usize::try_from(names.size).unwrap_or(0);
    let names = bytes.read(names.offset, len)?;
    Ok((sections, names))
}

/// Each section against the segment that holds it, and each segment against its sections.
pub(super) fn check(library: &Library<'_>) -> Result<(), Fault> {
    let size = library.bytes.size;
    for section in &library.sections {
        if section.file_end() > size {
            return Err(Fault::Cut {
                what: What::Section(library.name(section)),
                end: section.file_end(),
                size,
            });
        }
    }
    for section in library.allocated() {
        placed(library, section)?;
    }
    overlaps(library)?;
    let loads = library.segments.iter().enumerate();
    for (index, segment) in loads.filter(|(_, s)| s.kind == elf::PT_LOAD) {
        covered(library, index, segment)?;
    }
    Ok(())
}

/// Whether a section takes room in memory: what is thread-local and zero only does so in a thread.
fn has_room(section: &Section) -> bool {
    section.size > 0 && (section.in_file() || !section.is_thread_local())
}

fn placed(library: &Library<'_>, section: &Section) -> Result<(), Fault> {
    let align = section.align.max(1);
    if !align.is_power_of_two() || !section.address.is_multiple_of(align) {
        return damaged(format!(
            "section {} at address {:#x} is aligned to {align:#x}",
            library.name(section),
            section.address
        ));
    }
    if !has_room(section) {
        return Ok(());
    }
    let (begin, end) = (section.address, section.memory_end());
    let mut loads = library.segments.iter().filter(|s| s.kind == elf::PT_LOAD);
    let Some(load) = loads.find(|load| load.holds(begin, end)) else {
        return damaged(format!(
            "section {} lies in no mapped segment",
            library.name(section)
        ));
    };
    let fits = if section.in_file() {
        section.offset.checked_sub(load.offset) == begin.checked_sub(load.address)
            && section.file_end() <= load.file_end()
    } else {
        begin - load.address >= load.file_size
    };
    if !fits {
        return damaged(format!(
            "section {} lies elsewhere in the file than its segment says",
            library.name(section)
        ));
    }
    let first = header_end(library);
    if section.in_file() && section.offset < first {
        return damaged(format!(
            "section {} overlaps the program headers",
            library.name(section)
        ));
    }
    Ok(())
}

/// Where the program headers end, when they begin the file.
fn header_end(library: &Library<'_>) -> u64 {
    let table = library.header.segments;
    if table.offset > 64 {
        return 64;
    }
    table.offset + table.len() as u64
}

fn overlaps(library: &Library<'_>) -> Result<(), Fault> {
    let mut sections: Vec<_> = library.allocated().filter(|s| has_room(s)).collect();
    sections.sort_unstable_by_key(|section| section.address);
    for pair in sections.windows(2) {
        if pair[0].memory_end() > pair[1].address {
            return damaged(format!(
                "section {} overlaps section {}",
                library.name(pair[0]),
                library.name(pair[1])
            ));
        }
    }
    Ok(())
}

/// A mapped segment is as large as its sections and has the rights that they need.
fn covered(library: &Library<'_>, index: usize, segment: &Segment) -> Result<(), Fault> {
    let inside: Vec<_> = library
        .allocated()
        .filter(|section| has_room(section))
        .filter(|section| segment.holds(section.address, section.memory_end()))
        .collect();
    let at = format!("segment {index} (LOAD)");
    // Tools that edit libraries put what is only read into a writable segment: that does no harm.
    let writable = segment.is_writable() && !segment.is_executable();
    for (name, needed, found) in [
        (
            "writable",
            inside.iter().any(|section| section.is_writable()),
            segment.is_writable(),
        ),
        (
            "executable",
            inside.iter().any(|section| section.is_executable()),
            segment.is_executable(),
        ),
    ] {
        if needed != found && !(name == "writable" && writable) {
            let not = if found { "" } else { "not " };
            return damaged(format!("{at} is {not}{name}, unlike its sections"));
        }
    }
    let memory = inside.iter().map(|section| section.memory_end()).max();
    let file = inside.iter().map(|section| section.file_end()).max();
    let (Some(memory), Some(file)) = (memory, file) else {
        return damaged(format!("{at} has no sections"));
    };
    // Linkers pad a segment to a page at most.
    let page = segment.align.min(64 << 10);
    let padded =
        segment.memory_end() - memory < page && segment.file_end().saturating_sub(file) < page;
    if padded {
        return Ok(());
    }
    damaged(format!("{at} is larger than its sections"))
}
