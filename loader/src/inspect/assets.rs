//! What lies in a library beside its manifest: read when it is asked for, never kept.

use super::{
    Bytes, Fault, damaged,
    elf::Header,
    foreign::{self, Format},
    full,
};
use crate::ContentHash;
use jackfield_manifest::{note, ui::Module};
use sha2::{Digest, Sha256};

/// The module that the manifest tells of.
pub(super) fn module(bytes: &Bytes<'_>, module: &Module) -> Result<String, Fault> {
    let wanted = u64::from(module.length);
    let Some((name, offset, size)) = section(bytes)? else {
        return damaged(format!(
            "no section for assets, expected one that begins with the {wanted} bytes of ui_module"
        ));
    };
    let end = offset.saturating_add(wanted);
    if size < wanted || end > bytes.size {
        return damaged(format!(
            "section {name} has {size} bytes, expected the {wanted} of ui_module, within the {} of \
             the file",
            bytes.size
        ));
    }
    let len = usize::try_from(module.length).unwrap_or(usize::MAX);
    let text = bytes.read(offset, len)?;
    let found = ContentHash(Sha256::digest(&text).into());
    let told = ContentHash(module.sha256);
    if found != told {
        return damaged(format!(
            "ui_module in section {name} has SHA-256 {found}, the manifest says {told}"
        ));
    }
    String::from_utf8(text).or_else(|error| {
        let at = error.utf8_error().valid_up_to();
        damaged(format!("ui_module is not UTF-8 at byte {at}"))
    })
}

/// The section for assets: its name, where it begins in the file, and how many bytes it has.
fn section(bytes: &Bytes<'_>) -> Result<Option<(&'static str, u64, u64)>, Fault> {
    let (name, found) = match Format::of(bytes.page) {
        None => {
            let header = Header::read(bytes.page, bytes.size)?;
            let found = full::section(bytes, &header, note::ELF_ASSETS)?;
            (note::ELF_ASSETS, found)
        }
        Some(format) => {
            let name = match format {
                Format::Pe => note::PE_ASSETS,
                Format::MachO | Format::Universal => note::MACHO_ASSETS,
            };
            (name, foreign::section_of(format, bytes, name)?)
        }
    };
    Ok(found.map(|(offset, size)| (name, offset, size)))
}
