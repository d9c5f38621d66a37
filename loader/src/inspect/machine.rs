//! Names of machines, as binaries number them and as people know them.

use object::{elf, macho, pe};

/// The machine that this host runs on, by `std`'s name.
pub(super) const HOST: &str = std::env::consts::ARCH;

/// ELF's number of [`HOST`]; 0, which no library has, where it is not known.
pub(super) const HOST_ELF: elf::Machine = if cfg!(target_arch = "x86_64") {
    elf::EM_X86_64
} else if cfg!(target_arch = "x86") {
    elf::EM_386
} else if cfg!(target_arch = "aarch64") {
    elf::EM_AARCH64
} else if cfg!(target_arch = "arm") {
    elf::EM_ARM
} else if cfg!(any(target_arch = "riscv64", target_arch = "riscv32")) {
    elf::EM_RISCV
} else if cfg!(target_arch = "powerpc64") {
    elf::EM_PPC64
} else if cfg!(target_arch = "s390x") {
    elf::EM_S390
} else if cfg!(target_arch = "loongarch64") {
    elf::EM_LOONGARCH
} else {
    elf::EM_NONE
};

/// The name of an ELF machine.
pub(super) fn elf(machine: elf::Machine, wide: bool) -> String {
    let name = match (machine, wide) {
        (elf::EM_X86_64, true) => "x86_64",
        (elf::EM_X86_64, false) => "x86_64 with 32-bit pointers",
        (elf::EM_386, _) => "x86",
        (elf::EM_AARCH64, _) => "aarch64",
        (elf::EM_ARM, _) => "arm",
        (elf::EM_RISCV, true) => "riscv64",
        (elf::EM_RISCV, false) => "riscv32",
        (elf::EM_PPC64, _) => "powerpc64",
        (elf::EM_PPC, _) => "powerpc",
        (elf::EM_S390, _) => "s390x",
        (elf::EM_LOONGARCH, _) => "loongarch64",
        (elf::EM_MIPS, true) => "mips64",
        (elf::EM_MIPS, false) => "mips",
        (elf::EM_SPARCV9, _) => "sparc64",
        _ => return format!("ELF machine {}", machine.0),
    };
    name.to_owned()
}

/// The name of a PE machine.
pub(super) fn pe(machine: pe::Machine) -> String {
    let name = match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x86_64",
        pe::IMAGE_FILE_MACHINE_I386 => "x86",
        pe::IMAGE_FILE_MACHINE_ARM64 => "aarch64",
        _ => return format!("PE machine {machine:#x}"),
    };
    name.to_owned()
}

/// The name of a Mach-O machine.
pub(super) fn macho(machine: macho::CpuType) -> String {
    let name = match machine {
        macho::CPU_TYPE_X86_64 => "x86_64",
        macho::CPU_TYPE_ARM64 => "aarch64",
        macho::CPU_TYPE_X86 => "x86",
        _ => return format!("Mach-O machine {machine:#x}"),
    };
    name.to_owned()
}

/// The host's type of relocation that only adds the library's address, where it is known.
pub(super) const HOST_RELATIVE: Option<u64> = if cfg!(target_arch = "x86_64") {
    Some(8)
} else if cfg!(target_arch = "aarch64") {
    Some(1027)
} else {
    None
};
