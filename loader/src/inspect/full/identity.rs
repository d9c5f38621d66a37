use super::{Header, damaged};
use crate::inspect::{Fault, elf::HEADER};
use object::elf;

/// What the first header says of itself.
pub(super) fn check(header: &Header) -> Result<(), Fault> {
    if header.versions != (1, 1) {
        let (byte, word) = header.versions;
        return damaged(format!("ELF version {byte} and {word}, expected 1 and 1"));
    }
    if ![elf::ELFOSABI_NONE, elf::ELFOSABI_GNU].contains(&elf::OsAbi(header.os_abi)) {
        return damaged(format!("system ABI {}, expected 0 or 3", header.os_abi));
    }
    if header.abi_version != 0 || header.padding {
        return damaged("the ELF header's reserved bytes are not 0");
    }
    let size = if header.wide { HEADER } else { 52 };
    if usize::from(header.size) != size {
        return damaged(format!(
            "an ELF header of {} bytes, expected {size}",
            header.size
        ));
    }
    // Only machines with several variants use these.
    if header.flags != 0 && header.machine == elf::EM_X86_64 {
        return damaged(format!("machine flags {:#x}, expected 0", header.flags));
    }
    if header.segments.offset < size as u64 {
        return damaged("the program headers overlap the ELF header");
    }
    Ok(())
}
