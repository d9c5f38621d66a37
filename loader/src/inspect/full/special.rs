use super::{Library, Section, Segment, damaged};
use crate::inspect::Fault;
use object::elf;

/// The segments that point to one thing each, against the sections of that thing.
pub(super) fn check(library: &Library<'_>) -> Result<(), Fault> {
    for (index, segment) in library.segments.iter().enumerate() {
        let at = format!("segment {index} ({})", segment.name());
        match segment.kind {
            elf::PT_DYNAMIC | elf::PT_INTERP | elf::PT_GNU_EH_FRAME | elf::PT_GNU_PROPERTY => {
                exact(library, segment, &at)?;
            }
            elf::PT_NOTE => notes(library, segment, &at)?,
            elf::PT_TLS => thread_local(library, segment, &at)?,
            elf::PT_GNU_RELRO => read_only(library, segment, &at)?,
            _ => {}
        }
    }
    complete(library)
}

/// What has a section has its segment.
fn complete(library: &Library<'_>) -> Result<(), Fault> {
    let has = |kind| library.segments.iter().any(|segment| segment.kind == kind);
    let unwinds = library
        .allocated()
        .any(|section| library.name(section) == ".eh_frame_hdr");
    if unwinds && !has(elf::PT_GNU_EH_FRAME) {
        return damaged("section .eh_frame_hdr without a segment of type GNU_EH_FRAME");
    }
    if library.allocated().any(Section::is_thread_local) && !has(elf::PT_TLS) {
        return damaged("thread-local sections without a segment of type TLS");
    }
    Ok(())
}

fn exact(library: &Library<'_>, segment: &Segment, at: &str) -> Result<(), Fault> {
    let section = library.allocated().find(|section| {
        section.address == segment.address
            && section.offset == segment.offset
            && section.size == segment.file_size
            && section.size == segment.memory_size
    });
    let Some(section) = section else {
        return damaged(format!("{at} is no section"));
    };
    let is_dynamic = section.kind == elf::SHT_DYNAMIC;
    if is_dynamic != (segment.kind == elf::PT_DYNAMIC) {
        return damaged(format!("{at} is section {}", library.name(section)));
    }
    Ok(())
}

fn notes(library: &Library<'_>, segment: &Segment, at: &str) -> Result<(), Fault> {
    let mut notes = library.allocated().filter(|s| s.kind == elf::SHT_NOTE);
    let begins = notes.clone().any(|note| note.address == segment.address);
    let ends = notes.any(|note| {
        note.memory_end() == segment.address.saturating_add(segment.file_size)
            && segment.file_size == segment.memory_size
    });
    if begins && ends && [0, 1, 4, 8].contains(&segment.align) {
        return Ok(());
    }
    damaged(format!("{at} is not made of sections of notes"))
}

fn thread_local(library: &Library<'_>, segment: &Segment, at: &str) -> Result<(), Fault> {
    let sections: Vec<_> = library
        .allocated()
        .filter(|section| section.is_thread_local() && section.size > 0)
        .collect();
    let align = segment.align.max(1);
    let begin = sections.iter().map(|section| section.address).min();
    let end = sections.iter().map(|section| section.memory_end()).max();
    let (Some(begin), Some(end)) = (begin, end) else {
        return damaged(format!("{at} without thread-local sections"));
    };
    let initial = sections.iter().filter(|section| section.in_file());
    let initial = initial.map(|section| section.memory_end()).max();
    let largest = sections.iter().map(|section| section.align).max();
    let sane = align.is_power_of_two()
        && Some(align) == largest.map(|largest| largest.max(1))
        && segment.address == begin
        && segment.file_size == initial.map_or(0, |end| end.saturating_sub(begin))
        && segment.memory_end() >= end
        && segment.memory_end() - end < align;
    if sane {
        return Ok(());
    }
    damaged(format!("{at} is not what its sections say"))
}

/// What is made read-only after relocation must not reach into what has to stay writable.
fn read_only(library: &Library<'_>, segment: &Segment, at: &str) -> Result<(), Fault> {
    let (begin, end) = (segment.address, segment.memory_end());
    let page = |address: u64| {
        address
            .checked_next_multiple_of(64 << 10)
            .unwrap_or(u64::MAX)
    };
    let inside = library.segments.iter().any(|load| {
        load.kind == elf::PT_LOAD
            && load.is_writable()
            && load.address <= begin
            && end <= page(load.memory_end())
    });
    let starts = library.allocated().any(|section| section.address == begin);
    if !inside || !starts || segment.memory_size == 0 {
        return damaged(format!("{at} does not begin with a writable section"));
    }
    // Only whole pages are protected; linkers let the rest of the last one be written.
    let protected = end - end % 4096;
    let written = library.allocated().find(|section| {
        section.size > 0
            && section.address < protected
            && section.memory_end() > begin
            && stays_writable(&library.name(section))
    });
    match written {
        Some(section) => damaged(format!(
            "{at} reaches into section {}, which has to stay writable",
            library.name(section)
        )),
        None => Ok(()),
    }
}

fn stays_writable(name: &str) -> bool {
    let is = |kind: &str| {
        name.strip_prefix(kind)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let read_only = name.starts_with(".data.rel.ro") || name.starts_with(".bss.rel.ro");
    (is(".data") || is(".bss")) && !read_only
}
