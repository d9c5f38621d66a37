use super::{Entry, FileKind, Stat};
use crate::FileKey;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::{DirBuilderExt, FileExt, OpenOptionsExt},
        },
    },
    path::Path,
};

/// An open directory: everything in it is reached through this one descriptor.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

impl Dir {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(fs::open(path, flags, Mode::empty())?))
    }

    pub(crate) fn stat(&self) -> io::Result<Stat> {
        Ok(convert(&fs::fstat(&self.0)?))
    }

    /// The names in it that `keep` wants, in no order.
    pub(crate) fn entries(&self, keep: impl Fn(&[u8]) -> bool) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if keep(name) {
                entries.push(Entry {
                    name: OsStr::from_bytes(name).to_owned(),
                    kind: kind(entry.file_type()),
                    ino: Some(entry.ino()),
                });
            }
        }
        Ok(entries)
    }

    /// Of the name itself, also where it is a link.
    pub(crate) fn stat_at(&self, name: &OsStr) -> io::Result<Stat> {
        #[cfg(test)]
        super::calls::count(super::calls::Call::StatAt);
        let stat = fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(convert(&stat))
    }

    /// Never follows a link and never waits for the other end of a FIFO.
    pub(crate) fn open_at(&self, name: &OsStr) -> io::Result<File> {
        #[cfg(test)]
        super::calls::count(super::calls::Call::OpenAt);
        let flags =
            OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(fs::openat(&self.0, name, flags, Mode::empty())?.into())
    }
}

/// Of an open file, which was found as `_known`.
pub(crate) fn stat_of(file: &File, _known: &FileKey) -> io::Result<Stat> {
    #[cfg(test)]
    super::calls::count(super::calls::Call::StatOf);
    Ok(convert(&fs::fstat(file)?))
}

/// Fills `buffer` from byte `offset` on; fewer bytes only at the end of the file.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        #[cfg(test)]
        super::calls::count(super::calls::Call::ReadAt);
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// User id that this process acts as.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(crate) fn name_bytes(name: &OsStr) -> &[u8] {
    name.as_bytes()
}

pub(crate) fn name_from_bytes(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}

#[expect(
    clippy::useless_conversion,
    reason = "the widths of these fields differ between systems"
)]
fn convert(stat: &fs::Stat) -> Stat {
    let nanoseconds =
        |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    let mode = u32::from(stat.st_mode);
    Stat {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        key: FileKey {
            dev: stat.st_dev,
            ino: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec.cast_signed()),
            ctime_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec.cast_signed()),
        },
        owner: stat.st_uid,
        mode: mode & 0o7777,
    }
}

fn kind(kind: FileType) -> FileKind {
    match kind {
        FileType::RegularFile => FileKind::Regular,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        FileType::CharacterDevice | FileType::BlockDevice => FileKind::Device,
        FileType::Unknown => FileKind::Unknown,
    }
}

/// Makes a directory that only its owner may enter; its parents as the system's habit is.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Has the names in a directory on the disk.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    super::calls::count(super::calls::Call::SyncDir);
    File::open(path)?.sync_all()
}

/// Makes a file that was not there, for its owner alone, open for reading and writing.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Takes away even the owner's right to write.
pub(crate) fn seal(file: &File) -> io::Result<()> {
    Ok(fs::fchmod(file, Mode::RUSR)?)
}
