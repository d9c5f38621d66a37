use super::{Library, Section, damaged, dynamic::Dynamic};
use crate::inspect::{Fault, elf::Words};
use object::elf;

/// Versions of symbols: the loader ends the process when a version is wanted of a library that is
/// not needed.
pub(super) fn check(library: &Library<'_>, table: &Dynamic) -> Result<(), Fault> {
    let mut sections = [None; 3];
    for (slot, (kind, tag, count)) in sections.iter_mut().zip([
        (elf::SHT_GNU_VERSYM, elf::DT_VERSYM, None),
        (
            elf::SHT_GNU_VERNEED,
            elf::DT_VERNEED,
            Some(elf::DT_VERNEEDNUM),
        ),
        (elf::SHT_GNU_VERDEF, elf::DT_VERDEF, Some(elf::DT_VERDEFNUM)),
    ]) {
        let section = library.allocated().find(|section| section.kind == kind);
        let expected = section.map(|section| section.address);
        let number = section.map(|section| u64::from(section.info));
        if table.get(tag) != expected || count.is_some_and(|tag| table.get(tag) != number) {
            return damaged("the dynamic table and the sections differ on symbol versions");
        }
        *slot = section;
    }
    let [symbols, needed, defined] = sections;
    if symbols.is_some_and(|section| section.size != table.symbols * 2)
        || symbols.is_none() != (needed.is_none() && defined.is_none())
    {
        return damaged("the symbols and their versions differ in number");
    }
    if let Some(section) = needed {
        walk(library, section, |words, at| of_needed(table, words, at))?;
    }
    if let Some(section) = defined {
        walk(library, section, |words, at| of_defined(table, words, at))?;
    }
    Ok(())
}

/// What one link of a chain says: where the next one is, relative to it.
type Step = fn(&Dynamic, Words<'_>, usize) -> Option<usize>;

/// Follows a chain of as many links as its section says.
fn walk(
    library: &Library<'_>,
    section: &Section,
    step: impl Fn(Words<'_>, usize) -> Option<usize>,
) -> Result<(), Fault> {
    let bytes = library.content(section)?;
    let words = library.header.words(&bytes);
    let mut at = 0;
    for left in (0..section.info).rev() {
        match step(words, at) {
            Some(0) if left == 0 => return Ok(()),
            Some(next) if next > 0 && left > 0 => at += next,
            _ => break,
        }
    }
    damaged(format!("section {} is no chain", library.name(section)))
}

/// `Verneed`: version, count, file, first `Vernaux`, next.
fn of_needed(table: &Dynamic, words: Words<'_>, at: usize) -> Option<usize> {
    let file = words.within(at, 16)?.u32(at + 4);
    let file = string(table, file.into())?;
    let is_needed = table
        .needed
        .iter()
        .any(|&name| string(table, name) == Some(file));
    // `Vernaux`: hash, flags, index, name, next.
    let aux: Step = |table, words, at| {
        string(table, words.within(at, 16)?.u32(at + 8).into())?;
        usize::try_from(words.u32(at + 12)).ok()
    };
    let first = at + usize::try_from(words.u32(at + 8)).ok()?;
    let sound = words.u16(at) == 1 && is_needed;
    (sound && aux_chain(table, words, first, words.u16(at + 2), aux))
        .then(|| usize::try_from(words.u32(at + 12)).ok())
        .flatten()
}

/// `Verdef`: version, flags, index, count, hash, first `Verdaux`, next.
fn of_defined(table: &Dynamic, words: Words<'_>, at: usize) -> Option<usize> {
    words.within(at, 20)?;
    // `Verdaux`: name, next.
    let aux: Step = |table, words, at| {
        string(table, words.within(at, 8)?.u32(at).into())?;
        usize::try_from(words.u32(at + 4)).ok()
    };
    let first = at + usize::try_from(words.u32(at + 12)).ok()?;
    let sound = words.u16(at) == 1;
    (sound && aux_chain(table, words, first, words.u16(at + 6), aux))
        .then(|| usize::try_from(words.u32(at + 16)).ok())
        .flatten()
}

fn aux_chain(table: &Dynamic, words: Words<'_>, mut at: usize, count: u16, step: Step) -> bool {
    for left in (0..count).rev() {
        match step(table, words, at) {
            Some(0) if left == 0 => return true,
            Some(next) if next > 0 && left > 0 => at += next,
            _ => return false,
        }
    }
    false
}

fn string(table: &Dynamic, at: u64) -> Option<&[u8]> {
    let rest = table.strings.get(usize::try_from(at).ok()?..)?;
    rest.split(|&byte| byte == 0).next()
}

impl Words<'_> {
    /// Itself, where `len` bytes from `at` on are inside.
    fn within(self, at: usize, len: usize) -> Option<Self> {
        (at.checked_add(len)? <= self.bytes.len()).then_some(self)
    }
}
