use super::{Library, Section, damaged};
use crate::inspect::Fault;
use object::elf;
use std::collections::BTreeMap;

/// Flags that a plugin may have: `ORIGIN`, `SYMBOLIC`, `BIND_NOW`, `STATIC_TLS`.
const FLAGS: u64 = 0x1 | 0x2 | 0x8 | 0x10;
/// More flags: `NOW`, `GLOBAL`, `GROUP`, `NODELETE`, `ORIGIN`.
const FLAGS_1: u64 = 0x1 | 0x2 | 0x4 | 0x8 | 0x80;

/// The table that the loader works from, by tag.
pub(super) struct Dynamic {
    values: BTreeMap<i64, u64>,
    /// Offsets of the names of the libraries that are needed.
    pub(super) needed: Vec<u64>,
    /// The strings that it refers to.
    pub(super) strings: Vec<u8>,
    /// How many symbols there are.
    pub(super) symbols: u64,
}

impl Dynamic {
    pub(super) fn get(&self, tag: elf::DynamicTag) -> Option<u64> {
        self.values.get(&tag.0).copied()
    }

    fn require(&self, tag: elf::DynamicTag) -> Result<u64, Fault> {
        match self.get(tag) {
            Some(value) => Ok(value),
            None => damaged(format!("the dynamic table has no entry {}", name(tag))),
        }
    }

    fn expect(&self, tag: elf::DynamicTag, expected: u64) -> Result<(), Fault> {
        let found = self.require(tag)?;
        if found == expected {
            return Ok(());
        }
        let name = name(tag);
        damaged(format!("{name} is {found:#x}, expected {expected:#x}"))
    }
}

fn name(tag: elf::DynamicTag) -> String {
    let name = match tag {
        elf::DT_STRTAB => "DT_STRTAB",
        elf::DT_STRSZ => "DT_STRSZ",
        elf::DT_SYMTAB => "DT_SYMTAB",
        elf::DT_SYMENT => "DT_SYMENT",
        elf::DT_HASH => "DT_HASH",
        elf::DT_GNU_HASH => "DT_GNU_HASH",
        elf::DT_INIT => "DT_INIT",
        elf::DT_FINI => "DT_FINI",
        elf::DT_INIT_ARRAY => "DT_INIT_ARRAY",
        elf::DT_INIT_ARRAYSZ => "DT_INIT_ARRAYSZ",
        elf::DT_FINI_ARRAY => "DT_FINI_ARRAY",
        elf::DT_FINI_ARRAYSZ => "DT_FINI_ARRAYSZ",
        elf::DT_FLAGS => "DT_FLAGS",
        elf::DT_FLAGS_1 => "DT_FLAGS_1",
        tag => return format!("{:#x}", tag.0),
    };
    name.to_owned()
}

/// The dynamic table against the sections that it names.
pub(super) fn check(library: &Library<'_>) -> Result<Dynamic, Fault> {
    let mut table = read(library)?;
    strings_and_symbols(library, &mut table)?;
    hashes(library, &table)?;
    arrays(library, &table)?;
    entry_points(library, &table)?;
    for (tag, allowed) in [(elf::DT_FLAGS, FLAGS), (elf::DT_FLAGS_1, FLAGS_1)] {
        let value = table.get(tag).unwrap_or(0);
        if value & !allowed != 0 {
            return damaged(format!("{} is {value:#x}", name(tag)));
        }
    }
    Ok(table)
}

fn read(library: &Library<'_>) -> Result<Dynamic, Fault> {
    let mut sections = library.allocated().filter(|s| s.kind == elf::SHT_DYNAMIC);
    let (Some(section), None) = (sections.next(), sections.next()) else {
        return damaged("not exactly one dynamic section");
    };
    let bytes = library.content(section)?;
    let words = library.header.words(&bytes);
    let size = if library.header.wide { 16 } else { 8 };
    let mut table = Dynamic {
        values: BTreeMap::new(),
        needed: Vec::new(),
        strings: Vec::new(),
        symbols: 0,
    };
    for at in (0..bytes.len() / size).map(|index| index * size) {
        let (tag, value) = if library.header.wide {
            (words.u64(at).cast_signed(), words.u64(at + 8))
        } else {
            (i64::from(words.u32(at)), u64::from(words.u32(at + 4)))
        };
        let tag = elf::DynamicTag(tag);
        if tag == elf::DT_NULL {
            table.strings = linked_strings(library, section)?;
            return Ok(table);
        }
        take(&mut table, tag, value)?;
    }
    damaged("the dynamic table has no end")
}

