//! Files, put in place at once: under another name first, synced, then renamed.

use crate::{error::Fault, roots::Place, system};
use rustix::{
    fs::{AtFlags, Mode, OFlags, fchmod, fsync, renameat, unlinkat},
    io::Errno,
};
use std::{
    fs::File,
    io::Write,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// A file that is not in place yet. It is removed unless it comes there.
struct Unfinished<'a> {
    directory: &'a OwnedFd,
    name: PathBuf,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // Gone where it was renamed.
        let _ = unlinkat(self.directory, &self.name, AtFlags::empty());
    }
}

/// Writes a file and says where it lies. When it returns, the file is on the disk.
pub(crate) fn put(place: &Place, content: &[u8], overwrite: bool) -> Result<PathBuf, Fault> {
    if place.there.is_some() && !overwrite {
        return Err(Fault::Exists(place.path()));
    }
    let wrong = |error: std::io::Error| Fault::system(place.path(), error);
    let (mut file, unfinished) = create(place).map_err(|errno| wrong(errno.into()))?;
    file.write_all(content).map_err(wrong)?;
    finish(place, &file, &unfinished.name, overwrite)
}

fn create(place: &Place) -> rustix::io::Result<(File, Unfinished<'_>)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Relaxed);
        let name: PathBuf = format!(".staging-{}-{number}", std::process::id()).into();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        match system::open_in(&place.directory.fd, &name, flags, mode(place)) {
            Err(Errno::EXIST) => {}
            opened => {
                let directory = &place.directory.fd;
                return Ok((opened?.into(), Unfinished { directory, name }));
            }
        }
    }
}

/// The rights of a file while it is written. What replaces another is nobody else's until it has the
/// rights of that.
pub(crate) fn mode(place: &Place) -> Mode {
    Mode::from(if place.there.is_some() { 0o600 } else { 0o666 })
}

/// Has the names in a file's directory on the disk. The directory has to be open for that.
pub(crate) fn sync_names(place: &Place) -> rustix::io::Result<()> {
    fsync(system::reopen(&place.directory.fd)?)
}

/// Puts a file that is written to its name.
pub(crate) fn finish(
    place: &Place,
    file: &File,
    name: &Path,
    overwrite: bool,
) -> Result<PathBuf, Fault> {
    let path = place.path();
    let wrong = |errno: Errno| Fault::system(&path, errno);
    if let Some(there) = &place.there {
        // Who may read and run it stays as it was.
        fchmod(file, Mode::from_raw_mode(there.stat.st_mode & 0o777)).map_err(wrong)?;
    }
    fsync(file).map_err(wrong)?;
    let directory = place.directory.fd.as_fd();
    let renamed = if overwrite {
        renameat(directory, name, directory, &place.name)
    } else {
        system::rename_new(directory, name, &place.name)
    };
    match renamed {
        Err(Errno::EXIST) => return Err(Fault::Exists(path)),
        Err(Errno::ISDIR) => return Err(Fault::NotRegular(path)),
        renamed => renamed.map_err(wrong)?,
    }
    sync_names(place).map_err(wrong)?;
    Ok(path)
}

#[cfg(test)]
mod tests;
