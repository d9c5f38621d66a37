//! What differs between systems: how one looks at a file without opening it, and learns where it is.

use rustix::{
    fs::{Mode, OFlags, open, openat},
    io::{Errno, Result},
};
use std::{
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

/// Looks at what a path leads to, links followed. Nothing is opened by it on Linux: a device or a pipe
/// does not notice.
pub(crate) fn look(path: &Path) -> Result<OwnedFd> {
    open(path, LOOK | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH;
// Elsewhere it is opened, but waits for nobody.
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Opens for reading what was looked at: that, whatever its path leads to by now.
#[cfg(target_os = "linux")]
pub(crate) fn reopen(looked: impl AsFd) -> Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", looked.as_fd().as_raw_fd());
    open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn reopen(looked: impl AsFd) -> Result<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(looked, 0)
}

/// Where what was looked at lies now, without links.
#[cfg(target_os = "linux")]
pub(crate) fn place(looked: impl AsFd) -> Result<PathBuf> {
    use std::{
        ffi::OsString,
        os::{fd::AsRawFd, unix::ffi::OsStringExt},
    };
    let path = format!("/proc/self/fd/{}", looked.as_fd().as_raw_fd());
    let place = rustix::fs::readlink(path, Vec::new())?;
    Ok(OsString::from_vec(place.into_bytes()).into())
}

#[cfg(target_vendor = "apple")]
pub(crate) fn place(looked: impl AsFd) -> Result<PathBuf> {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};
    let place = rustix::fs::getpath(looked)?;
    Ok(OsString::from_vec(place.into_bytes()).into())
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(crate) fn place(_looked: impl AsFd) -> Result<PathBuf> {
    Err(Errno::NOSYS)
}

/// Gives a file another name, where nothing has that name.
pub(crate) fn rename_new(dir: impl AsFd, from: &Path, to: &Path) -> Result<()> {
    let dir = dir.as_fd();
    match rename_exclusive(dir, from, to) {
        // Not all file systems can: NFS cannot. A second name is made instead, and the first removed.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            use rustix::fs::{AtFlags, linkat, unlinkat};
            linkat(dir, from, dir, to, AtFlags::empty())?;
            unlinkat(dir, from, AtFlags::empty())
        }
        done => done,
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_exclusive(dir: impl AsFd, from: &Path, to: &Path) -> Result<()> {
    use rustix::fs::{RenameFlags, renameat_with};
    renameat_with(&dir, from, &dir, to, RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_exclusive(_dir: impl AsFd, _from: &Path, _to: &Path) -> Result<()> {
    Err(Errno::NOSYS)
}

/// Opens a file in a directory, and no link in its place.
pub(crate) fn open_in(dir: impl AsFd, name: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    let own = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(dir, name, flags | own, mode)
}
