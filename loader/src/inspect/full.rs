//! Everything that the system's loader will rely on, checked before it sees the file.
//!
//! `dlopen` believes headers: a wrong bit in one of them ends the host. An ELF library describes
//! itself twice, though: program headers and the dynamic table for the loader, section headers for
//! tools. Whatever the loader reads is compared here with what the sections say, so a damaged
//! value contradicts its twin. (System V ABI, chapters 4 and 5; the GNU tags as glibc's `elf.h`
//! has them.)

mod dynamic;
mod identity;
mod relocations;
mod sections;
mod segments;
mod special;
mod versions;

use super::{
    Bytes, Fault, damaged,
    elf::{Header, Section, Segment},
};

/// What no check needs more of at once, in bytes.
const TABLE: u64 = 4 << 20;

/// A whole library: its headers, and the file for what they point to.
struct Library<'a> {
    bytes: &'a Bytes<'a>,
    header: &'a Header,
    segments: &'a [Segment],
    sections: Vec<Section>,
    /// The section names' table.
    names: Vec<u8>,
}

/// Checks a library whose headers lie within the file.
pub(super) fn check(bytes: &Bytes<'_>, header: &Header, segments: &[Segment]) -> Result<(), Fault> {
    identity::check(header)?;
    segments::check(header, segments)?;
    let (sections, names) = sections::read(bytes, header)?;
    let library = Library {
        bytes,
        header,
        segments,
        sections,
        names,
    };
    sections::check(&library)?;
    special::check(&library)?;
    let table = dynamic::check(&library)?;
    relocations::check(&library, &table)?;
    versions::check(&library, &table)
}

/// Where the section of that name begins in the file, and how many bytes it has there.
pub(super) fn section(
    bytes: &Bytes<'_>,
    header: &Header,
    name: &str,
) -> Result<Option<(u64, u64)>, Fault> {
    let (sections, names) = sections::read(bytes, header)?;
    let begins = |section: &&Section| {
        let rest = usize::try_from(section.name).ok();
        let rest = rest.and_then(|at| names.get(at..)).unwrap_or_default();
        let rest = rest.strip_prefix(name.as_bytes());
        section.in_file() && rest.is_some_and(|rest| rest.first() == Some(&0))
    };
    let found = sections.iter().find(begins);
    Ok(found.map(|section| (section.offset, section.size)))
}

impl Library<'_> {
    /// A section's name.
    fn name(&self, section: &Section) -> String {
        let rest = usize::try_from(section.name)
            .ok()
            .and_then(|at| self.names.get(at..))
            .unwrap_or_default();
        let name = rest.split(|&byte| byte == 0).next().unwrap_or_default();
        let name = &name[..name.len().min(64)];
        if name.is_empty() {
            return "without a name".to_owned();
        }
        name.escape_ascii().to_string()
    }

    /// The sections that take part in the process image.
    fn allocated(&self) -> impl Iterator<Item = &Section> + Clone {
        self.sections
            .iter()
            .filter(|section| section.is_allocated())
    }

    /// A section's bytes; their number is bounded.
    fn content(&self, section: &Section) -> Result<Vec<u8>, Fault> {
        if section.size > TABLE {
            return damaged(format!(
                "section {} has {} bytes, at most {TABLE} are expected",
                self.name(section),
                section.size
            ));
        }
        let len = usize::try_from(section.size).unwrap_or(usize::MAX);
        self.bytes.read(section.offset, len)
    }
}

impl Section {
    fn is_allocated(&self) -> bool {
        self.flags & object::elf::SHF_ALLOC.0 != 0
    }

    fn is_writable(&self) -> bool {
        self.flags & object::elf::SHF_WRITE.0 != 0
    }

    fn is_executable(&self) -> bool {
        self.flags & object::elf::SHF_EXECINSTR.0 != 0
    }

    fn is_thread_local(&self) -> bool {
        self.flags & object::elf::SHF_TLS.0 != 0
    }
}

impl Segment {
    fn is_writable(&self) -> bool {
        self.flags & object::elf::PF_W.0 != 0
    }

    fn is_executable(&self) -> bool {
        self.flags & object::elf::PF_X.0 != 0
    }

    /// Whether an address range lies in it.
    fn holds(&self, begin: u64, end: u64) -> bool {
        self.address <= begin && begin <= end && end <= self.memory_end()
    }
}