fn take(table: &mut Dynamic, tag: elf::DynamicTag, value: u64) -> Result<(), Fault> {
    if tag == elf::DT_NEEDED {
        table.needed.push(value);
    } else if !is_known(tag) {
        return damaged(format!("the dynamic table has the entry {:#x}", tag.0));
    } else if table.values.insert(tag.0, value).is_some() {
        return damaged(format!("the dynamic table has {} twice", name(tag)));
    }
    Ok(())
}

/// The tags that linkers write for a library today. Of the ranges that belong to systems and
/// processors, the loader ignores what it does not know, and so does this.
fn is_known(tag: elf::DynamicTag) -> bool {
    matches!(
        tag,
        elf::DT_PLTRELSZ
            | elf::DT_PLTGOT
            | elf::DT_HASH
            | elf::DT_STRTAB
            | elf::DT_SYMTAB
            | elf::DT_RELA
            | elf::DT_RELASZ
            | elf::DT_RELAENT
            | elf::DT_STRSZ
            | elf::DT_SYMENT
            | elf::DT_INIT
            | elf::DT_FINI
            | elf::DT_SONAME
            | elf::DT_RPATH
            | elf::DT_SYMBOLIC
            | elf::DT_PLTREL
            | elf::DT_DEBUG
            | elf::DT_JMPREL
            | elf::DT_BIND_NOW
            | elf::DT_INIT_ARRAY
            | elf::DT_FINI_ARRAY
            | elf::DT_INIT_ARRAYSZ
            | elf::DT_FINI_ARRAYSZ
            | elf::DT_RUNPATH
            | elf::DT_FLAGS
            | elf::DT_RELRSZ
            | elf::DT_RELR
            | elf::DT_RELRENT
            | elf::DT_GNU_HASH
            | elf::DT_TLSDESC_PLT
            | elf::DT_TLSDESC_GOT
            | elf::DT_RELACOUNT
            | elf::DT_FLAGS_1
            | elf::DT_VERDEF
            | elf::DT_VERDEFNUM
            | elf::DT_VERNEED
            | elf::DT_VERNEEDNUM
            | elf::DT_VERSYM
    ) || (0x6000_0000..0x6fff_fd00).contains(&tag.0)
        || (0x7000_0000..0x7fff_fff0).contains(&tag.0)
}

/// The string table that a section refers to, which ends with a NUL.
fn linked_strings(library: &Library<'_>, section: &Section) -> Result<Vec<u8>, Fault> {
    let strings = usize::try_from(section.link)
        .ok()
        .and_then(|link| library.sections.get(link))
        .filter(|strings| strings.kind == elf::SHT_STRTAB && strings.is_allocated());
    let Some(strings) = strings else {
        return damaged("the dynamic section refers to no strings");
    };
    let bytes = library.content(strings)?;
    if bytes.first() != Some(&0) || bytes.last() != Some(&0) {
        return damaged("the dynamic strings do not begin and end with a NUL");
    }
    Ok(bytes)
}

fn strings_and_symbols(library: &Library<'_>, table: &mut Dynamic) -> Result<(), Fault> {
    let find = |kind| library.allocated().find(|section| section.kind == kind);
    let (Some(dynamic), Some(symbols)) = (find(elf::SHT_DYNAMIC), find(elf::SHT_DYNSYM)) else {
        return damaged("no section of dynamic symbols");
    };
    let strings = usize::try_from(dynamic.link).ok();
    let Some(strings) = strings.and_then(|link| library.sections.get(link)) else {
        return damaged("the dynamic section refers to no strings");
    };
    table.expect(elf::DT_STRTAB, strings.address)?;
    table.expect(elf::DT_STRSZ, strings.size)?;
    table.expect(elf::DT_SYMTAB, symbols.address)?;
    let size = if library.header.wide { 24 } else { 16 };
    table.expect(elf::DT_SYMENT, size)?;
    if symbols.link != dynamic.link || !symbols.size.is_multiple_of(size) {
        return damaged("the dynamic symbols do not fit their table");
    }
    table.symbols = symbols.size / size;
    let len = table.strings.len() as u64;
    let names = [elf::DT_SONAME, elf::DT_RPATH, elf::DT_RUNPATH];
    let names = names.into_iter().filter_map(|tag| table.get(tag));
    if table
        .needed
        .iter()
        .copied()
        .chain(names)
        .any(|at| at >= len)
    {
        return damaged("the dynamic table names a string beyond the strings");
    }
    symbol_names(library, symbols, size, len)
}

