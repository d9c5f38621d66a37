use super::{Header, Segment, damaged};
use crate::inspect::Fault;
use object::elf;

/// Larger than any page and any alignment that a linker chooses for segments.
const MAX_ALIGN: u64 = 64 << 20;
/// Larger than any library: what is beyond would not fit beside the others.
const MAX_SPAN: u64 = 1 << 38;

/// The program headers by themselves.
pub(super) fn check(header: &Header, segments: &[Segment]) -> Result<(), Fault> {
    counts(segments)?;
    let mut end = 0;
    for (index, segment) in segments.iter().enumerate() {
        let at = || format!("segment {index} ({})", segment.name());
        if segment.flags & !7 != 0 {
            return damaged(format!("{} has unknown flags {:#x}", at(), segment.flags));
        }
        match segment.kind {
            elf::PT_LOAD => {
                mapped(segment, &at())?;
                if segment.address < end {
                    return damaged(format!("{} overlaps the one before it", at()));
                }
                end = segment.memory_end();
            }
            elf::PT_PHDR => {
                table(header, segment, &at())?;
                within(segments, segment, &at())?;
            }
            elf::PT_GNU_STACK if segment.is_executable() => {
                return damaged("it asks for an executable stack");
            }
            elf::PT_NULL | elf::PT_GNU_STACK => {}
            _ => within(segments, segment, &at())?,
        }
    }
    Ok(())
}

fn counts(segments: &[Segment]) -> Result<(), Fault> {
    let count = |kind| segments.iter().filter(|s| s.kind == kind).count();
    for (kind, name, expected) in [
        (elf::PT_LOAD, "LOAD", 1..=64),
        (elf::PT_DYNAMIC, "DYNAMIC", 1..=1),
        // Without it, the loader assumes that the stack has to be executable.
        (elf::PT_GNU_STACK, "GNU_STACK", 1..=1),
        (elf::PT_TLS, "TLS", 0..=1),
        (elf::PT_PHDR, "PHDR", 0..=1),
        (elf::PT_INTERP, "INTERP", 0..=1),
        (elf::PT_GNU_RELRO, "GNU_RELRO", 0..=1),
        (elf::PT_GNU_EH_FRAME, "GNU_EH_FRAME", 0..=1),
    ] {
        let found = count(kind);
        if !expected.contains(&found) {
            let (least, most) = expected.into_inner();
            return damaged(format!(
                "{found} segments of type {name}, expected {least} to {most}"
            ));
        }
    }
    Ok(())
}

/// A segment that is mapped.
fn mapped(segment: &Segment, at: &str) -> Result<(), Fault> {
    if segment.memory_size == 0 || segment.file_size > segment.memory_size {
        return damaged(format!(
            "{at} has {} bytes in the file and {} in memory",
            segment.file_size, segment.memory_size
        ));
    }
    if segment.memory_end() > MAX_SPAN {
        return damaged(format!("{at} ends at address {:#x}", segment.memory_end()));
    }
    let align = segment.align;
    if !align.is_power_of_two() || !(4096..=MAX_ALIGN).contains(&align) {
        return damaged(format!("{at} is aligned to {align:#x}"));
    }
    if segment.address % align != segment.offset % align {
        return damaged(format!("{at}: address and offset differ within a page"));
    }
    if segment.flags & elf::PF_R.0 == 0 {
        return damaged(format!("{at} is not readable"));
    }
    if segment.is_writable() && segment.is_executable() {
        return damaged(format!("{at} is both writable and executable"));
    }
    Ok(())
}

fn table(header: &Header, segment: &Segment, at: &str) -> Result<(), Fault> {
    let table = header.segments;
    let same = segment.offset == table.offset && segment.file_size == table.len() as u64;
    if same {
        return Ok(());
    }
    damaged(format!("{at} is not the table of program headers"))
}

/// A segment that names a part of a mapped one.
fn within(segments: &[Segment], segment: &Segment, at: &str) -> Result<(), Fault> {
    let is_known = matches!(
        segment.kind,
        elf::PT_DYNAMIC
            | elf::PT_PHDR
            | elf::PT_INTERP
            | elf::PT_NOTE
            | elf::PT_TLS
            | elf::PT_GNU_EH_FRAME
            | elf::PT_GNU_RELRO
            | elf::PT_GNU_PROPERTY
    );
    if !is_known {
        return Ok(());
    }
    let inside = segments
        .iter()
        .filter(|s| s.kind == elf::PT_LOAD)
        .any(|load| {
            let end = segment.address.checked_add(segment.file_size);
            end.is_some_and(|end| load.holds(segment.address, end))
                && segment.offset.checked_sub(load.offset)
                    == segment.address.checked_sub(load.address)
        });
    if inside {
        return Ok(());
    }
    damaged(format!("{at} lies in no mapped segment"))
}
