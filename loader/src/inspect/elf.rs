//! ELF headers as plain values, of either word size and byte order (System V ABI, chapters 4, 5).

use super::{Fault, What};
use jackfield_manifest::note::Order;
use object::elf;

/// Bytes of an ELF header, 64-bit.
pub(super) const HEADER: usize = 64;

/// A file's first header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) wide: bool,
    pub(super) order: Order,
    pub(super) os_abi: u8,
    pub(super) abi_version: u8,
    pub(super) padding: bool,
    pub(super) kind: elf::FileType,
    pub(super) machine: elf::Machine,
    pub(super) versions: (u8, u32),
    pub(super) segments: Table,
    pub(super) sections: Table,
    pub(super) flags: u32,
    pub(super) size: u16,
    pub(super) names: u16,
}

/// Where a table of headers lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) offset: u64,
    pub(super) entry: u16,
    pub(super) count: u16,
}

impl Table {
    /// Bytes in it.
    pub(super) fn len(self) -> usize {
        usize::from(self.entry) * usize::from(self.count)
    }

    /// Where it ends, where it ends within a file of `size` bytes.
    pub(super) fn check(self, what: What, size: u64) -> Result<u64, Fault> {
        let end = self.offset.saturating_add(self.len() as u64);
        if end > size {
            return Err(Fault::Cut { what, end, size });
        }
        Ok(end)
    }
}

/// A program header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) kind: elf::ProgramType,
    pub(super) flags: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) file_size: u64,
    pub(super) memory_size: u64,
    pub(super) align: u64,
}

/// A section header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    pub(super) name: u32,
    pub(super) kind: elf::SectionType,
    pub(super) flags: u64,
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) link: u32,
    pub(super) info: u32,
    pub(super) align: u64,
}

/// Reads numbers; what lies outside reads as 0, so whoever calls checks lengths first.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) wide: bool,
    pub(super) order: Order,
}

impl Words<'_> {
    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let mut array = self
            .bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<N>())
            .copied()
            .unwrap_or([0; N]);
        if self.order == Order::Big {
            array.reverse();
        }
        array
    }

    pub(super) fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub(super) fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub(super) fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    /// A number as wide as an address: at `wide` in 64-bit files, at `narrow` in 32-bit ones.
    fn word(self, wide: usize, narrow: usize) -> u64 {
        if self.wide {
            self.u64(wide)
        } else {
            u64::from(self.u32(narrow))
        }
    }

    fn half(self, wide: usize, narrow: usize) -> u32 {
        self.u32(if self.wide { wide } else { narrow })
    }
}

impl Header {
    /// From a file's first bytes; `size` is the whole file's.
    pub(super) fn read(page: &[u8], size: u64) -> Result<Self, Fault> {
        let header = if page.get(4) == Some(&1) { 52 } else { HEADER };
        if page.len() < header {
            let header = header as u64;
            return Err(Fault::HeaderCut { size, header });
        }
        let wide = match page[4] {
            1 => false,
            2 => true,
            class => {
                return Err(Fault::Damaged(format!(
                    "class {class}, expected 2 (64-bit)"
                )));
            }
        };
        let order = match page[5] {
            1 => Order::Little,
            2 => Order::Big,
            order => {
                return Err(Fault::Damaged(format!(
                    "byte order {order}, expected 1 (little-endian)"
                )));
            }
        };
        let words = Words {
            bytes: page,
            wide,
            order,
        };
        let counts = if wide { 52 } else { 40 };
        let table = |offset, at| Table {
            offset,
            entry: words.u16(at),
            count: words.u16(at + 2),
        };
        Ok(Self {
            wide,
            order,
            os_abi: page[7],
            abi_version: page[8],
            padding: page[9..16].iter().any(|&byte| byte != 0),
            kind: elf::FileType(words.u16(16)),
            machine: elf::Machine(words.u16(18)),
            versions: (page[6], words.u32(20)),
            segments: table(words.word(32, 28), counts + 2),
            sections: table(words.word(40, 32), counts + 6),
            flags: words.half(48, 36),
            size: words.u16(counts),
            names: words.u16(counts + 10),
        })
    }

    /// Size of a program header, in bytes.
    pub(super) fn segment_size(&self) -> u16 {
        if self.wide { 56 } else { 32 }
    }

    /// Size of a section header, in bytes.
    pub(super) fn section_size(&self) -> u16 {
        if self.wide { 64 } else { 40 }
    }

    pub(super) fn words<'a>(&self, bytes: &'a [u8]) -> Words<'a> {
        Words {
            bytes,
            wide: self.wide,
            order: self.order,
        }
    }

    /// The program headers in their table's bytes.
    pub(super) fn segments<'a>(&self, table: &'a [u8]) -> impl Iterator<Item = Segment> + use<'a> {
        let header = *self;
        let entry = usize::from(self.segment_size());
        table
            .chunks_exact(entry)
            .map(move |bytes| Segment::read(header.words(bytes)))
    }

    /// The section headers in their table's bytes.
    pub(super) fn sections<'a>(&self, table: &'a [u8]) -> impl Iterator<Item = Section> + use<'a> {
        let header = *self;
        let entry = usize::from(self.section_size());
        table
            .chunks_exact(entry)
            .map(move |bytes| Section::read(header.words(bytes)))
    }
}

impl Segment {
    fn read(words: Words<'_>) -> Self {
        Self {
            kind: elf::ProgramType(words.u32(0)),
            flags: words.half(4, 24),
            offset: words.word(8, 4),
            address: words.word(16, 8),
            file_size: words.word(32, 16),
            memory_size: words.word(40, 20),
            align: words.word(48, 28),
        }
    }

    /// Where it ends in the file; the largest number where that is too large to say.
    pub(super) fn file_end(&self) -> u64 {
        self.offset.saturating_add(self.file_size)
    }

    /// Where it ends in memory, likewise.
    pub(super) fn memory_end(&self) -> u64 {
        self.address.saturating_add(self.memory_size)
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            elf::PT_LOAD => "LOAD",
            elf::PT_DYNAMIC => "DYNAMIC",
            elf::PT_INTERP => "INTERP",
            elf::PT_NOTE => "NOTE",
            elf::PT_PHDR => "PHDR",
            elf::PT_TLS => "TLS",
            elf::PT_GNU_EH_FRAME => "GNU_EH_FRAME",
            elf::PT_GNU_STACK => "GNU_STACK",
            elf::PT_GNU_RELRO => "GNU_RELRO",
            elf::PT_GNU_PROPERTY => "GNU_PROPERTY",
            _ => "unknown type",
        }
    }
}

impl Section {
    fn read(words: Words<'_>) -> Self {
        Self {
            name: words.u32(0),
            kind: elf::SectionType(words.u32(4)),
            flags: words.word(8, 8),
            address: words.word(16, 12),
            offset: words.word(24, 16),
            size: words.word(32, 20),
            link: words.half(40, 24),
            info: words.half(44, 28),
            align: words.word(48, 32),
        }
    }

    /// Whether it takes room in the file.
    pub(super) fn in_file(&self) -> bool {
        self.kind != elf::SHT_NOBITS && self.kind != elf::SHT_NULL
    }

    /// Where it ends in memory; the largest number where that is too large to say.
    pub(super) fn memory_end(&self) -> u64 {
        self.address.saturating_add(self.size)
    }

    /// Where it ends in the file, likewise.
    pub(super) fn file_end(&self) -> u64 {
        self.offset
            .saturating_add(if self.in_file() { self.size } else { 0 })
    }
}
