//! Files and directories, read.

use crate::{
    error::Fault,
    roots::{Found, Roots, size},
    system,
};
use rustix::fs::{AtFlags, Dir, FileType, statat};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::{ffi::OsStrExt, fs::FileExt},
    path::{Path, PathBuf},
};

/// A file that is open for reading.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    /// In bytes, when it was looked at.
    pub(crate) size: u64,
    /// Changes when the file does, as far as its size, its time of change and its inode tell.
    pub(crate) etag: String,
}

/// Opens a file; what is no regular one is not touched.
pub(crate) fn open(roots: &Roots, path: &Path) -> Result<Open, Fault> {
    let found = roots.look(path)?;
    if !found.is(FileType::RegularFile) {
        return Err(Fault::NotRegular(found.path));
    }
    let fd = system::reopen(&found.fd).map_err(|errno| Fault::system(path, errno))?;
    Ok(Open {
        file: fd.into(),
        size: found.size(),
        etag: etag(&found),
        path: found.path,
    })
}

fn etag(found: &Found) -> String {
    let stat = &found.stat;
    format!(
        "\"{:x}-{:x}-{:x}.{:x}\"",
        stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec
    )
}

impl Open {
    /// All of it.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`], also where it has grown since.
    pub(crate) fn whole(self, limit: u64) -> Result<(PathBuf, Vec<u8>), Fault> {
        let Self {
            file, path, size, ..
        } = self;
        let too_large = |path, size| Fault::TooLarge { path, size, limit };
        if size > limit {
            return Err(too_large(path, size));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
        let read = read.map_err(|error| Fault::system(&path, error))? as u64;
        if read > limit {
            return Err(too_large(path, read));
        }
        Ok((path, bytes))
    }

    /// The next part from `at` on, until `end`, no longer than `most`.
    ///
    /// # Errors
    ///
    /// Also when the file ends before `end`: it has become shorter, and who reads was promised more.
    pub(crate) fn part(&self, at: u64, end: u64, most: usize) -> io::Result<Vec<u8>> {
        let length = usize::try_from(end.saturating_sub(at)).map_or(most, |left| left.min(most));
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }
}

/// What a directory holds.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Entry {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// In bytes; 0 but for files.
    pub(crate) size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    File,
    Dir,
    /// Neither of these, or a link out of where files may be, or to nothing.
    Unknown,
}

/// What a directory holds, by name.
pub(crate) fn list(
    roots: &Roots,
    path: &Path,
    most: usize,
) -> Result<(PathBuf, Vec<Entry>), Fault> {
    let found = roots.look(path)?;
    if !found.is(FileType::Directory) {
        return Err(Fault::NotADirectory(found.path));
    }
    let wrong = |errno: rustix::io::Errno| Fault::system(path, errno);
    let directory = system::reopen(&found.fd).map_err(wrong)?;
    let mut entries = Vec::new();
    for entry in Dir::read_from(&directory).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        if entries.len() == most {
            return Err(Fault::TooMany {
                path: found.path,
                limit: most,
            });
        }
        entries.push(judge(
            roots,
            &found.path,
            &directory,
            OsStr::from_bytes(name),
        ));
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((found.path, entries))
}

fn judge(roots: &Roots, path: &Path, directory: &impl std::os::fd::AsFd, name: &OsStr) -> Entry {
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok();
    let kind = |stat: &rustix::fs::Stat| FileType::from_raw_mode(stat.st_mode);
    let stat = match stat {
        Some(stat) if kind(&stat) == FileType::Symlink => {
            roots.look(&path.join(name)).ok().map(|found| found.stat)
        }
        stat => stat,
    };
    let (kind, size) = match stat {
        Some(stat) if kind(&stat) == FileType::RegularFile => (Kind::File, size(&stat)),
        Some(stat) if kind(&stat) == FileType::Directory => (Kind::Dir, 0),
        _ => (Kind::Unknown, 0),
    };
    Entry {
        name: name.to_string_lossy().into_owned(),
        kind,
        size,
    }
}

#[cfg(test)]
mod tests;
