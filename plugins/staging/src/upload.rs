//! Files that come in parts: `.<name>.<size>.part` beside the target holds what is there. The size is in
//! the name, so that nobody goes on with the part of another file.

use crate::{
    error::Fault,
    roots::{Place, size},
    system,
    visit::shown,
    write,
};
use rustix::{
    fs::{
        AtFlags, FileType, FlockOperation, OFlags, Stat, fchmod, flock, fstat, ftruncate, statat,
    },
    io::Errno,
    process::geteuid,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// An upload that is under way, and nobody else's.
#[derive(Debug)]
pub(crate) struct Upload {
    place: Place,
    part: PathBuf,
    file: Locked,
    at: u64,
    size: u64,
    overwrite: bool,
}

/// A file that is this upload's alone. The lock is given back and not left to the file's end, which a
/// process that has inherited it for a moment puts off.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // It fails where there is none, which is what is wanted.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// How far an upload is.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Progress {
    /// Where the file lies, or will.
    pub(crate) path: String,
    /// How many bytes are there: the offset of the next part.
    pub(crate) offset: u64,
    /// Whether the file is in place.
    pub(crate) complete: bool,
}

/// How many bytes of an unfinished upload of `whole` bytes are there; 0 where there is none.
pub(crate) fn progress(place: &Place, whole: u64) -> Result<Progress, Fault> {
    let part = part(place, whole);
    let there = statat(&place.directory.fd, &part, AtFlags::SYMLINK_NOFOLLOW);
    let offset = match there {
        Ok(stat) => {
            is_ours(place, &part, &stat)?;
            size(&stat)
        }
        Err(Errno::NOENT) => 0,
        Err(errno) => return Err(Fault::system(place.path(), errno)),
    };
    Ok(Progress {
        path: shown(&place.path()),
        offset,
        complete: false,
    })
}

fn part(place: &Place, whole: u64) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(&place.name);
    name.push(format!(".{whole}.part"));
    name.into()
}

/// What somebody else has put there is not written to: they would have what is written, or have it
/// written to another file of the same inode.
fn is_ours(place: &Place, part: &Path, stat: &Stat) -> Result<(), Fault> {
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if is_file && stat.st_uid == geteuid().as_raw() && stat.st_nlink == 1 {
        Ok(())
    } else {
        Err(Fault::NotRegular(place.directory.path.join(part)))
    }
}

impl Upload {
    /// Begins a part at `offset` of a file that will have `size` bytes. At offset 0 it begins anew.
    pub(crate) fn begin(
        place: Place,
        offset: u64,
        size: u64,
        overwrite: bool,
    ) -> Result<Self, Fault> {
        let path = place.path();
        if place.there.is_some() && !overwrite {
            return Err(Fault::Exists(path));
        }
        if offset > size {
            return Err(Fault::Beyond { path, size });
        }
        let part = part(&place, size);
        let wrong = |errno| Fault::system(&path, errno);
        let mut flags = OFlags::WRONLY;
        flags.set(OFlags::CREATE, offset == 0);
        let mode = write::mode(&place);
        let opened = system::open_in(&place.directory.fd, &part, flags, mode);
        let file = match opened {
            // A link, a directory, a pipe without reader.
            Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
                return Err(Fault::NotRegular(place.directory.path.join(part)));
            }
            Err(Errno::NOENT) if offset > 0 => {
                let have = 0;
                return Err(Fault::Offset { path, have, offset });
            }
            opened => opened.map_err(wrong)?,
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Err(Fault::Busy(path)),
            locked => locked.map_err(wrong)?,
        }
        let file = Locked(file.into());
        let stat = fstat(&file.0).map_err(wrong)?;
        // Whoever had it locked may have put it in place meanwhile.
        let named = statat(&place.directory.fd, &part, AtFlags::SYMLINK_NOFOLLOW);
        if !named.is_ok_and(|named| (named.st_dev, named.st_ino) == (stat.st_dev, stat.st_ino)) {
            return Err(Fault::Busy(path));
        }
        is_ours(&place, &part, &stat)?;
        if place.there.is_some() {
            // The part may be older than the file that it replaces.
            fchmod(&file.0, mode).map_err(wrong)?;
        }
        let have = crate::roots::size(&stat);
        if offset == 0 {
            ftruncate(&file.0, 0).map_err(wrong)?;
        } else if have != offset {
            return Err(Fault::Offset { path, have, offset });
        }
        Ok(Self {
            place,
            part,
            file,
            at: offset,
            size,
            overwrite,
        })
    }

    /// Adds bytes. What does not fit is not written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let end = self.at.saturating_add(bytes.len() as u64);
        if end > self.size {
            return Err(Fault::Beyond {
                path: self.place.path(),
                size: self.size,
            });
        }
        let written = self.file.0.write_all_at(bytes, self.at);
        written.map_err(|error| Fault::system(self.place.path(), error))?;
        self.at = end;
        Ok(())
    }

    /// Ends the part: the file is put in place when all of it is there.
    pub(crate) fn finish(self) -> Result<Progress, Fault> {
        let complete = self.at == self.size;
        let path = if complete {
            write::finish(&self.place, &self.file.0, &self.part, self.overwrite)?
        } else {
            let path = self.place.path();
            let wrong = |error| Fault::system(&path, error);
            self.file.0.sync_data().map_err(wrong)?;
            write::sync_names(&self.place).map_err(|errno| wrong(errno.into()))?;
            path
        };
        Ok(Progress {
            path: shown(&path),
            offset: self.at,
            complete,
        })
    }
}

#[cfg(test)]
mod tests;
