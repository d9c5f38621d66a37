use super::{Library, Section, damaged, dynamic::Dynamic};
use crate::inspect::{Fault, machine};
use object::elf;

/// Read at once, in bytes: a multiple of every entry's size.
const CHUNK: u64 = 24 << 10;

/// The relocations: what the loader writes, and where.
pub(super) fn check(library: &Library<'_>, table: &Dynamic) -> Result<(), Fault> {
    let size = if library.header.wide { 24 } else { 12 };
    let mut ranges = Vec::new();
    if let Some(begin) = table.get(elf::DT_RELA) {
        let len = table.get(elf::DT_RELASZ).unwrap_or(0);
        if table.get(elf::DT_RELAENT) != Some(size) {
            return damaged("DT_RELAENT is not the size of a relocation");
        }
        let relative = table.get(elf::DT_RELACOUNT).unwrap_or(0);
        ranges.push(range(library, "DT_RELA", begin, len, size, relative)?);
    }
    if let Some(begin) = table.get(elf::DT_JMPREL) {
        let len = table.get(elf::DT_PLTRELSZ).unwrap_or(0);
        if table.get(elf::DT_PLTREL) != Some(7) {
            return damaged("DT_PLTREL is not DT_RELA");
        }
        ranges.push(range(library, "DT_JMPREL", begin, len, size, 0)?);
    }
    for section in library.allocated().filter(|s| s.size > 0) {
        let is_inside =
            |range: &Range| range.begin <= section.address && section.memory_end() <= range.end;
        match section.kind {
            elf::SHT_RELA if !ranges.iter().any(is_inside) => {
                return damaged(format!(
                    "section {} is not in the dynamic table",
                    library.name(section)
                ));
            }
            elf::SHT_REL => return damaged("relocations without addends"),
            _ => {}
        }
    }
    for range in &ranges {
        entries(library, table, range, size)?;
    }
    packed(library, table)
}

/// Relocations in a row.
struct Range {
    begin: u64,
    end: u64,
    offset: u64,
    /// How many of the first ones only add the library's address.
    relative: u64,
}

fn range(
    library: &Library<'_>,
    name: &str,
    begin: u64,
    len: u64,
    size: u64,
    relative: u64,
) -> Result<Range, Fault> {
    let end = begin.saturating_add(len);
    let is_rela = |section: &&Section| section.kind == elf::SHT_RELA && section.size > 0;
    let mut sections = library.allocated().filter(is_rela);
    let first = sections.clone().find(|section| section.address == begin);
    let ends = sections.any(|section| section.memory_end() == end);
    match first {
        Some(first) if ends && len.is_multiple_of(size) && relative <= len / size => Ok(Range {
            begin,
            end,
            offset: first.offset,
            relative,
        }),
        _ => damaged(format!("{name} is not made of sections of relocations")),
    }
}

fn entries(library: &Library<'_>, table: &Dynamic, range: &Range, size: u64) -> Result<(), Fault> {
    let len = range.end - range.begin;
    let mut done = 0;
    while done < len {
        let chunk = CHUNK.min(len - done);
        let bytes = library
            .bytes
            .read(range.offset + done, usize::try_from(chunk).unwrap_or(0))?;
        let words = library.header.words(&bytes);
        for index in 0..chunk / size {
            let at = usize::try_from(index * size).unwrap_or(0);
            let entry = if library.header.wide {
                let info = words.u64(at + 8);
                (words.u64(at), info >> 32, info & 0xffff_ffff)
            } else {
                let info = u64::from(words.u32(at + 4));
                (u64::from(words.u32(at)), info >> 8, info & 0xff)
            };
            entry_is_sound(library, table, entry, done / size + index < range.relative)?;
        }
        done += chunk;
    }
    Ok(())
}

fn entry_is_sound(
    library: &Library<'_>,
    table: &Dynamic,
    (place, symbol, kind): (u64, u64, u64),
    must_be_relative: bool,
) -> Result<(), Fault> {
    // R_*_NONE changes nothing, wherever it points to.
    if kind == 0 {
        return Ok(());
    }
    let word = if library.header.wide { 8 } else { 4 };
    let end = place.saturating_add(word);
    let writable = library
        .segments
        .iter()
        .any(|s| s.kind == elf::PT_LOAD && s.is_writable() && s.holds(place, end));
    if !writable {
        return damaged(format!("a relocation writes to address {place:#x}"));
    }
    if symbol >= table.symbols {
        return damaged(format!("a relocation names symbol {symbol}"));
    }
    if must_be_relative && machine::HOST_RELATIVE.is_some_and(|relative| relative != kind) {
        return damaged("DT_RELACOUNT counts relocations that are not relative");
    }
    Ok(())
}

/// Packed relative relocations.
fn packed(library: &Library<'_>, table: &Dynamic) -> Result<(), Fault> {
    let mut sections = library.allocated().filter(|s| s.kind == elf::SHT_RELR);
    let tags = [elf::DT_RELR, elf::DT_RELRSZ, elf::DT_RELRENT].map(|tag| table.get(tag));
    let word = if library.header.wide { 8 } else { 4 };
    match (sections.next(), tags) {
        (None, [None, None, None]) => Ok(()),
        (Some(section), tags)
            if tags == [Some(section.address), Some(section.size), Some(word)] =>
        {
            bitmaps(library, section, word)
        }
        _ => damaged("DT_RELR is not the section of packed relocations"),
    }
}

/// An even word is a place; an odd one marks, bit by bit, which of the words after it are, too.
fn bitmaps(library: &Library<'_>, section: &Section, word: u64) -> Result<(), Fault> {
    let bytes = library.content(section)?;
    let words = library.header.words(&bytes);
    let size = usize::try_from(word).unwrap_or(8);
    let bits = word * 8 - 1;
    let mut next = 0_u64;
    for at in (0..bytes.len() / size).map(|index| index * size) {
        let value = if library.header.wide {
            words.u64(at)
        } else {
            u64::from(words.u32(at))
        };
        let (begin, end) = if value & 1 == 0 {
            next = value.saturating_add(word);
            (value, next)
        } else {
            let last = u64::from(63 - value.leading_zeros());
            let begin = next;
            next = next.saturating_add(bits * word);
            (begin, begin.saturating_add(last * word))
        };
        let mut loads = library.segments.iter().filter(|s| s.kind == elf::PT_LOAD);
        if !loads.any(|load| load.is_writable() && load.holds(begin, end)) {
            return damaged(format!("a packed relocation writes to address {begin:#x}"));
        }
    }
    Ok(())
}
