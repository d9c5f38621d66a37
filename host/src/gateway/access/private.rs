//! Files in the state directory that are their owner's alone.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Gives a file of root's to whom the state directory belongs: root may make tokens for a host that
/// is not root's. Others make files for themselves.
#[cfg(unix)]
pub(super) fn own(file: &File, state: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let owner = fs::metadata(state)?.uid();
    match file.metadata()?.uid() {
        0 if owner != 0 && rustix::process::geteuid().is_root() => fchown(file, Some(owner), None),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn own(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The state directory, as a host would make it.
pub(super) fn create(state: &Path) -> io::Result<()> {
    if state.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(state)
}

/// Makes what is created its owner's alone.
pub(super) fn private(options: &mut fs::OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// The permissions, where others can write it.
#[cfg(unix)]
pub(super) fn exposed(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    Ok((mode & 0o022 != 0).then_some(mode))
}

#[cfg(not(unix))]
pub(super) fn exposed(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}