fn symbol_names(
    library: &Library<'_>,
    symbols: &Section,
    size: u64,
    len: u64,
) -> Result<(), Fault> {
    let bytes = library.content(symbols)?;
    let words = library.header.words(&bytes);
    let entry = usize::try_from(size).unwrap_or(24);
    let beyond = (0..bytes.len() / entry).any(|index| u64::from(words.u32(index * entry)) >= len);
    if beyond {
        return damaged("a dynamic symbol's name lies beyond the strings");
    }
    Ok(())
}

/// The tables by which symbols are found.
fn hashes(library: &Library<'_>, table: &Dynamic) -> Result<(), Fault> {
    let mut found = false;
    for (kind, tag) in [
        (elf::SHT_GNU_HASH, elf::DT_GNU_HASH),
        (elf::SHT_HASH, elf::DT_HASH),
    ] {
        let Some(section) = library.allocated().find(|section| section.kind == kind) else {
            if table.get(tag).is_some() {
                return damaged(format!("{} is no section", name(tag)));
            }
            continue;
        };
        table.expect(tag, section.address)?;
        let bytes = library.content(section)?;
        let words = library.header.words(&bytes);
        let word = |index: usize| u64::from(words.u32(index * 4));
        let (buckets, second, third) = (word(0), word(1), word(2));
        let sound = if kind == elf::SHT_HASH {
            buckets > 0 && (2 + buckets + second) * 4 <= section.size && second <= table.symbols
        } else {
            let wide = if library.header.wide { 8 } else { 4 };
            // Without a symbol to find, there are no chains.
            let at = 4 + usize::try_from(third * wide / 4).unwrap_or(0);
            let end = at.saturating_add(usize::try_from(buckets).unwrap_or(0));
            let is_empty = (at..end.min(bytes.len() / 4)).all(|index| word(index) == 0);
            let chains = table.symbols.checked_sub(second);
            let chains = if is_empty { Some(0) } else { chains };
            let size = chains.map(|chains| 16 + third * wide + (buckets + chains) * 4);
            buckets > 0
                && third.is_power_of_two()
                && word(3) < 64
                && size.is_some_and(|size| size <= section.size)
        };
        if !sound {
            return damaged(format!(
                "section {} is no hash table",
                library.name(section)
            ));
        }
        found = true;
    }
    if found {
        return Ok(());
    }
    damaged("the dynamic table has no hash table of symbols")
}

/// Tables of functions that run when the library is loaded and unloaded.
fn arrays(library: &Library<'_>, table: &Dynamic) -> Result<(), Fault> {
    let word = if library.header.wide { 8 } else { 4 };
    for (kind, tag, size) in [
        (
            elf::SHT_INIT_ARRAY,
            elf::DT_INIT_ARRAY,
            elf::DT_INIT_ARRAYSZ,
        ),
        (
            elf::SHT_FINI_ARRAY,
            elf::DT_FINI_ARRAY,
            elf::DT_FINI_ARRAYSZ,
        ),
    ] {
        let mut sections = library.allocated().filter(|section| section.kind == kind);
        match sections.next() {
            Some(section) => {
                table.expect(tag, section.address)?;
                table.expect(size, section.size)?;
                if !section.size.is_multiple_of(word) || !section.is_writable() {
                    return damaged(format!("section {} is no array", library.name(section)));
                }
            }
            None if table.get(tag).is_none() && table.get(size).is_none() => {}
            None => return damaged(format!("{} is no section", name(tag))),
        }
    }
    Ok(())
}

fn entry_points(library: &Library<'_>, table: &Dynamic) -> Result<(), Fault> {
    for (tag, section_name) in [(elf::DT_INIT, ".init"), (elf::DT_FINI, ".fini")] {
        let section = library
            .allocated()
            .find(|section| library.name(section) == section_name);
        let sound = match (table.get(tag), section) {
            (Some(value), Some(section)) => section.address == value && section.is_executable(),
            (None, _) => true,
            (Some(value), None) => library
                .allocated()
                .any(|s| s.is_executable() && s.address <= value && value < s.memory_end()),
        };
        if !sound {
            return damaged(format!("{} is not section {section_name}", name(tag)));
        }
    }
    if let Some(value) = table.get(elf::DT_PLTGOT) {
        let mut sections = library.allocated();
        if !sections.any(|section| section.is_writable() && section.address == value) {
            return damaged("DT_PLTGOT is no writable section");
        }
    }
    Ok(())
}
